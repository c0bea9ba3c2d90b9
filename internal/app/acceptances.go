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

// acceptedStream holds what findings were accepted, and what was withdrawn.
const acceptedStream = "accepted"

// Acceptances keeps which findings are accepted. It implements commands.Acceptances and is safe for concurrent use.
type Acceptances struct{ sayings }

var _ commands.Acceptances = (*Acceptances)(nil)

// ReadAcceptances reads what is accepted in a state that may be open for reading only; that it was Paramedic who wrote it is for the
// Reader's key to say.
func ReadAcceptances(r *store.Reader) *Acceptances {
	return &Acceptances{sayings{stream: acceptedStream, reader: r, now: time.Now}}
}

// OpenAcceptances opens the state of a serve that may be running, for a person who accepts at the terminal. Close it after use.
func OpenAcceptances(ctx context.Context, path, keyFile string, redact func(string) string) (*Acceptances, func() error, error) {
	st, clock, err := openForPerson(ctx, path, keyFile)
	if err != nil {
		return nil, nil, err
	}
	return keptAcceptances(st, clock.Now, redact), st.Close, nil
}

func keptAcceptances(st *store.Store, now func() time.Time, redact func(string) string) *Acceptances {
	return &Acceptances{sayings{stream: acceptedStream, reader: st.Reader, store: st, now: now, redact: redact}}
}

// InForce lists what is accepted now. A record that nobody vouches for accepts nothing; the error says why.
func (a *Acceptances) InForce(ctx context.Context) ([]incident.Acceptance, error) {
	log, err := a.vouched(ctx, "accepted")
	return incident.InForce(log, a.now()), err
}

// Accept records acceptances, all or none.
func (a *Acceptances) Accept(ctx context.Context, by incident.Person, all ...incident.Acceptance) error {
	return a.decide(ctx, func(log []incident.Recorded) ([]incident.Event, error) {
		list := incident.InForce(log, a.now())
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
	return a.decide(ctx, func(log []incident.Recorded) ([]incident.Event, error) {
		list := incident.InForce(log, a.now())
		i := slices.IndexFunc(list, x.Same)
		if i < 0 {
			return nil, &commands.Refusal{Reason: fmt.Sprintf("%s of %s is not accepted.", x.Code, x.Object),
				Try: "See “accept”. What an annotation accepts ends with the annotation."}
		}
		return []incident.Event{incident.AcceptanceWithdrawn{Code: list[i].Code, Object: list[i].Object, By: by}}, nil
	})
}
