package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
)

// Types of the events about a record that is older than what Slack has seen of it, in the store's system stream.
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
	t, err := readTrust(ctx, st.Reader)
	if err != nil {
		return err
	}
	for _, values := range stamps {
		seen, ok := readStamp(values)
		if !ok || t.known[seen] {
			continue
		}
		here, yes, err := differ(ctx, st.Reader, seen)
		if err != nil {
			return err
		}
		if !yes {
			continue
		}
		t.known[seen] = true
		if err := appendSystem(ctx, st, typeRolledBack, rolledBack{Seen: seen, Here: here}); err != nil {
			return err
		}
	}
	return nil
}

// trust is what the system stream says of the record: the doubts that nobody has accepted yet, the oldest first, and all that were ever had.
type trust struct {
	doubts []rolledBack
	known  map[stamp]bool
}

func readTrust(ctx context.Context, r *store.Reader) (trust, error) {
	t := trust{known: map[stamp]bool{}}
	events, err := r.Load(ctx, store.SystemStream, 0)
	if err != nil {
		return t, err
	}
	for _, e := range events {
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
			return t, fmt.Errorf("read %s, event %d: %w", store.SystemStream, e.Version, err)
		}
	}
	return t, nil
}

// doubted says in a sentence why nothing may be executed on the word of the record; empty if it may.
func doubted(ctx context.Context, r *store.Reader) (string, error) {
	t, err := readTrust(ctx, r)
	if err != nil || len(t.doubts) == 0 {
		return "", err
	}
	d := t.doubts[0]
	return fmt.Sprintf("the record is older than what Slack has seen: %s had %d events there, and has %d here; was an old copy of the state restored?",
		d.Seen.Incident, d.Seen.Version, d.Here), nil
}

// AcceptRecord records that a person goes on with a record which is older than what Slack has seen. It returns what was accepted; empty if
// nothing was in doubt.
func AcceptRecord(ctx context.Context, path string) (what string, err error) {
	st, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	t, err := readTrust(ctx, st.Reader)
	if err != nil {
		return "", err
	}
	by := "somebody at the terminal"
	if u, err := user.Current(); err == nil {
		by = u.Username
	}
	var all []string
	for _, d := range t.doubts {
		if err := appendSystem(ctx, st, typeAccepted, accepted{Seen: d.Seen, By: by}); err != nil {
			return "", err
		}
		all = append(all, fmt.Sprintf("%s with %d events, where Slack had seen %d", d.Seen.Incident, d.Here, d.Seen.Version))
	}
	return strings.Join(all, "; "), nil
}

// appendSystem appends to the system stream, whatever others append to it meanwhile.
func appendSystem(ctx context.Context, st *store.Store, typ string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	for range conflictTries {
		version := 0
		info, err := st.Head(ctx, store.SystemStream)
		if err == nil {
			version = info.Version
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		err = st.Append(ctx, store.Write{Stream: store.SystemStream, Version: version,
			Events: []store.NewEvent{{Type: typ, TypeVersion: 1, At: time.Now(), Data: raw}}})
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("record in %s: %w", store.SystemStream, store.ErrConflict)
}
