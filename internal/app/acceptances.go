package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// acceptedStream holds what findings were accepted, and what was withdrawn.
const acceptedStream = "accepted"

// Acceptances keeps which findings are accepted. It implements commands.Acceptances and is safe for concurrent use.
type Acceptances struct {
	reader *store.Reader
	store  *store.Store // nil: read only
	now    func() time.Time
	redact func(string) string
}

var _ commands.Acceptances = (*Acceptances)(nil)

// ReadAcceptances reads what is accepted in a state that may be open for reading only; that it was Paramedic who wrote it is for the
// Reader's key to say.
func ReadAcceptances(r *store.Reader) *Acceptances { return &Acceptances{reader: r, now: time.Now} }

// OpenAcceptances opens the state of a serve that may be running, for a person who accepts at the terminal. Close it after use.
func OpenAcceptances(ctx context.Context, path, keyFile string, redact func(string) string) (*Acceptances, func() error, error) {
	st, clock, err := openForPerson(ctx, path, keyFile)
	if err != nil {
		return nil, nil, err
	}
	return &Acceptances{reader: st.Reader, store: st, now: clock.Now, redact: redact}, st.Close, nil
}

// InForce lists what is accepted now. A record that nobody vouches for accepts nothing, for whoever can write the state must not be able to
// silence anything; the error says why.
func (a *Acceptances) InForce(ctx context.Context) ([]incident.Acceptance, error) {
	if _, err := a.reader.Head(ctx, acceptedStream); errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	report, err := a.reader.VerifyStream(ctx, acceptedStream)
	if err != nil {
		return nil, fmt.Errorf("verify what is accepted: %w", err)
	}
	if !report.OK() {
		return nil, fmt.Errorf("what was accepted does not count: %s", report.Why())
	}
	list, _, err := a.read(ctx)
	return list, err
}

// read is what is accepted now, and the version of the stream that says so.
func (a *Acceptances) read(ctx context.Context) ([]incident.Acceptance, int, error) {
	events, err := a.reader.Load(ctx, acceptedStream, 0)
	if err != nil {
		return nil, 0, err
	}
	var log []incident.Recorded
	version := 0
	for _, e := range events {
		if version = e.Version; e.Data == nil {
			continue // of which a purge left nothing
		}
		event, err := incident.Decode(e.Type, e.TypeVersion, e.Data)
		if err != nil {
			return nil, 0, fmt.Errorf("read %s, event %d: %w", acceptedStream, e.Version, err)
		}
		log = append(log, incident.Recorded{Version: e.Version, At: e.At, Event: event})
	}
	return incident.InForce(log, a.now()), version, nil
}

// Accept records acceptances, all or none.
func (a *Acceptances) Accept(ctx context.Context, by incident.Person, all ...incident.Acceptance) error {
	return a.decide(ctx, func(list []incident.Acceptance) ([]incident.Event, error) {
		var events []incident.Event
		total := len(list)
		for _, x := range all {
			if !slices.ContainsFunc(list, x.Same) {
				total++
			}
			events = append(events, incident.FindingAccepted{Code: x.Code, Object: x.Object, Reason: a.cleaned(x.Reason), By: by, Until: x.Until,
				Worst: x.Worst})
		}
		if total > incident.MostAccepted {
			return nil, &commands.Refusal{Reason: fmt.Sprintf("%d findings are accepted, and no more than %d can be at a time.", len(list),
				incident.MostAccepted), Try: "See “accept”, and withdraw what is over."}
		}
		return events, nil
	})
}

// Withdraw has a finding told again.
func (a *Acceptances) Withdraw(ctx context.Context, by incident.Person, x incident.Acceptance) error {
	return a.decide(ctx, func(list []incident.Acceptance) ([]incident.Event, error) {
		i := slices.IndexFunc(list, x.Same)
		if i < 0 {
			return nil, &commands.Refusal{Reason: fmt.Sprintf("%s of %s is not accepted.", x.Code, x.Object),
				Try: "See “accept”. What an annotation accepts ends with the annotation."}
		}
		return []incident.Event{incident.AcceptanceWithdrawn{Code: list[i].Code, Object: list[i].Object, By: by}}, nil
	})
}

func (a *Acceptances) cleaned(text string) string {
	if a.redact == nil {
		return text
	}
	return a.redact(text)
}

// decide records what follows from what is accepted now.
func (a *Acceptances) decide(ctx context.Context, decide func([]incident.Acceptance) ([]incident.Event, error)) error {
	if a.store == nil {
		return errReadOnly
	}
	return decideAgain(func() error {
		list, version, err := a.read(ctx)
		if err != nil {
			return err
		}
		events, err := decide(list)
		if err != nil || len(events) == 0 {
			return err
		}
		w := store.Write{Stream: acceptedStream, Version: version}
		for _, e := range events {
			data, err := incident.Encode(e)
			if err != nil {
				return err
			}
			w.Events = append(w.Events, store.NewEvent{Type: incident.EventType(e), TypeVersion: incident.EventVersion, At: a.now().UTC(),
				Data: data})
		}
		return a.store.Append(ctx, w)
	})
}
