package app

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/control"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// investigate looks at the cluster. That it cannot is recorded too, for people wait for an answer.
func (w *worker) investigate(ctx context.Context, s *incident.State, _ incident.Work) error {
	scope := diagnosis.Scope{Onset: s.Noticed(), Ill: presumed(s), Only: aimed(s)}
	d, err := w.eyes.lookTwice(ctx, scope)
	if err != nil && blank(s) {
		d, err = w.eyes.withoutTheCluster(ctx, err, scope)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		failed := incident.InvestigationFailed{Error: w.eyes.redact(err.Error())}
		_, err := w.ledger.update(ctx, s.ID, func(now *incident.State) ([]incident.Event, error) {
			return w.stillWanted(s, now, failed), nil
		})
		return err
	}
	return decideAgain(func() error { return w.diagnosed(ctx, s, d) })
}

// blank says whether nothing would be lost by a diagnosis that has seen nothing of the cluster: there is none yet, or it is of that kind.
func blank(s *incident.State) bool {
	away := func(c incident.Cause) bool { return c.Code == control.APIServerAway }
	return s.Diagnosis == nil || slices.ContainsFunc(s.Diagnosis.Causes, away)
}

// stillWanted is what a look found, unless somebody else has looked, or what is approved or being done must not be disturbed.
func (w *worker) stillWanted(before, now *incident.State, found incident.Event) []incident.Event {
	if !now.Open() || now.Investigation.Looks != before.Investigation.Looks || now.ApprovalValid(w.ledger.now()) && !now.RunEnded() {
		return nil
	}
	return []incident.Event{found}
}

// diagnosed records a diagnosis, and ends the incident if it has nothing of its own left: when another one has the same causes, that one
// goes on with them, and when another one's recovery has mended what this one had, nothing is left to do.
func (w *worker) diagnosed(ctx context.Context, before *incident.State, whole *incident.Diagnosis) error {
	s, err := w.ledger.fold(ctx, before.ID)
	if err != nil {
		return err
	}
	d, err := w.briefed(ctx, s, whole)
	if err != nil {
		return err
	}
	events := w.stillWanted(before, s, incident.DiagnosisMade{Diagnosis: *d, Silent: w.silent(ctx, s.ID, d)})
	if len(events) == 0 {
		return nil
	}
	switch healer := s.Investigation.Healed; {
	case healer != "" && healer != before.Investigation.Healed: // it was healed while this look was under way: look again
		return w.ledger.append(ctx, entry{s, append(events, incident.LookAgainRequested{Healed: healer})})
	case healer != "" && !d.Wrong() && len(d.Scope.Unseen) == 0 && !s.AlertsFiring():
		closed := incident.Closed{Healed: healer, Reason: "nothing left to do: " + healer + " did it"}
		return w.ledger.append(ctx, entry{s, append(events, closed)})
	}
	older, younger, err := w.sameCauses(ctx, s, d)
	if err != nil {
		return err
	}
	all := []entry{{s, events}}
	if older != nil {
		signals, err := w.handedOver(ctx, s, older)
		if err != nil {
			return err
		}
		if len(signals) > 0 {
			all = append(all, entry{older, signals})
		}
		all[0].events = append(events, incident.Closed{Into: older.ID, Reason: "it has the cause of " + older.ID})
		return w.ledger.append(ctx, all...)
	}
	for _, y := range younger {
		all = append(all, entry{y, []incident.Event{incident.LookAgainRequested{}}})
	}
	return w.ledger.append(ctx, all...)
}

