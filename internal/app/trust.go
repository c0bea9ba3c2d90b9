package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os/user"
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

// compareWithSlack records, once, that Slack has seen more of the record than there is here.
func compareWithSlack(ctx context.Context, st *store.Store, newest map[string]any) error {
	seen, ok := readStamp(newest)
	if !ok {
		return nil
	}
	here, yes, err := differ(ctx, st.Reader, seen)
	if err != nil || !yes {
		return err
	}
	t, err := readTrust(ctx, st.Reader)
	if err != nil || t.accepted[seen] || t.doubt != nil && t.doubt.Seen == seen {
		return err
	}
	return appendSystem(ctx, st, typeRolledBack, rolledBack{Seen: seen, Here: here})
}

// trust is what the system stream says of the record: the doubt that nobody has accepted yet, nil if there is none.
type trust struct {
	doubt    *rolledBack
	accepted map[stamp]bool
}

func readTrust(ctx context.Context, r *store.Reader) (trust, error) {
	t := trust{accepted: map[stamp]bool{}}
	events, err := r.Load(ctx, store.SystemStream, 0)
	if err != nil {
		return t, err
	}
	for _, e := range events {
		switch e.Type {
		case typeRolledBack:
			var d rolledBack
			if err := json.Unmarshal(e.Data, &d); err != nil {
				return t, fmt.Errorf("read %s, event %d: %w", store.SystemStream, e.Version, err)
			}
			t.doubt = &d
		case typeAccepted:
			var a accepted
			if err := json.Unmarshal(e.Data, &a); err != nil {
				return t, fmt.Errorf("read %s, event %d: %w", store.SystemStream, e.Version, err)
			}
			t.accepted[a.Seen] = true
			if t.doubt != nil && t.doubt.Seen == a.Seen {
				t.doubt = nil
			}
		}
	}
	return t, nil
}

// doubted says in a sentence why nothing may be executed on the word of the record; empty if it may.
func doubted(ctx context.Context, r *store.Reader) (string, error) {
	t, err := readTrust(ctx, r)
	if err != nil || t.doubt == nil {
		return "", err
	}
	return fmt.Sprintf("the record is older than what Slack has seen: %s had %d events there, and has %d here; was an old copy of the state restored?",
		t.doubt.Seen.Incident, t.doubt.Seen.Version, t.doubt.Here), nil
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
	if err != nil || t.doubt == nil {
		return "", err
	}
	by := "somebody at the terminal"
	if u, err := user.Current(); err == nil {
		by = u.Username
	}
	if err := appendSystem(ctx, st, typeAccepted, accepted{Seen: t.doubt.Seen, By: by}); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s with %d events, where Slack had seen %d", t.doubt.Seen.Incident, t.doubt.Here, t.doubt.Seen.Version), nil
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
