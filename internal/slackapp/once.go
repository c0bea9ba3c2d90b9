package slackapp

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Seen remembers ids across restarts.
type Seen interface {
	// FirstSeen reports whether id is new in scope, and remembers it for keep.
	FirstSeen(ctx context.Context, scope, id string, keep time.Duration) (bool, error)
}

// keepSeen is longer than Slack's last retry, which comes after some six minutes.
const keepSeen = 24 * time.Hour

const mostAnswers = 500

// once answers each delivery once. Deliveries come again when an acknowledgement was lost, and when the bot was killed before it
// gave one; only in the second case is there still work to do. So what was begun and what was done are remembered apart.
// It is safe for concurrent use.
type once struct {
	seen Seen
	log  *slog.Logger

	mu      sync.Mutex
	working map[string]bool
	answers map[string]any // acknowledgements of this process, to be given again
	order   []string
}

// begin says whether id is to be worked on. done must be called when it was, with the acknowledgement's payload.
func (o *once) begin(ctx context.Context, id string) (fresh bool) {
	o.mu.Lock()
	_, answered := o.answers[id]
	if o.working[id] || answered {
		o.mu.Unlock()
		return false
	}
	o.working[id] = true
	o.mu.Unlock()

	first, err := o.seen.FirstSeen(ctx, "slack/begun", id, keepSeen)
	if err == nil && !first {
		// Begun before, by a process that is gone: only if it was not done either is it done now.
		first, err = o.seen.FirstSeen(ctx, "slack/done", id, keepSeen)
	}
	if err != nil {
		o.log.Warn("it can't be known whether an event came before; it is taken to be new", "error", err)
		return true
	}
	if !first {
		o.finish(id, nil)
	}
	return first
}

// done remembers that id was worked on, and what was answered.
func (o *once) done(ctx context.Context, id string, answer any) {
	o.finish(id, answer)
	if _, err := o.seen.FirstSeen(ctx, "slack/done", id, keepSeen); err != nil {
		o.log.Warn("it can't be remembered that an event was handled", "error", err)
	}
}

func (o *once) finish(id string, answer any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.working, id)
	if _, there := o.answers[id]; !there {
		o.order = append(o.order, id)
	}
	o.answers[id] = answer
	if len(o.order) > mostAnswers {
		delete(o.answers, o.order[0])
		o.order = o.order[1:]
	}
}

// answer is what was answered to id before; nil if nothing, or not yet.
func (o *once) answer(id string) any {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.answers[id]
}
