package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// silencedStream holds what was silenced, what was held because of it, and when that ended.
const silencedStream = "silenced"

// Silences keeps by what nobody is to be woken. It implements commands.Silences and is safe for concurrent use.
type Silences struct{ sayings }

var _ commands.Silences = (*Silences)(nil)

// ReadSilences reads what is silenced in a state that may be open for reading only.
func ReadSilences(r *store.Reader) *Silences {
	return &Silences{sayings{stream: silencedStream, reader: r, now: time.Now}}
}

// OpenSilences opens the state of a serve that may be running, for a person who silences at the terminal. Close it after use.
func OpenSilences(ctx context.Context, path, keyFile string, redact func(string) string) (*Silences, func() error, error) {
	st, clock, err := openForPerson(ctx, path, keyFile)
	if err != nil {
		return nil, nil, err
	}
	return keptSilences(st, clock.Now, redact), st.Close, nil
}

func keptSilences(st *store.Store, now func() time.Time, redact func(string) string) *Silences {
	return &Silences{sayings{stream: silencedStream, reader: st.Reader, store: st, now: now, redact: redact}}
}

// InForce lists what is silenced now. A record that nobody vouches for silences nothing; the error says why.
func (a *Silences) InForce(ctx context.Context) ([]incident.Silence, error) {
	log, err := a.vouched(ctx, "silenced")
	return a.holding(incident.Silences(log)), err
}

func (a *Silences) holding(all []incident.Silence) []incident.Silence {
	now := a.now()
	return slices.DeleteFunc(all, func(s incident.Silence) bool { return !s.Holds(now) })
}

// Silence records one; it takes the place of an older one about the same.
func (a *Silences) Silence(ctx context.Context, by incident.Person, x incident.Silence) error {
	return a.decide(ctx, func(log []incident.Recorded) ([]incident.Event, error) {
		list := incident.Silences(log)
		same := slices.ContainsFunc(list, func(s incident.Silence) bool { return s.Hush == x.Hush })
		if len(list) >= incident.MostSilences && !same {
			return nil, &commands.Refusal{Reason: fmt.Sprintf("%d silences are in force, and no more than %d can be at a time.", len(list),
				incident.MostSilences), Try: "See “silence”, and end what is over."}
		}
		return []incident.Event{incident.SilenceSet{Hush: x.Hush, Reason: a.cleaned(x.Reason), By: by, Until: x.Until}}, nil
	})
}

// End ends a silence at once. What it held is taken in by who keeps the state: its time is over then.
func (a *Silences) End(ctx context.Context, by incident.Person, h incident.Hush) error {
	return a.decide(ctx, func(log []incident.Recorded) ([]incident.Event, error) {
		list := a.holding(incident.Silences(log))
		i := slices.IndexFunc(list, func(s incident.Silence) bool { return s.Hush == h })
		if i < 0 {
			return nil, &commands.Refusal{Reason: "No silence is in force for " + h.String() + ".", Try: "See “silence” for those that are."}
		}
		if len(list[i].Held) == 0 {
			return []incident.Event{incident.SilenceEnded{Hush: h, By: by}}, nil
		}
		return []incident.Event{incident.SilenceSet{Hush: h, Reason: list[i].Reason, By: by, Until: a.now().UTC()}}, nil
	})
}

// hold notes alerts that opened no incident, or that are over, each by the silence that is about it. What is known
// already is not noted anew.
func (a *Silences) hold(ctx context.Context, held []incident.AlertHeld) error {
	return a.decide(ctx, func(log []incident.Recorded) ([]incident.Event, error) {
		var events []incident.Event
		list := incident.Silences(log)
		for _, h := range held {
			i := slices.IndexFunc(list, func(s incident.Silence) bool { return s.Hush == h.Hush })
			if i < 0 {
				continue
			}
			s := &list[i]
			j := slices.IndexFunc(s.Held, func(g incident.Signal) bool { return g.Fingerprint == h.Signal.Fingerprint })
			switch {
			case j >= 0 && s.Held[j].Status == h.Signal.Status, j < 0 && h.Signal.Status == incident.Resolved:
			case j < 0 && len(s.Held) >= incident.MostHeld && s.More >= incident.MostHeld: // it is a flood: that it is many is known
			default:
				events = append(events, h)
				s.Hold(h.Signal)
			}
		}
		return events, nil
	})
}

// endWhatIsOver takes in what those silences held whose time is over, as it is now: what fires still as if it had come now, and what is
// over so that it ends what was taken in of it. Then it ends them. Should it be broken off in between, or more come meanwhile, the alerts
// come again, which changes nothing.
func (a *Silences) endWhatIsOver(ctx context.Context, receive func(context.Context, []incident.Signal) error) error {
	log, err := a.vouched(ctx, "silenced")
	if err != nil {
		return err
	}
	ended := slices.DeleteFunc(incident.Silences(log), func(s incident.Silence) bool { return s.Holds(a.now()) })
	if len(ended) == 0 {
		return nil
	}
	for _, s := range ended { // one after the other, so that no decision is too large
		if len(s.Held) == 0 {
			continue
		}
		if err := receive(ctx, s.Held); err != nil {
			return fmt.Errorf("take in what the silence of %s held: %w", s.Hush, err)
		}
	}
	return a.decide(ctx, func(log []incident.Recorded) (events []incident.Event, err error) {
		now := incident.Silences(log)
		for _, s := range ended {
			i := slices.IndexFunc(now, func(o incident.Silence) bool { return o.Hush == s.Hush })
			if i < 0 || now[i].Holds(a.now()) || !slices.EqualFunc(now[i].Held, s.Held, sameSignal) {
				continue // it was set anew, or holds something else: the next round sees to it
			}
			events = append(events, incident.SilenceEnded{Hush: s.Hush, Taken: firing(s.Held)})
		}
		return events, nil
	})
}

func sameSignal(a, b incident.Signal) bool {
	return a.Fingerprint == b.Fingerprint && a.Status == b.Status
}

func firing(all []incident.Signal) (n int) {
	for _, g := range all {
		if g.Status == incident.Firing {
			n++
		}
	}
	return n
}

// over are the silences whose time is over and that were not ended yet: what they hold is about to be taken in.
func (a *Silences) over(ctx context.Context) ([]incident.Silence, error) {
	log, err := a.vouched(ctx, "silenced")
	return slices.DeleteFunc(incident.Silences(log), func(s incident.Silence) bool { return s.Holds(a.now()) }), err
}
