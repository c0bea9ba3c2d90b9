package slackapp

import (
	"context"
	"time"
)

// What may be worked on, and what may wait, at a time. A question may take minutes of a model's time; a decision is a few calls to the
// cluster. Ten times what a channel of hundreds asks in the first minute of an outage waits in a few megabytes.
const (
	mostQuestions    = 32
	waitingQuestions = 1000
	mostDecisions    = 16
	waitingDecisions = 500
	mostTurnedAway   = 8
	waitingAway      = 1000
	// waitWithin is how long something waits for its turn before it is answered that it was not taken.
	waitWithin = time.Minute
)

// lane bounds what is worked on at a time, and what waits for it. Decisions have a lane of their own, so that no question keeps an
// approval waiting. It is safe for concurrent use.
type lane struct {
	places chan struct{} // of what was taken, until it is answered
	slots  chan struct{} // of what is worked on
}

func newLane(most, waiting int) *lane {
	return &lane{places: make(chan struct{}, most+waiting), slots: make(chan struct{}, most)}
}

// enter takes a place, if there is one. It does not block.
func (l *lane) enter() bool {
	select {
	case l.places <- struct{}{}:
		return true
	default:
		return false
	}
}

func (l *lane) leave() { <-l.places }

// begin waits for a turn, in the order in which it was asked for, and says whether it came; end must be called then.
func (l *lane) begin(ctx context.Context) bool {
	timer := time.NewTimer(waitWithin)
	defer timer.Stop()
	select {
	case l.slots <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (l *lane) end() { <-l.slots }
