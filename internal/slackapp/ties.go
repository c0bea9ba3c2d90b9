package slackapp

import (
	"context"
	"log/slog"
	"sync"

	"github.com/slack-go/slack/socketmode"
)

// ties is what people are told of the connections to Slack: that there is one, and why there is none, each once for all of them.
type ties struct {
	log   *slog.Logger
	mu    sync.Mutex
	up    int
	wrong string // what was said last of what is wrong, since there was a connection
}

// tie is one of them.
type tie struct {
	of *ties
	up bool
}

// saw takes note of what happened to a connection.
func (l *tie) saw(e socketmode.EventType) {
	switch e {
	case socketmode.EventTypeConnected:
		l.turn(true)
	case socketmode.EventTypeConnecting:
		l.turn(false)
	}
}

// turn says that a connection stands, or does not.
func (l *tie) turn(up bool) {
	if l.up == up {
		return
	}
	l.up = up
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	if !up {
		l.of.up--
		return
	}
	l.of.up, l.of.wrong = l.of.up+1, ""
	if l.of.up == 1 {
		l.of.log.Info("connected to Slack")
		return
	}
	l.of.log.Debug("one more connection to Slack stands")
}

// standing is how many of them stand.
func (l *ties) standing() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up
}

// trouble says what is wrong with a connection, unless that was said last.
func (l *ties) trouble(ctx context.Context, level slog.Level, message, why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if why == l.wrong {
		level = slog.LevelDebug
	}
	l.wrong = why
	l.log.Log(ctx, level, message, "error", why, "try", "paramedic doctor")
}
