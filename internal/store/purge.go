package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// purged is the data of an EventPurged: an event's data was removed, or replaced by what Kept is the digest of.
type purged struct {
	Stream  string `json:"stream"`
	Version int    `json:"version"`
	Reason  string `json:"reason"`
	By      string `json:"by,omitempty"`
	Kept    string `json:"kept,omitempty"` // hex
}

// dataPurged is the data of a DataPurged: what else was removed with the same decision.
type dataPurged struct {
	Reason     string   `json:"reason"`
	By         string   `json:"by,omitempty"`
	Blobs      []string `json:"blobs,omitempty"`
	Copies     []string `json:"copies,omitempty"` // keys of last-good copies
	Deliveries int      `json:"deliveries,omitempty"`
	Embeddings int      `json:"embeddings,omitempty"`
}

// Purge is what a person has removed from the state for good, for instance
// because a secret leaked into it.
type Purge struct {
	By, Reason string // the record says both
	// Events are replaced by what Data holds, or left as tombstones where it is nil. Type, time, digest and hash stay.
	Events []Purged
	Blobs  []string // removed, with the last-good copies that name them
	// Deliveries get what they name as wanted, unless something else is wanted since WantedHash.
	Deliveries []Delivery
	Embeddings []string // of these chunks, by any model, are removed
	Writes     []Write  // appended with it, as by Append
}

// Purged is an event, and what is to be left of its data.
type Purged struct {
	Stream  string
	Version int
	Data    []byte
}

func (p *Purge) validate() error {
	for _, text := range []string{p.By, p.Reason} {
		if text == "" || len(text) > MaxPurgeReason || !utf8.ValidString(text) {
			return fmt.Errorf("say who purges and why, each in 1 to %d bytes", MaxPurgeReason)
		}
	}
	for _, e := range p.Events {
		switch {
		case e.Stream == SystemStream:
			return fmt.Errorf("the stream %q records purges and can't be purged", SystemStream)
		case len(e.Data) > MaxEventData:
			return fmt.Errorf("%s, event %d: what is left has %d bytes: %w", e.Stream, e.Version, len(e.Data), ErrTooLarge)
		}
	}
	if len(p.Writes) > 0 {
		return checkWrites(p.Writes)
	}
	return nil
}

// Purge removes what it names, all or nothing, records who did it in
// [SystemStream], and scrubs the files, so that no trace is left in them. A
// tombstone, or a replacement, without that record is a broken stream to Verify.
// The error is [ErrNotFound] if there is no such event; what was purged so
// before stays as it is.
func (s *Store) Purge(ctx context.Context, p Purge) error {
	const what = "purge"
	if err := p.validate(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	err := s.write(ctx, what, func(tx *sql.Tx) error {
		var record []NewEvent
		for _, e := range p.Events {
			done, err := replace(ctx, tx, e, p.Reason)
			if err != nil {
				return err
			}
			if done {
				continue
			}
			entry := purged{Stream: e.Stream, Version: e.Version, Reason: p.Reason, By: p.By}
			if e.Data != nil {
				entry.Kept = hex.EncodeToString(digestOf(e.Data))
			}
			record = append(record, s.systemEvent(TypeEventPurged, entry))
		}
		rest, err := p.beside(ctx, tx)
		if err != nil {
			return err
		}
		if len(rest.Blobs)+rest.Deliveries+rest.Embeddings > 0 {
			record = append(record, s.systemEvent(TypeDataPurged, rest))
		}
		if len(record) > 0 {
			if err := s.appendSystem(ctx, tx, record...); err != nil {
				return err
			}
		}
		return s.appendAll(ctx, tx, p.Writes)
	})
	if err != nil {
		return err
	}
	return s.Scrub(ctx)
}

func (s *Store) systemEvent(typ string, data any) NewEvent {
	raw, err := json.Marshal(data)
	if err != nil { // texts and numbers always encode
		panic(err)
	}
	return NewEvent{Type: typ, TypeVersion: 1, At: s.opts.Now(), Data: raw}
}

// replace leaves of an event what is to be left; done says that it was so before.
func replace(ctx context.Context, tx *sql.Tx, e Purged, reason string) (done bool, err error) {
	rows, err := tx.QueryContext(ctx, selectEvents+` WHERE stream = $1 AND version = $2`, e.Stream, e.Version)
	found, err := collect(rows, err, scanEvent)
	old, err := onlyRow(found, err, fmt.Sprintf("%s, event %d", e.Stream, e.Version))
	if err != nil {
		return false, err
	}
	if old.Purged && (old.Data == nil) == (e.Data == nil) && bytes.Equal(old.Data, e.Data) {
		return true, nil
	}
	_, err = tx.ExecContext(ctx, `UPDATE events SET data = NULL, kept = $4, purged = $3 WHERE stream = $1 AND version = $2`, e.Stream,
		e.Version, reason, e.Data)
	return false, err
}

// beside removes what is not in events.
func (p *Purge) beside(ctx context.Context, tx *sql.Tx) (dataPurged, error) {
	r := dataPurged{Reason: p.Reason, By: p.By}
	for _, hash := range p.Blobs {
		rows, err := tx.QueryContext(ctx, `SELECT DISTINCT key FROM last_good WHERE hash = $1 ORDER BY key`, hash)
		keys, err := collect(rows, err, scanText)
		if err != nil {
			return r, err
		}
		r.Copies = append(r.Copies, keys...)
		if _, err := tx.ExecContext(ctx, `DELETE FROM last_good WHERE hash = $1`, hash); err != nil {
			return r, err
		}
		n, err := removed(tx.ExecContext(ctx, `DELETE FROM blobs WHERE hash = $1`, hash))
		if err != nil {
			return r, err
		}
		if n > 0 {
			r.Blobs = append(r.Blobs, hash)
		}
	}
	for _, d := range p.Deliveries {
		n, err := removed(tx.ExecContext(ctx, `UPDATE deliveries SET wanted = $3, wanted_hash = $4 WHERE incident = $1 AND slot = $2 AND wanted_hash = $5`,
			d.Incident, d.Slot, d.Wanted, hex.EncodeToString(digestOf(d.Wanted)), d.WantedHash))
		if err != nil {
			return r, err
		}
		r.Deliveries += n
	}
	for _, chunk := range p.Embeddings {
		n, err := removed(tx.ExecContext(ctx, `DELETE FROM embeddings WHERE chunk = $1`, chunk))
		if err != nil {
			return r, err
		}
		r.Embeddings += n
	}
	return r, nil
}

// scrubTries bounds how long Scrub waits for those who read.
const scrubTries = 20

// Scrub empties the write-ahead log, in which what was removed would remain.
func (s *Store) Scrub(ctx context.Context) (err error) {
	for range scrubTries {
		if err = scrub(ctx, s.w); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("purged, but traces may remain in %s-wal until the next restart: %w", s.path, err)
}

// BlobHashes lists the names of all blobs.
func (r *Reader) BlobHashes(ctx context.Context) ([]string, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT hash FROM blobs ORDER BY hash`)
	all, err := collect(rows, err, scanText)
	if err != nil {
		return nil, fmt.Errorf("list blobs: %w", err)
	}
	return all, nil
}

// AllDeliveries shows f every delivery.
func (r *Reader) AllDeliveries(ctx context.Context, f func(Delivery)) error {
	rows, err := r.db.QueryContext(ctx, selectDeliveries+` ORDER BY incident, slot`)
	_, err = collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		d, err := scanDelivery(rows)
		if err == nil {
			f(d)
		}
		return none, err
	})
	if err != nil {
		return fmt.Errorf("list deliveries: %w", err)
	}
	return nil
}
