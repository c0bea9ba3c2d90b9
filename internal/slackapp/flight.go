package slackapp

import (
	"encoding/json"
	"sync"
)

// acknowledge sends an envelope's acknowledgement with what answers it; nil is the bare acknowledgement.
type acknowledge func(payload json.RawMessage) error

// flight is a delivery of Slack's from its arrival to its answer. The same delivery may come again, in another envelope on another
// connection, before it is answered or after; then the answer is given to that envelope as well, for the one before did not get it.
// It is safe for concurrent use.
type flight struct {
	mu      sync.Mutex
	waiting []acknowledge // the envelopes that are not acknowledged yet
	acked   bool
	payload json.RawMessage // what they were acknowledged with
	kept    int             // bytes of payload that flights counts, once it has ended; -1 before
}

// mostTwins bounds the envelopes of one delivery: what came first was sent on connections that are gone.
const mostTwins = 8

// join adds an envelope: it is acknowledged with the others, or at once if they were already.
func (f *flight) join(ack acknowledge) error {
	f.mu.Lock()
	if !f.acked {
		if len(f.waiting) == mostTwins {
			f.waiting = f.waiting[1:]
		}
		f.waiting = append(f.waiting, ack)
		f.mu.Unlock()
		return nil
	}
	payload := f.payload
	f.mu.Unlock()
	return ack(payload)
}

// acknowledge answers every envelope that waits, and says whether the payload went out with one: not if they were acknowledged before,
// or none could be sent. Then the answer has to go another way.
func (f *flight) acknowledge(payload json.RawMessage) bool {
	f.mu.Lock()
	if f.acked {
		f.mu.Unlock()
		return false
	}
	f.acked, f.payload = true, payload
	waiting := f.waiting
	f.waiting = nil
	f.mu.Unlock()
	sent := false
	for _, ack := range waiting {
		sent = ack(payload) == nil || sent
	}
	if !sent {
		f.mu.Lock()
		f.payload = nil
		f.mu.Unlock()
	}
	return sent
}

// What is remembered of the deliveries that were answered: several minutes of the busiest channel, which is longer than a connection
// takes to come back.
const (
	mostEnded    = 10000
	mostRemember = 16 << 20 // bytes of their answers
)

// flights are the deliveries under way in this process, and the newest that have ended. It is safe for concurrent use.
type flights struct {
	mu    sync.Mutex
	byID  map[string]*flight
	ended []string // the oldest first
	bytes int
}

// begin is the flight of a delivery, and whether it is a new one, to be worked on; ended must be called then, or forget.
func (f *flights) begin(id string, ack acknowledge) (_ *flight, isNew bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known := f.byID[id]; known != nil {
		return known, false
	}
	fresh := &flight{waiting: []acknowledge{ack}, kept: -1}
	f.byID[id] = fresh
	return fresh, true
}

// end keeps a flight to answer those that come after it, for as long as there is room.
func (f *flights) end(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.byID[id]
	if known == nil || known.kept >= 0 {
		return
	}
	known.kept = known.size()
	f.ended = append(f.ended, id)
	f.bytes += known.kept
	for len(f.ended) > mostEnded || f.bytes > mostRemember {
		f.bytes -= f.byID[f.ended[0]].kept
		delete(f.byID, f.ended[0])
		f.ended = f.ended[1:]
	}
}

func (f *flight) size() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.payload)
}

// forget makes the next delivery with the id of a flight that has not ended a new one.
func (f *flights) forget(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byID, id)
}
