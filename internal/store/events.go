package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"unicode/utf8"
)

// SystemStream is where the store itself writes: checkpoints and purges. Others
// may append to it too.
const SystemStream = "system"

// Types of the events the store appends to [SystemStream].
const (
	TypeHeadsRecorded = "HeadsRecorded"
	TypeEventPurged   = "EventPurged"
	TypeDataPurged    = "DataPurged"
	TypeRecordSealed  = "RecordSealed"
)

// Write is one stream's part of an append. Version is the version that the
// caller has read and decided upon, 0 for a stream that is not there yet.
type Write struct {
	Stream  string
	Version int
	Events  []NewEvent
	Change  *Change // to the stream's projection; nil: it has none
}

// Append adds events to streams, with what follows for their projections: all
// of it or nothing. If one of the streams has another version than the caller
// decided upon, nothing is written and the error is [ErrConflict]. A stream may
// be named once.
func (s *Store) Append(ctx context.Context, writes ...Write) error {
	if err := checkWrites(writes); err != nil {
		return fmt.Errorf("append: %w", err)
	}
	return s.write(ctx, "append to "+writes[0].Stream, func(tx *sql.Tx) error { return s.appendAll(ctx, tx, writes) })
}

func (s *Store) appendAll(ctx context.Context, tx *sql.Tx, writes []Write) error {
	for _, w := range writes {
		end, err := streamEnd(ctx, tx, w.Stream)
		if err != nil {
			return err
		}
		if end.Version != w.Version {
			return fmt.Errorf("expected version %d of %s, found %d: %w", w.Version, w.Stream, end.Version, ErrConflict)
		}
		if err := s.appendEvents(ctx, tx, end, w.Events); err != nil {
			return err
		}
		if w.Change == nil {
			continue
		}
		if err := project(ctx, tx, w.Stream, end.Version+len(w.Events), w.Change); err != nil {
			return err
		}
	}
	return nil
}

func checkWrites(writes []Write) error {
	if len(writes) == 0 {
		return errors.New("nothing to append")
	}
	events, streams := 0, map[string]bool{}
	for _, w := range writes {
		if streams[w.Stream] {
			return fmt.Errorf("%s is named twice", w.Stream)
		}
		streams[w.Stream] = true
		if events += len(w.Events); events > MaxEvents {
			return fmt.Errorf("%d events; at most %d can be appended at once", events, MaxEvents)
		}
		if err := w.validate(); err != nil {
			return fmt.Errorf("to %s: %w", w.Stream, err)
		}
	}
	return nil
}

func (w Write) validate() error {
	if err := checkStream(w.Stream); err != nil {
		return err
	}
	if w.Version < 0 {
		return fmt.Errorf("version %d is less than 0", w.Version)
	}
	if len(w.Events) == 0 {
		return errors.New("no events")
	}
	for i, e := range w.Events {
		if e.Type == "" || len(e.Type) > MaxTypeName || !utf8.ValidString(e.Type) {
			return fmt.Errorf("event %d: type %.40q: use 1 to %d characters", i+1, e.Type, MaxTypeName)
		}
		if len(e.Data) > MaxEventData {
			return fmt.Errorf("event %d (%s) has %d bytes, at most %d fit: %w; keep the rest as a blob and name its hash", i+1, e.Type, len(e.Data),
				MaxEventData, ErrTooLarge)
		}
		if err := checkTime(e.At); err != nil {
			return fmt.Errorf("event %d (%s): %w", i+1, e.Type, err)
		}
	}
	if w.Change != nil {
		return w.Change.validate()
	}
	return nil
}

// streamEnd is the end of a stream: version 0 and genesis if it is new.
func streamEnd(ctx context.Context, q query, stream string) (StreamInfo, error) {
	rows, err := q.QueryContext(ctx, selectStreams+` WHERE stream = $1`, stream)
	found, err := collect(rows, err, scanStream)
	if err != nil || len(found) == 0 {
		return StreamInfo{Stream: stream, Head: genesis}, err
	}
	return found[0], nil
}

