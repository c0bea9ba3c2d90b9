package slackemu

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// ErrNotAcknowledged is returned to whoever acted when the app did not acknowledge in time. The person was told as well.
var ErrNotAcknowledged = errors.New("the app did not respond in time")

// Kinds of envelopes.
const (
	kindCommand     = "slash_commands"
	kindInteractive = "interactive"
	kindEvent       = "events_api"
)

// envelope is something for the app to acknowledge.
type envelope struct {
	id      string
	kind    string
	payload any
	answer  bool // accepts_response_payload
	acked   chan json.RawMessage
}

// wire is the envelope as it is sent; attempt counts from 0.
func (e *envelope) wire(attempt int, reason string) map[string]any {
	out := map[string]any{
		"envelope_id": e.id, "type": e.kind, "payload": e.payload, "accepts_response_payload": e.answer,
	}
	if e.kind == kindEvent {
		out["retry_attempt"], out["retry_reason"] = attempt, reason
	}
	return out
}

func (h *hub) enrol(e *envelope) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.pending) >= maxPending {
		return false
	}
	h.pending[e.id] = e
	return true
}

func (h *hub) strike(e *envelope) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.pending, e.id)
}

// acknowledge takes an answer; one to an unknown or acknowledged envelope is ignored.
func (h *hub) acknowledge(id string, payload json.RawMessage) {
	h.mu.Lock()
	e := h.pending[id]
	delete(h.pending, id)
	h.mu.Unlock()
	if e != nil {
		e.acked <- payload // has room for the one answer
	}
}

// dispatch sends a command or an interaction and waits for the acknowledgement. When none comes in time it returns
// ErrNotAcknowledged, but an envelope that reached a connection stays under way: should that connection end, the next
// one gets it again.
func (s *Server) dispatch(ctx context.Context, kind string, payload any, answer bool) (json.RawMessage, error) {
	e := s.newEnvelope(kind, payload, answer)
	if s.requestURL() != "" {
		return s.dispatchPosted(ctx, e)
	}
	if !s.hub.enrol(e) {
		return nil, ErrNotAcknowledged
	}
	acked := make(chan json.RawMessage, 1)
	s.spawn(func() {
		defer s.hub.strike(e)
		s.carry(e, acked)
	})
	patience, cancel := context.WithTimeout(ctx, s.ws.opts.AckWithin)
	defer cancel()
	select {
	case answer := <-acked:
		return answer, nil
	case <-patience.Done():
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, ErrNotAcknowledged
	case <-s.ctx.Done():
		return nil, ErrClosed
	}
}

// carry delivers a command or an interaction until it is acknowledged, on one connection after the other. One that never
// found a connection is given up with the person's patience: nobody would expect it any more.
func (s *Server) carry(e *envelope, acked chan<- json.RawMessage) {
	ctx, cancel := context.WithTimeout(s.ctx, envelopeLife)
	defer cancel()
	first, stop := context.WithTimeout(ctx, s.ws.opts.AckWithin)
	defer stop()
	for wait := first; ; {
		c, err := s.hub.pick(wait)
		if err != nil {
			return
		}
		if c.send(e.wire(0, "")) != nil {
			s.hub.leave(c)
			continue
		}
		wait = ctx
		select {
		case answer := <-e.acked:
			acked <- answer
			return
		case <-c.gone:
		case <-ctx.Done():
			return
		}
	}
}

// publish sends an event, and again as Slack does when it is not acknowledged: when its connection ends, and after
// three seconds at once, after one minute and after five.
func (s *Server) publish(event map[string]any) {
	s.mu.Lock()
	payload := s.ws.eventPayload(event)
	s.mu.Unlock()
	e := s.newEnvelope(kindEvent, payload, false)
	if !s.hub.enrol(e) {
		return
	}
	s.spawn(func() {
		defer s.hub.strike(e)
		reason := ""
		for attempt := 0; attempt <= len(eventRetries); attempt++ {
			if attempt > 0 && !sleep(s.ctx, eventRetries[attempt-1]) {
				return
			}
			done, why := s.offer(e, attempt, reason)
			if done {
				return
			}
			reason = why
		}
	})
}

// offer delivers an event once, or more often if connections end meanwhile. It is done when the event was acknowledged
// or the server closes.
func (s *Server) offer(e *envelope, attempt int, reason string) (done bool, why string) {
	if s.requestURL() != "" {
		return s.offerPosted(e, attempt, reason)
	}
	for {
		c, err := s.hub.pick(s.ctx)
		if err != nil {
			return true, ""
		}
		if c.send(e.wire(attempt, reason)) != nil {
			s.hub.leave(c)
			continue
		}
		late := time.NewTimer(s.ws.opts.AckWithin)
		select {
		case <-e.acked:
			late.Stop()
			return true, ""
		case <-c.gone:
			late.Stop()
			reason = "connection_failed"
		case <-late.C:
			return false, "timeout"
		case <-s.ctx.Done():
			late.Stop()
			return true, ""
		}
	}
}

func (s *Server) newEnvelope(kind string, payload any, answer bool) *envelope {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &envelope{id: s.ws.id("envelope-"), kind: kind, payload: payload, answer: answer, acked: make(chan json.RawMessage, 1)}
}

// sleep waits, and says whether it was not cut short.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
