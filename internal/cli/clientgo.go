package cli

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"k8s.io/klog/v2"
)

// clientGo takes what client-go writes beside the errors that it returns, which go their own way to people: into the log of a serve that is
// to say everything, and else nowhere. It is the process's, as klog is.
type clientGo struct {
	into  *atomic.Pointer[slog.Logger]
	attrs []slog.Attr
}

// listened is the one that klog writes to.
var listened = sync.OnceValue(func() clientGo {
	c := clientGo{into: &atomic.Pointer[slog.Logger]{}}
	klog.SetSlogLogger(slog.New(c))
	return c
})

// Enabled says whether a log wants everything: whatever client-go calls an error, it is news for nobody else.
func (c clientGo) Enabled(ctx context.Context, _ slog.Level) bool {
	l := c.into.Load()
	return l != nil && l.Enabled(ctx, slog.LevelDebug)
}

// Handle writes it into the log.
func (c clientGo) Handle(ctx context.Context, r slog.Record) error {
	l := c.into.Load()
	if l == nil || !l.Enabled(ctx, slog.LevelDebug) { // errors come without being asked for
		return nil
	}
	r.Level, r.Message = slog.LevelDebug, "client-go: "+r.Message
	r.AddAttrs(c.attrs...)
	return l.Handler().Handle(ctx, r)
}

// WithAttrs is the same with attributes.
func (c clientGo) WithAttrs(attrs []slog.Attr) slog.Handler {
	return clientGo{c.into, append(slices.Clone(c.attrs), attrs...)}
}

// WithGroup is the same: what client-go groups is told apart by its words.
func (c clientGo) WithGroup(string) slog.Handler { return c }
