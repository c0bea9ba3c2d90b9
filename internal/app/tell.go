package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

const (
	// newsWithin and mostLoud are how much news of all incidents together a channel is told: so much within that time. People read no more,
	// and mute a channel that has more. What comes beyond is told in the incidents' threads.
	newsWithin = 10 * time.Minute
	mostLoud   = 5
)

// notify records what is new of an incident, so that it is told in a message of its own. Told and not recorded it can't be: what is told
// follows from the record.
func (w *worker) notify(ctx context.Context, before *incident.State, _ incident.Work) error {
	w.telling.Lock() // what a channel was told is counted, and told then
	defer w.telling.Unlock()
	_, err := w.ledger.update(ctx, before.ID, func(s *incident.State) ([]incident.Event, error) {
		now := w.ledger.now()
		news := s.Untold(now)
		if !s.Open() || len(news) == 0 {
			return nil, nil
		}
		lately, err := w.ledger.lately(ctx, toldKey, s.Channel)
		if err != nil {
			return nil, err
		}
		heard, silent := hearing(lately, s.ID, now), s.HushedBy(w.silenced(ctx)) != nil
		var events []incident.Event
		for _, n := range news {
			e := incident.Notified{Of: n.Version, Channel: s.Channel}
			switch {
			case silent:
				e.Quiet, e.Silent = true, true
			case n.Kind.Damped():
				e = heard.tell(e, now)
			}
			if !n.Kind.Damped() || s.Claimed != nil {
				e.To = s.Owner()
			}
			events = append(events, e)
		}
		return events, nil
	})
	return err
}

// heard is the news that a channel has had.
type heard struct {
	loud  []time.Time // within newsWithin, in order
	quiet []string    // the other incidents that had news in their threads alone since
}

func hearing(lately []*incident.State, id string, now time.Time) *heard {
	h := &heard{}
	var last time.Time
	each := func(do func(s *incident.State, n incident.News)) {
		for _, s := range lately {
			for _, n := range s.News {
				if n.Told != nil && n.Kind.Damped() && !n.Told.Silent {
					do(s, n)
				}
			}
		}
	}
	each(func(_ *incident.State, n incident.News) {
		if n.Told.Quiet {
			return
		}
		if n.ToldAt.After(last) {
			last = n.ToldAt
		}
		if now.Sub(n.ToldAt) < newsWithin {
			h.loud = append(h.loud, n.ToldAt)
		}
	})
	each(func(s *incident.State, n incident.News) {
		if n.Told.Quiet && n.ToldAt.After(last) && s.ID != id && !slices.Contains(h.quiet, s.ID) {
			h.quiet = append(h.quiet, s.ID)
		}
	})
	slices.SortFunc(h.loud, time.Time.Compare)
	return h
}

// tell is one more message, told in the channel if that has room for it.
func (h *heard) tell(e incident.Notified, now time.Time) incident.Notified {
	if len(h.loud) >= mostLoud {
		e.Quiet = true
		return e
	}
	h.loud = append(h.loud, now)
	if len(h.loud) == mostLoud {
		e.Last, e.Until = true, h.loud[0].Add(newsWithin)
	}
	e.Others, h.quiet = h.quiet, nil
	return e
}

// call records that who is on call is called for an incident that nobody has answered, and for all others of its channel that go unanswered
// as well: one message names them all.
func (w *worker) call(ctx context.Context, before *incident.State, _ incident.Work) error {
	w.telling.Lock()
	defer w.telling.Unlock()
	return decideAgain(func() error {
		now := w.ledger.now()
		s, err := w.ledger.fold(ctx, before.ID)
		if err != nil {
			return err
		}
		level, at := s.CallDue(w.policy)
		if level == 0 || at.After(now) {
			return nil
		}
		silences := w.silenced(ctx)
		if e := s.Hushing(silences); e != nil {
			return w.ledger.append(ctx, entry{s, []incident.Event{e}})
		}
		lately, err := w.ledger.lately(ctx, calledKey, s.Channel)
		if err != nil || slices.ContainsFunc(lately, func(o *incident.State) bool { return w.calledJust(o, level, now) }) {
			return err // it is asked again in a while
		}
		open, err := w.ledger.Open(ctx)
		if err != nil {
			return err
		}
		var others []string
		var entries []entry
		for _, o := range open {
			if due, _ := o.CallDue(w.policy); o.ID == s.ID || o.Channel != s.Channel || due != level || o.HushedBy(silences) != nil {
				continue
			}
			others = append(others, o.ID)
			c := o.Call(w.policy, level, nil, now)
			c.With = s.ID
			entries = append(entries, entry{o, []incident.Event{c}})
		}
		slices.SortFunc(others, func(a, b string) int { return number(a) - number(b) })
		return w.ledger.append(ctx, append([]entry{{s, []incident.Event{s.Call(w.policy, level, others, now)}}}, entries...)...)
	})
}

// calledJust says whether somebody was called at a level for an incident so lately that they are not called again at now.
func (w *worker) calledJust(s *incident.State, level int, now time.Time) bool {
	return slices.ContainsFunc(s.Calls, func(c incident.Calling) bool {
		return c.Level == level && c.With == "" && now.Sub(c.At) < w.policy.CallFor(s.Channel).Apart
	})
}

// lately are the incidents told in a channel, open or ended just now, to which the channel's key of that kind leads.
func (l *ledger) lately(ctx context.Context, key, channel string) ([]*incident.State, error) {
	hits, err := l.store.Find(ctx, []string{keyOf(key, channel, "").Name}, l.now())
	if err != nil {
		return nil, err
	}
	slices.SortFunc(hits, func(a, b store.Hit) int { return number(a.Stream) - number(b.Stream) })
	out := make([]*incident.State, 0, len(hits))
	for _, h := range hits {
		s, err := l.fold(ctx, strings.TrimPrefix(h.Stream, streamPrefix))
		if err != nil {
			continue // it is set aside when its own turn comes
		}
		out = append(out, s)
	}
	return out, nil
}
