package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// runsStream holds how the runs of plans ended, so that what helps is known without reading every incident that ever was.
const runsStream = "runs"

// Books are the runbooks, for people.
func Books() []commands.Book {
	var out []commands.Book
	for _, b := range recovery.Runbooks {
		out = append(out, commands.Book{Name: b.Name, Means: b.Means, Codes: b.Codes})
	}
	return out
}

// Runs are all runs of plans that ended. Of a record that nobody vouches for there are none, for it must not be able to praise a runbook.
func (i *Incidents) Runs(ctx context.Context) (incident.Runs, error) {
	return runsOf(ctx, i.ledger.Journal)
}

func runsOf(ctx context.Context, j Journal) (incident.Runs, error) {
	r, ok := j.reading.(interface {
		VerifyStream(ctx context.Context, stream string) (store.Report, error)
		Head(ctx context.Context, stream string) (store.StreamInfo, error)
	})
	if !ok {
		return nil, nil
	}
	if _, err := r.Head(ctx, runsStream); errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	report, err := r.VerifyStream(ctx, runsStream)
	if err != nil {
		return nil, fmt.Errorf("verify how runs ended: %w", err)
	}
	if !report.OK() {
		return nil, nil
	}
	log, _, err := readRuns(ctx, j)
	return incident.RunsOf(log), err
}

func readRuns(ctx context.Context, j Journal) (log []incident.Recorded, version int, err error) {
	events, err := j.Load(ctx, runsStream, 0)
	if err != nil {
		return nil, 0, err
	}
	for _, e := range events {
		if version = e.Version; e.Data == nil {
			continue // of which a purge left nothing
		}
		event, err := incident.Decode(e.Type, e.TypeVersion, e.Data)
		if err != nil {
			return nil, 0, fmt.Errorf("read %s, event %d: %w", runsStream, e.Version, err)
		}
		log = append(log, incident.Recorded{Version: e.Version, At: e.At, Event: event})
	}
	return log, version, nil
}

// countRuns adds to what is written how the runs ended that end by it: in the same append, so that none is counted twice or not at all.
func (l *ledger) countRuns(ctx context.Context, entries []entry, writes []store.Write) ([]store.Write, error) {
	at := l.now().UTC()
	var counted []store.NewEvent
	for _, e := range entries {
		if !e.state.Running() {
			continue
		}
		log := make([]incident.Recorded, 0, len(e.events))
		for n, event := range e.events {
			log = append(log, incident.Recorded{Version: e.state.Version + 1 + n, At: at, Event: event})
		}
		end := incident.EndOfRun(e.state, e.state.With(log))
		if end == nil {
			continue
		}
		data, err := incident.Encode(*end)
		if err != nil {
			return nil, err
		}
		counted = append(counted, store.NewEvent{Type: incident.EventType(*end), TypeVersion: incident.EventVersion, At: at, Data: data})
	}
	if len(counted) == 0 {
		return writes, nil
	}
	_, version, err := readRuns(ctx, l.Journal)
	if err != nil {
		return nil, err
	}
	return append(writes, store.Write{Stream: runsStream, Version: version, Events: counted}), nil
}