// appendEvents writes events after the end of a stream. The stream's row goes
// first: of two that try the same version at the same time, the database lets
// one through and shows the other that the version is gone. No event is older
// than the one before it, whatever the clock says.
func (s *Store) appendEvents(ctx context.Context, tx *sql.Tx, end StreamInfo, events []NewEvent) error {
	chained := chain(s.signs, end.Stream, end.Version, end.Head, end.LastAt, events)
	last := chained[len(chained)-1]
	var tip []byte
	if s.signs != nil {
		tip = s.signs.tip(last.Stream, last.Version, last.Hash)
	}
	res, err := tx.ExecContext(ctx, `
		INSERT INTO streams (stream, version, head, first_at, last_at, checkpointed, tip)
		VALUES ($1, $2, $3, $4, $5, 0, $7)
		ON CONFLICT (stream) DO UPDATE SET version = excluded.version, head = excluded.head, last_at = excluded.last_at, tip = excluded.tip
		WHERE streams.version = $6`,
		end.Stream, last.Version, last.Hash, chained[0].At.UnixNano(), last.At.UnixNano(), end.Version, tip)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, ErrConflict)
	}
	insert, err := tx.PrepareContext(ctx, `
		INSERT INTO events (stream, version, type, type_version, at, data, digest, prev, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, e := range chained {
		if _, err := insert.ExecContext(ctx, e.Stream, e.Version, e.Type, e.TypeVersion, e.At.UnixNano(), e.Data, e.Digest, e.Prev,
			e.Hash); err != nil {
			return err
		}
	}
	return nil
}

// Load gives a stream's events after a version, oldest first; after 0 gives
// all. A stream that is not there has no events, which is not an error.
func (r *Reader) Load(ctx context.Context, stream string, after int) ([]Event, error) {
	rows, err := r.db.QueryContext(ctx, selectEvents+` WHERE stream = $1 AND version > $2 ORDER BY version`, stream, after)
	events, err := collect(rows, err, scanEvent)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", stream, err)
	}
	return events, nil
}

const selectEvents = `SELECT stream, version, type, type_version, at, data, digest, prev, hash, purged, kept FROM events`

func scanEvent(rows *sql.Rows) (Event, error) {
	var e Event
	var at int64
	var reason sql.NullString
	var kept []byte
	err := rows.Scan(&e.Stream, &e.Version, &e.Type, &e.TypeVersion, &at, &e.Data, &e.Digest, &e.Prev, &e.Hash, &reason, &kept)
	e.At, e.Purged, e.PurgeReason = fromNanos(at), reason.Valid, reason.String
	switch {
	case e.Purged && kept != nil:
		e.Data = kept
	case !e.Purged && e.Data == nil:
		e.Data = []byte{}
	}
	return e, err
}

// Event returns one event, [ErrNotFound] if the stream has none of that version.
func (r *Reader) Event(ctx context.Context, stream string, version int) (Event, error) {
	rows, err := r.db.QueryContext(ctx, selectEvents+` WHERE stream = $1 AND version = $2`, stream, version)
	events, err := collect(rows, err, scanEvent)
	return onlyRow(events, err, fmt.Sprintf("read %s, event %d", stream, version))
}

// Head returns what is known of a stream without reading it, [ErrNotFound] if
// it is not there.
func (r *Reader) Head(ctx context.Context, stream string) (StreamInfo, error) {
	rows, err := r.db.QueryContext(ctx, selectStreams+` WHERE stream = $1`, stream)
	infos, err := collect(rows, err, scanStream)
	return onlyRow(infos, err, "read the head of "+stream)
}

// Streams lists the streams whose name begins with prefix, by name.
func (r *Reader) Streams(ctx context.Context, prefix string) ([]StreamInfo, error) {
	streams, err := listStreams(ctx, r.db, prefix)
	if err != nil {
		return nil, fmt.Errorf("list streams %s*: %w", prefix, err)
	}
	return streams, nil
}

// LastStreams lists, of the streams whose names are prefix and a number, those with the greatest numbers, at most limit, the greatest
// first, and says how many there are.
func (r *Reader) LastStreams(ctx context.Context, prefix string, limit int) (last []StreamInfo, total int, err error) {
	const of = ` WHERE substr(stream, 1, $1) = $2`
	n := utf8.RuneCountInString(prefix)
	if err = r.db.QueryRowContext(ctx, `SELECT count(*) FROM streams`+of, n, prefix).Scan(&total); err == nil {
		var rows *sql.Rows
		rows, err = r.db.QueryContext(ctx, selectStreams+of+` ORDER BY length(stream) DESC, stream DESC LIMIT $3`, n, prefix, limit)
		last, err = collect(rows, err, scanStream)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("list the last streams %s*: %w", prefix, err)
	}
	return last, total, nil
}

func listStreams(ctx context.Context, q query, prefix string) ([]StreamInfo, error) {
	rows, err := q.QueryContext(ctx, selectStreams+` WHERE substr(stream, 1, $1) = $2 ORDER BY stream`, utf8.RuneCountInString(prefix), prefix)
	return collect(rows, err, scanStream)
}

const selectStreams = `SELECT stream, version, head, first_at, last_at, tip FROM streams`

func scanStream(rows *sql.Rows) (StreamInfo, error) {
	var i StreamInfo
	var first, last int64
	err := rows.Scan(&i.Stream, &i.Version, &i.Head, &first, &last, &i.Tip)
	i.FirstAt, i.LastAt = fromNanos(first), fromNanos(last)
	return i, err
}

// appendSystem appends to the system stream whatever its version is.
func (s *Store) appendSystem(ctx context.Context, tx *sql.Tx, events ...NewEvent) error {
	end, err := streamEnd(ctx, tx, SystemStream)
	if err != nil {
		return err
	}
	return s.appendEvents(ctx, tx, end, events)
}
