package app

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// investigate looks at the cluster. That it cannot is recorded too, for people wait for an answer.
func (w *worker) investigate(ctx context.Context, s *incident.State, _ incident.Work) error {
	d, err := w.eyes.lookTwice(ctx, diagnosis.Scope{Onset: s.Noticed()})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		failed := incident.InvestigationFailed{Error: clip(w.eyes.redact(err.Error()), incident.MaxExcerpt)}
		_, err := w.ledger.update(ctx, s.ID, func(now *incident.State) ([]incident.Event, error) {
			return stillWanted(s, now, failed), nil
		})
		return err
	}
	for range conflictTries {
		if err = w.diagnosed(ctx, s, d); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return err
}

// stillWanted is what a look found, unless somebody else has looked, or what is being done must not be disturbed.
func stillWanted(before, now *incident.State, found incident.Event) []incident.Event {
	if !now.Open() || now.Investigation.Looks != before.Investigation.Looks || now.Running() && !now.RunEnded() {
		return nil
	}
	return []incident.Event{found}
}

// diagnosed records a diagnosis, and ends the incident if it has nothing of its own left: when another one has the same causes, that one goes
// on with them, and when another one's recovery has mended what this one had, nothing is left to do.
func (w *worker) diagnosed(ctx context.Context, before *incident.State, whole *incident.Diagnosis) error {
	s, err := w.ledger.fold(ctx, before.ID)
	if err != nil {
		return err
	}
	d, err := w.briefed(ctx, s, whole)
	if err != nil {
		return err
	}
	events := stillWanted(before, s, incident.DiagnosisMade{Diagnosis: *d})
	if len(events) == 0 {
		return nil
	}
	if healer := s.Investigation.Healed; healer != "" && mended(s.Diagnosis, d) {
		closed := incident.Closed{Healed: healer, Reason: "nothing left to do: " + healer + " did it"}
		return w.ledger.append(ctx, entry{s, append(events, closed)})
	}
	other, err := w.sameCauses(ctx, s, d)
	if err != nil {
		return err
	}
	if other == nil {
		return w.ledger.append(ctx, entry{s, events})
	}
	all := []entry{{s, append(events, incident.Closed{Into: other.ID, Reason: "it has the cause of " + other.ID})}}
	if signals := handedOver(s, other); len(signals) > 0 {
		all = append(all, entry{other, signals})
	}
	return w.ledger.append(ctx, all...)
}

// mended says whether none of the causes that there were is left.
func mended(before, now *incident.Diagnosis) bool {
	for _, c := range now.Causes {
		if slices.ContainsFunc(before.Causes, func(b incident.Cause) bool { return sameCause(b, c) }) {
			return false
		}
	}
	return len(before.Causes) > 0
}

func sameCause(a, b incident.Cause) bool {
	return incident.FoundFingerprint("", a) == incident.FoundFingerprint("", b)
}

// sameCauses is the open incident, older than this one, that has all the causes of the diagnosis; nil if there is none.
func (w *worker) sameCauses(ctx context.Context, s *incident.State, d *incident.Diagnosis) (*incident.State, error) {
	if len(d.Causes) == 0 || s.Running() {
		return nil, nil
	}
	var names []string
	for _, c := range d.Causes {
		names = append(names, key(causeKey, incident.FoundFingerprint(d.Cluster, c), "").Name)
	}
	hits, err := w.ledger.store.Find(ctx, names, w.ledger.now())
	if err != nil {
		return nil, err
	}
	has := map[string]int{}
	for _, h := range hits {
		if id := strings.TrimPrefix(h.Stream, streamPrefix); h.Open && number(id) < number(s.ID) {
			has[id]++
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for _, id := range slices.SortedFunc(maps.Keys(has), func(a, b string) int { return cmp.Compare(number(a), number(b)) }) {
		if has[id] < len(names) {
			continue
		}
		other, err := w.ledger.fold(ctx, id)
		if err != nil {
			return nil, err
		}
		if !other.Open() {
			return nil, store.ErrConflict
		}
		return other, nil
	}
	return nil, nil
}

// handedOver is what the incident that goes on takes over: the signals that it does not have.
func handedOver(from, to *incident.State) []incident.Event {
	var events []incident.Event
	for _, g := range from.Signals {
		if !slices.ContainsFunc(to.Signals, func(o incident.Signal) bool { return o.Fingerprint == g.Fingerprint }) {
			events = append(events, incident.SignalReceived{Signal: g})
		}
	}
	return events
}

// healed records that an incident's recovery has held, and asks for a look at the others that are open: it may have mended them too.
func (w *worker) healed(ctx context.Context, s *incident.State, events []incident.Event) error {
	open, err := w.ledger.Open(ctx)
	if err != nil {
		return err
	}
	all := []entry{{s, events}}
	for _, o := range open {
		if o.ID != s.ID && o.Unreadable == "" && o.Diagnosis != nil && o.Diagnosis.Wrong() && !o.Running() && !o.Investigation.Wanted {
			all = append(all, entry{o, []incident.Event{incident.LookAgainRequested{Healed: s.ID}}})
		}
	}
	return w.ledger.append(ctx, all...)
}
