package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// What is counted beside the incidents, so that it is known without reading every one that ever was.
const (
	runsStream   = "runs"   // how the runs of plans ended
	gradesStream = "grades" // how people graded diagnoses
)

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
	log, err := vouched(ctx, j, runsStream)
	return incident.RunsOf(log), err
}

// Grades are how people graded the diagnoses of incidents that are over. Of a record that nobody vouches for there are none.
func (i *Incidents) Grades(ctx context.Context) (incident.Grades, error) {
	log, err := vouched(ctx, i.ledger.Journal, gradesStream)
	return incident.GradesOf(log), err
}

// vouched is what was counted in a stream; nothing if nobody vouches for it. It is read and verified once for each change of it: everybody
// who opens a page asks.
func vouched(ctx context.Context, j Journal, stream string) ([]incident.Recorded, error) {
	r, ok := j.reading.(verifying)
	if !ok {
		return nil, nil
	}
	lately := j.memory.countedOf(stream)
	lately.mu.Lock()
	defer lately.mu.Unlock()
	mark, err := markOf(ctx, r, stream) // before it is read: what is appended meanwhile is read once more
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case mark == lately.mark:
		return lately.log, nil
	}
	report, err := r.VerifyStream(ctx, stream)
	if err != nil {
		return nil, fmt.Errorf("verify the record of %s: %w", stream, err)
	}
	if !report.OK() {
		return nil, nil
	}
	log, _, err := readCounted(ctx, j, stream)
	if err == nil {
		lately.mark, lately.log = mark, log
	}
	return log, err
}

func readCounted(ctx context.Context, j Journal, stream string) (log []incident.Recorded, version int, err error) {
	events, err := j.Load(ctx, stream, 0)
	if err != nil {
		return nil, 0, err
	}
	for _, e := range events {
		if version = e.Version; e.Data == nil {
			continue // of which a purge left nothing
		}
		event, err := incident.Decode(e.Type, e.TypeVersion, e.Data)
		if err != nil {
			return nil, 0, fmt.Errorf("read %s, event %d: %w", stream, e.Version, err)
		}
		log = append(log, incident.Recorded{Version: e.Version, At: e.At, Event: event})
	}
	return log, version, nil
}

// count adds to what is written how the runs ended that end by it, and how people graded what was found: in the same append, so that
// nothing is counted twice or not at all.
func (l *ledger) count(ctx context.Context, entries []entry, writes []store.Write) ([]store.Write, error) {
	at := l.now().UTC()
	counted := map[string][]store.NewEvent{}
	add := func(stream string, e incident.Event) error {
		data, err := incident.Encode(e)
		counted[stream] = append(counted[stream], store.NewEvent{Type: incident.EventType(e), TypeVersion: incident.EventVersion, At: at,
			Data: data})
		return err
	}
	for _, e := range entries {
		for _, event := range e.events {
			if g, ok := event.(incident.Graded); ok {
				g.What = "" // the incident's own record has it
				if err := add(gradesStream, g); err != nil {
					return nil, err
				}
			}
		}
		if end := endOfRun(e, at); end != nil {
			if err := add(runsStream, *end); err != nil {
				return nil, err
			}
		}
	}
	for _, stream := range slices.Sorted(maps.Keys(counted)) {
		_, version, err := readCounted(ctx, l.Journal, stream)
		if err != nil {
			return nil, err
		}
		writes = append(writes, store.Write{Stream: stream, Version: version, Events: counted[stream]})
	}
	return writes, nil
}

// endOfRun is how a run ended by what is recorded at a time; nil if none did.
func endOfRun(e entry, at time.Time) *incident.RunEnded {
	if !e.state.Running() {
		return nil
	}
	log := make([]incident.Recorded, 0, len(e.events))
	for n, event := range e.events {
		log = append(log, incident.Recorded{Version: e.state.Version + 1 + n, At: at, Event: event})
	}
	return incident.EndOfRun(e.state, e.state.With(log))
}
