package slackemu

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// Counts are how often things happened since the start.
type Counts struct {
	Posts       int // messages the app posted for everybody
	Updates     int // messages it changed
	Ephemerals  int // messages it posted for one person
	Deletions   int
	Files       int // file messages
	Views       int // modals opened or pushed
	RateLimited int // requests answered with 429
	Complaints  int // times a person was told that the app failed
}

// Refusal is a request of the app that was refused. Being rate limited is one as well.
type Refusal struct {
	Method   string // of the Web API, "response_url", "slash_commands" or "view_submission"
	Error    string
	Messages []string
}

// Snapshot is the workspace at one moment.
type Snapshot struct {
	Connections int
	Counts      Counts
	Refusals    []Refusal
	Notices     []Notice
	channels    map[string][]Message
	modals      map[string][]View
	homes       map[string]View
}

// Snapshot is the workspace now.
func (s *Server) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapshot()
}

func (s *Server) snapshot() Snapshot {
	w := s.ws
	out := Snapshot{
		Connections: s.hub.count(), Counts: w.counts, Refusals: slices.Clone(w.refusals), Notices: slices.Clip(w.notices),
		channels: map[string][]Message{}, modals: map[string][]View{}, homes: map[string]View{},
	}
	for _, c := range w.channels {
		all := make([]Message, 0, len(c.messages))
		for _, m := range c.messages {
			all = append(all, *m)
		}
		out.channels[c.ID] = all
		if c.person != "" {
			out.channels[c.person] = all
		}
	}
	for user, stack := range w.modals {
		for _, v := range stack {
			out.modals[user] = append(out.modals[user], *v)
		}
	}
	for user, v := range w.homes {
		out.homes[user] = *v
	}
	return out
}

// Messages are those of the channel itself that everybody sees, replies that are broadcast among them, the oldest first. A person's id
// names their direct message with the app.
func (n Snapshot) Messages(channelID string) []Message {
	return filter(n.channels[channelID], func(m Message) bool { return m.inChannel() && m.EphemeralTo == "" })
}

// Thread is a message and the replies to it.
func (n Snapshot) Thread(channelID, ts string) []Message {
	return filter(n.channels[channelID], func(m Message) bool {
		return m.EphemeralTo == "" && (m.ThreadTS == ts || (m.TS == ts && m.ThreadTS == ""))
	})
}

// Ephemerals are the messages that only this person sees, from every channel, the oldest first.
func (n Snapshot) Ephemerals(userID string) []Message {
	var out []Message
	for id, all := range n.channels {
		if id == userID {
			continue // the direct message comes under its own id
		}
		out = append(out, filter(all, func(m Message) bool { return m.EphemeralTo == userID })...)
	}
	slices.SortFunc(out, func(a, b Message) int { return compareTS(a.TS, b.TS) })
	return out
}

// Views are a person's open modals, the topmost last.
func (n Snapshot) Views(userID string) []View { return n.modals[userID] }

// Home is a person's Home tab, if one was published.
func (n Snapshot) Home(userID string) (View, bool) {
	v, ok := n.homes[userID]
	return v, ok
}

func filter(all []Message, keep func(Message) bool) []Message {
	var out []Message
	for _, m := range all {
		if keep(m) {
			out = append(out, m)
		}
	}
	return out
}

// Messages are those of the channel itself. Messages, Thread, Ephemerals, Views, Home, Refusals and Counts are the Snapshot's, of now.
func (s *Server) Messages(channelID string) []Message { return s.Snapshot().Messages(channelID) }

// Thread is a message and the replies to it.
func (s *Server) Thread(channelID, ts string) []Message { return s.Snapshot().Thread(channelID, ts) }

// Ephemerals are the messages that only this person sees.
func (s *Server) Ephemerals(userID string) []Message { return s.Snapshot().Ephemerals(userID) }

// Views are a person's open modals, the topmost last.
func (s *Server) Views(userID string) []View { return s.Snapshot().Views(userID) }

// Home is a person's Home tab, if one was published.
func (s *Server) Home(userID string) (View, bool) { return s.Snapshot().Home(userID) }

// Refusals are the app's requests that were refused; a well-behaved app has none.
func (s *Server) Refusals() []Refusal { return s.Snapshot().Refusals }

// Counts are how often things happened.
func (s *Server) Counts() Counts { return s.Snapshot().Counts }

// Wait returns when until holds, which it asks now and after every change. When ctx ends first, the error tells what
// the conversation was.
func (s *Server) Wait(ctx context.Context, until func(Snapshot) bool) error {
	for {
		s.mu.Lock()
		now, wake := s.snapshot(), s.wake
		s.mu.Unlock()
		if until(now) {
			return nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the conversation: %w; it went:\n%s", ctx.Err(), s.Transcript())
		case <-s.ctx.Done():
			return ErrClosed
		}
	}
}

// Channels are the ids of the channels, direct messages among them.
func (n Snapshot) Channels() []string {
	return slices.Sorted(maps.Keys(n.channels))
}
