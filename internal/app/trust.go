package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
)

// trustStream holds what is said of a record that is older than what Slack has seen of it.
const trustStream = "trust"

// Types of its events.
const (
	typeRolledBack = "RecordRolledBack"
	typeAccepted   = "RecordAccepted"
)

// stamp is how far an incident's record had come when its message was last sent. Slack keeps it with the message, out of reach of whoever
// restores an old copy of the state.
type stamp struct {
	Incident string `json:"incident"`
	Version  int    `json:"version"`
	Head     string `json:"head"` // hash of that event, in hex
}

// rolledBack is the data of a RecordRolledBack: what Slack has seen, and how far the record goes here.
type rolledBack struct {
	Seen stamp `json:"seen"`
	Here int   `json:"here"` // version of the incident's stream
}

// accepted is the data of a RecordAccepted.
type accepted struct {
	Seen stamp  `json:"seen"`
	By   string `json:"by"`
}

// stampOf is what an incident's message carries.
func stampOf(ctx context.Context, r *store.Reader, id string) map[string]any {
	info, err := r.Head(ctx, streamPrefix+id)
	if err != nil {
		return nil // a message that is about no incident
	}
	return map[string]any{"incident": id, "version": info.Version, "head": hex.EncodeToString(info.Head)}
}

// readStamp reads what stampOf made, after Slack had it.
func readStamp(values map[string]any) (s stamp, ok bool) {
	raw, err := json.Marshal(values)
	if err != nil || json.Unmarshal(raw, &s) != nil {
		return stamp{}, false
	}
	return s, s.Incident != "" && s.Version > 0
}

// differ says whether the record here is not the one that Slack has seen, or an older copy of it.
func differ(ctx context.Context, r *store.Reader, seen stamp) (here int, yes bool, err error) {
	info, err := r.Head(ctx, streamPrefix+seen.Incident)
	if errors.Is(err, store.ErrNotFound) {
		return 0, true, nil
	}
	if err != nil {
		return 0, false, err
	}
	if info.Version < seen.Version {
		return info.Version, true, nil
	}
	e, err := r.Event(ctx, streamPrefix+seen.Incident, seen.Version)
	if err != nil {
		return 0, false, err
	}
	return info.Version, hex.EncodeToString(e.Hash) != seen.Head, nil
}

// compareWithSlack records, once for each, of which incidents Slack has seen more than there is here.
func compareWithSlack(ctx context.Context, st *store.Store, stamps []map[string]any) error {
	return decideTrust(ctx, st, func(t trust) (typ string, all []any, err error) {
		for _, values := range stamps {
			seen, ok := readStamp(values)
			if !ok || t.known[seen] {
				continue
			}
			here, yes, err := differ(ctx, st.Reader, seen)
			if err != nil {
				return "", nil, err
			}
			if yes {
				t.known[seen] = true
				all = append(all, rolledBack{Seen: seen, Here: here})
			}
		}
		return typeRolledBack, all, nil
	})
}

// trust is what its stream says of the record: the doubts that nobody has accepted yet, the oldest first, and all that were ever had.
type trust struct {
	doubts  []rolledBack
	known   map[stamp]bool
	version int // of its stream
}

func readTrust(ctx context.Context, r *store.Reader) (trust, error) {
	t := trust{known: map[stamp]bool{}}
	events, err := r.Load(ctx, trustStream, 0)
	if err != nil {
		return t, err
	}
	for _, e := range events {
		t.version = e.Version
		var d rolledBack
		var a accepted
		switch e.Type {
		case typeRolledBack:
			if err = json.Unmarshal(e.Data, &d); err == nil {
				t.doubts, t.known[d.Seen] = append(t.doubts, d), true
			}
		case typeAccepted:
			if err = json.Unmarshal(e.Data, &a); err == nil {
				t.doubts = slices.DeleteFunc(t.doubts, func(d rolledBack) bool { return d.Seen == a.Seen })
			}
		}
		if err != nil {
			return t, fmt.Errorf("read %s, event %d: %w", trustStream, e.Version, err)
		}
	}
	return t, nil
}

// doubted says in a sentence why nothing may be executed on the word of the record; empty if it may.
func doubted(ctx context.Context, r *store.Reader) (string, error) {
	if why, err := unsure(ctx, r); err != nil || why != "" {
		return why, err
	}
	t, err := readTrust(ctx, r)
	if err != nil || len(t.doubts) == 0 {
		return "", err
	}
	d := t.doubts[0]
	return fmt.Sprintf("the record is older than what Slack has seen: %s had %d events there, and has %d here; was an old copy of the "+
		"state restored?",
		d.Seen.Incident, d.Seen.Version, d.Here), nil
}

// unsure says why nobody can tell who wrote what is said of the record: its key is not there, or that very part is broken. Empty if all is
// well.
func unsure(ctx context.Context, r *store.Reader) (string, error) {
	stream := trustStream
	if _, err := r.Head(ctx, trustStream); errors.Is(err, store.ErrNotFound) {
		stream = store.SystemStream
	}
	report, err := r.VerifyStream(ctx, stream)
	if err != nil {
		return "", err
	}
	if stream == store.SystemStream && report.Events == 0 && report.Key == "" {
		return "", nil // nothing was recorded yet
	}
	return report.Why(), nil
}

// mistrusted says why nothing may be decided or executed for an incident on the word of the record; empty if it may.
func mistrusted(ctx context.Context, r *store.Reader, id string) (string, error) {
	report, err := r.VerifyStream(ctx, streamPrefix+id)
	if err != nil {
		return "", fmt.Errorf("verify the record of %s: %w", id, err)
	}
	if !report.OK() {
		return report.Why(), nil
	}
	return doubted(ctx, r)
}

// AcceptRecord records that a person goes on with a record which is older than what Slack has seen. It returns what was accepted; empty if
// nothing was in doubt. The record's key is in keyFile; empty: beside the state.
func AcceptRecord(ctx context.Context, path, keyFile, by string) (what string, err error) {
	st, err := openExisting(ctx, path, keyFile)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	var said []string
	err = decideTrust(ctx, st, func(t trust) (typ string, all []any, err error) {
		said = nil
		for _, d := range t.doubts {
			all = append(all, accepted{Seen: d.Seen, By: by})
			said = append(said, fmt.Sprintf("%s with %d events, where Slack had seen %d", d.Seen.Incident, d.Here, d.Seen.Version))
		}
		return typeAccepted, all, nil
	})
	return strings.Join(said, "; "), err
}

// decideTrust records what is decided on what its stream says, the events of one type.
func decideTrust(ctx context.Context, st *store.Store, decide func(trust) (typ string, all []any, err error)) error {
	return decideAgain(func() error {
		t, err := readTrust(ctx, st.Reader)
		if err != nil {
			return err
		}
		typ, all, err := decide(t)
		if err != nil || len(all) == 0 {
			return err
		}
		w := store.Write{Stream: trustStream, Version: t.version}
		for _, data := range all {
			raw, err := json.Marshal(data)
			if err != nil {
				return err
			}
			w.Events = append(w.Events, store.NewEvent{Type: typ, TypeVersion: 1, At: time.Now(), Data: raw})
		}
		return st.Append(ctx, w)
	})
}
