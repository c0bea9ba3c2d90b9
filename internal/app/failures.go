package app

import (
	"log/slog"
	"maps"
	"sync"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Failures logs what panicked inside looks, with its stack, and counts it. Make it with [NewFailures]. It is safe for concurrent use.
type Failures struct {
	logger *slog.Logger
	mu     sync.Mutex
	counts map[string]int
}

// NewFailures logs to the logger, or nowhere if it is nil.
func NewFailures(logger *slog.Logger) *Failures {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Failures{logger: logger, counts: map[string]int{}}
}

// Take logs and counts a failure.
func (x *Failures) Take(f incident.Failure) {
	x.logger.Error("a part of a look failed; the rest goes on", "part", f.What, "panic", f.Panic, "stack", f.Stack)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.counts[failedPart(f)]++
}

// Counts says how often each part has failed since the start: "check services", "rule volume-held", or the resource whose reading failed.
// There are as many parts as checks, rules and resources, and no more.
func (x *Failures) Counts() map[string]int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return maps.Clone(x.counts)
}

func failedPart(f incident.Failure) string {
	switch {
	case f.Where.Kind == "Check" || f.Where.Kind == "Rule":
		return f.What
	case len(f.Resources) > 0:
		return string(f.Resources[0])
	}
	return "other"
}