// sameCauses finds the open incidents that have causes of the diagnosis: the oldest, older than this one, that has all of them, nil if
// there is none; and the younger ones that have one which is new here, for it may be theirs no longer.
func (w *worker) sameCauses(ctx context.Context, s *incident.State, d *incident.Diagnosis) (older *incident.State,
	younger []*incident.State, err error) {
	if len(d.Causes) == 0 || s.Running() {
		return nil, nil, nil
	}
	fresh, had := map[string]bool{}, causeKeys(s.Diagnosis)
	names := causeKeys(d)
	for _, name := range names {
		fresh[name] = !slices.Contains(had, name)
	}
	hits, err := w.ledger.store.Find(ctx, names, w.ledger.now())
	if err != nil {
		return nil, nil, err
	}
	has, gains := map[string]int{}, map[string]bool{}
	for _, h := range hits {
		id := strings.TrimPrefix(h.Stream, streamPrefix)
		switch {
		case !h.Open || id == s.ID:
		case number(id) < number(s.ID):
			has[id]++
		case fresh[h.Name]:
			gains[id] = true
		}
	}
	for _, id := range inOrder(has) {
		if has[id] < len(names) {
			continue
		}
		older, err := w.ledger.fold(ctx, id)
		if err == nil && !older.Open() {
			err = store.ErrConflict
		}
		if err == nil && older.Channel != s.Channel {
			continue // it is told to other people
		}
		return older, nil, err
	}
	for _, id := range inOrder(gains) {
		y, err := w.ledger.fold(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		if y.Open() && y.Diagnosis != nil && !y.ApprovalValid(w.ledger.now()) && !y.Investigation.Wanted {
			younger = append(younger, y)
		}
	}
	return nil, younger, nil
}

// causeKeys are the keys of a diagnosis' causes, each once; none of a nil one.
func causeKeys(d *incident.Diagnosis) []string {
	var names []string
	if d == nil {
		return nil
	}
	for _, c := range d.Causes {
		names = append(names, keyOf(causeKey, incident.FoundFingerprint(d.Cluster, c), "").Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// inOrder are the incidents of a map, the oldest first.
func inOrder[V any](ids map[string]V) []string {
	return slices.SortedFunc(maps.Keys(ids), func(a, b string) int { return cmp.Compare(number(a), number(b)) })
}

// handedOver is what the incident that goes on takes over: of each signal the newest, unless it knows it so.
func (w *worker) handedOver(ctx context.Context, from, to *incident.State) ([]incident.Event, error) {
	_, log, err := w.ledger.read(ctx, from.ID)
	if err != nil {
		return nil, err
	}
	newest, order := map[string]incident.Signal{}, []string(nil)
	for _, r := range log {
		if e, ok := r.Event.(incident.SignalReceived); ok {
			if _, there := newest[e.Signal.Fingerprint]; !there {
				order = append(order, e.Signal.Fingerprint)
			}
			newest[e.Signal.Fingerprint] = e.Signal
		}
	}
	p, err := w.ledger.store.Projection(ctx, streamPrefix+to.ID)
	if err != nil {
		return nil, err
	}
	known := map[string]string{}
	for _, k := range p.Keys {
		known[k.Name] = k.Value
	}
	var events []incident.Event
	for _, f := range order {
		g, value := newest[f], known[keyOf(fingerprintKey, f, "").Name]
		if value != knowing(g) {
			events = append(events, incident.SignalReceived{Signal: g, Before: knownStatus(value)})
		}
	}
	return events, nil
}

// healed records that an incident's recovery has held, and asks for a look at the others that are open: it may have mended them too.
func (w *worker) healed(ctx context.Context, s *incident.State, events []incident.Event) error {
	open, err := w.ledger.Open(ctx)
	if err != nil {
		return err
	}
	all := []entry{{s, events}}
	for _, o := range open {
		if o.ID != s.ID && o.Unreadable == "" && o.Diagnosis != nil && o.Diagnosis.Wrong() && !o.Running() && o.Investigation.Healed != s.ID {
			all = append(all, entry{o, []incident.Event{incident.LookAgainRequested{Healed: s.ID}}})
		}
	}
	return w.ledger.append(ctx, all...)
}

// silent says whether a silence is about an incident, or about what a look of it ranks first.
func (w *worker) silent(ctx context.Context, id string, d *incident.Diagnosis) bool {
	return slices.ContainsFunc(w.silenced(ctx), func(s incident.Silence) bool { return s.QuietsLook(id, d) })
}
