package commandstest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Acceptances keeps in memory what is accepted. The zero value accepts nothing; it is safe for concurrent use.
type Acceptances struct {
	mu  sync.Mutex
	log []incident.Recorded
}

var _ commands.Acceptances = (*Acceptances)(nil)

// InForce is what is accepted and has no end, or one after [Start].
func (a *Acceptances) InForce(context.Context) ([]incident.Acceptance, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return incident.InForce(a.log, Start), nil
}

// Accept takes anyone's word.
func (a *Acceptances) Accept(_ context.Context, by incident.Person, all ...incident.Acceptance) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, x := range all {
		a.append(incident.FindingAccepted{Code: x.Code, Object: x.Object, Reason: x.Reason, By: by, Until: x.Until, Worst: x.Worst})
	}
	return nil
}

// Withdraw refuses what is not accepted.
func (a *Acceptances) Withdraw(_ context.Context, by incident.Person, x incident.Acceptance) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.ContainsFunc(incident.InForce(a.log, Start), x.Same) {
		return &commands.Refusal{Reason: "That is not accepted."}
	}
	a.append(incident.AcceptanceWithdrawn{Code: x.Code, Object: x.Object, By: by})
	return nil
}

func (a *Acceptances) append(e incident.Event) {
	a.log = append(a.log, incident.Recorded{Version: len(a.log) + 1, At: Start.Add(time.Duration(len(a.log)) * time.Second), Event: e})
}
