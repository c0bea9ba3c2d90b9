package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// tell is what an incident's own record says of the purge: who did it, so that what is kept of it in memory is read anew and its messages
// drawn anew, and that a plan of which something was removed is withdrawn. Nil where there is no such incident.
func (p *purger) tell(ctx context.Context, id string, f *finds, purged []store.Purged) (*store.Write, error) {
	s, log, err := p.becomes(ctx, id, purged)
	if err != nil || s.Version == 0 {
		return nil, err
	}
	var events []incident.Event
	if spoilt := slices.ContainsFunc(s.Offered(), func(o *incident.Plan) bool { return p.spoilt(o, f) }); s.Open() && spoilt {
		if s.Running() {
			p.report.Notes = append(p.report.Notes, id+": its plan has begun and holds what was removed: no further step of it will run, nor "+
				"its way back")
		} else {
			events = append(events, incident.PlanSuperseded{PlanHash: s.Plan.Hash, Reason: "a secret was removed from it"})
		}
	}
	if all, err := p.store.Deliveries(ctx, id); err != nil || len(all) == 0 {
		p.report.Notes = append(p.report.Notes, id+": its messages in Slack, if it has any, are too old to be updated by Paramedic: look "+
			"there, and remove "+
			"them by hand")
	}
	events = append(events, incident.Purged{By: atTerminal(p.By), Events: len(f.events[streamPrefix+id])})
	writes, err := p.ledger.writes(entry{s, events})
	if err != nil {
		return nil, err
	}
	w := &writes[0]
	for n, e := range events {
		log = append(log, incident.Recorded{Version: s.Version + 1 + n, At: w.Events[n].At, Event: e})
	}
	c := rebuilt(s.With(log[len(log)-len(events):]), log, w.Events[0].At)
	c.Due, c.Drop = w.Events[0].At, []string{""} // also of one that is over, for its messages
	w.Change = &c
	return w, nil
}

// becomes is an incident as it will be.
func (p *purger) becomes(ctx context.Context, id string, purged []store.Purged) (*incident.State, []incident.Recorded, error) {
	stream := streamPrefix + id
	events, err := p.store.Load(ctx, stream, 0)
	if err != nil {
		return nil, nil, err
	}
	now := map[int][]byte{}
	for _, e := range purged {
		if e.Stream == stream {
			now[e.Version] = e.Data
		}
	}
	var log []incident.Recorded
	version := 0
	for _, e := range events {
		version = e.Version
		if data, ok := now[e.Version]; ok {
			e.Data = data
		}
		if e.Data == nil {
			continue
		}
		event, err := incident.Decode(e.Type, e.TypeVersion, e.Data)
		if err != nil {
			return nil, nil, fmt.Errorf("%s, event %d can't be read any more without that text, so nothing was changed: %w", stream, e.Version, err)
		}
		log = append(log, incident.Recorded{Version: e.Version, At: e.At, Event: event, Written: e.TypeVersion})
	}
	s := incident.Fold(id, log)
	s.Version = version
	return s, log, nil
}

// spoilt says whether a plan is not what its hash says any more, or lacks what it writes.
func (p *purger) spoilt(plan *incident.Plan, f *finds) bool {
	if plan.ComputeHash() != plan.Hash {
		return true
	}
	for i := range plan.Steps {
		for _, value := range plan.Steps[i].Params {
			if _, gone := f.blobs[value]; gone {
				return true
			}
		}
	}
	return false
}
