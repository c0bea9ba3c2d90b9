package slackapp

import (
	"context"
	"log/slog"
	"time"
)

// Seen remembers ids across restarts.
type Seen interface {
	// Seen says whether an id is remembered in scope.
	Seen(ctx context.Context, scope, id string) (bool, error)
	// FirstSeen reports whether id is new in scope, and remembers it for keep.
	FirstSeen(ctx context.Context, scope, id string, keep time.Duration) (bool, error)
}

const (
	scopeDone = "slack/done"
	// keepSeen is longer than Slack's last retry, which comes after some six minutes.
	keepSeen = 24 * time.Hour
)

// once remembers beyond this process which deliveries need nothing more: those whose answer Slack took by a call of its own, and those
// that had nothing to be said. An answer that went out with an acknowledgement is not among them: if such a delivery comes again, Slack
// did not get the acknowledgement, and whoever asked has seen nothing. What was begun and not answered, by a process that was killed,
// is done again: a decision made twice is refused by whoever keeps the incidents, and that refusal is an answer.
type once struct {
	seen Seen
	log  *slog.Logger
}

// done says whether a delivery needs nothing more. Where that can't be known it does: better twice than never.
func (o *once) done(ctx context.Context, id string) bool {
	done, err := o.seen.Seen(ctx, scopeDone, id)
	if err != nil {
		o.log.Warn("it can't be known whether an event came before; it is taken to be new", "error", err)
	}
	return done && err == nil
}

// remember records that a delivery needs nothing more.
func (o *once) remember(ctx context.Context, id string) {
	if _, err := o.seen.FirstSeen(ctx, scopeDone, id, keepSeen); err != nil {
		o.log.Warn("it can't be remembered that an event was handled", "error", err)
	}
}
