package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Key leads to a stream by a name, such as an alert's fingerprint. Value is
// whatever the caller wants to know of it without reading the stream.
type Key struct{ Name, Value string }

// Change is how an append changes the projection of its stream: whether it
// still concerns somebody, when somebody must look at it next, and the keys by
// which it is found.
type Change struct {
	Open  bool
	Until time.Time // of a stream that is not open: its keys lead to it until then; zero: no longer
	Due   time.Time // zero: nobody need look
	Drop  []string  // keys whose names begin so no longer lead to it
	Keys  []Key     // lead to it from now on; set after Drop
}

func (c *Change) validate() error {
	for _, k := range c.Keys {
		if k.Name == "" || len(k.Name) > MaxKey || len(k.Value) > MaxKey || !utf8.ValidString(k.Name) {
			return fmt.Errorf("key %.40q: a name of 1 to %d bytes, and a value of at most as many", k.Name, MaxKey)
		}
	}
	for _, t := range []time.Time{c.Until, c.Due} {
		if !t.IsZero() {
			if err := checkTime(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// Projection is what is kept of a stream beside its events. It follows from
// them, Due and Aside excepted, which say what was made of them.
type Projection struct {
	Stream  string
	Version int // of the stream, that it follows from
	Open    bool
	Until   time.Time
	Due     time.Time // zero: nobody need look
	Aside   string    // why the stream was set aside; empty if it was not
	Keys    []Key     // by name
}

// project writes the change that follows from a stream's events up to version.
func project(ctx context.Context, tx *sql.Tx, stream string, version int, c *Change) error {
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO projections (stream, version, open, until, due, aside) VALUES ($1, $2, $3, $4, $5, '')
		ON CONFLICT (stream) DO UPDATE SET version = excluded.version, open = excluded.open, until = excluded.until, due = excluded.due`,
		stream, version, bit(c.Open), nanos(c.Until), nullable(c.Due)); err != nil {
		return err
	}
	for _, prefix := range c.Drop {
		if _, err := tx.ExecContext(ctx, `DELETE FROM projection_keys WHERE stream = $1 AND substr(name, 1, $2) = $3`,
			stream, utf8.RuneCountInString(prefix), prefix); err != nil {
			return err
		}
	}
	if len(c.Keys) == 0 {
		return nil
	}
	insert, err := tx.PrepareContext(ctx, `
		INSERT INTO projection_keys (name, stream, value) VALUES ($1, $2, $3)
		ON CONFLICT (name, stream) DO UPDATE SET value = excluded.value`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, k := range c.Keys {
		if _, err := insert.ExecContext(ctx, k.Name, stream, k.Value); err != nil {
			return err
		}
	}
	return nil
}

// Hit is a key that leads to a stream.
type Hit struct {
	Key
	Stream string
	Open   bool
}

// Find lists where the names lead at a time: to streams that are open, or were
// until lately. Streams set aside are left out. In no particular order.
func (r *Reader) Find(ctx context.Context, names []string, at time.Time) ([]Hit, error) {
	const most = 500 // variables of one statement
	var hits []Hit
	for len(names) > 0 {
		n := min(len(names), most)
		args := []any{at.UnixNano()}
		for _, name := range names[:n] {
			args = append(args, name)
		}
		rows, err := r.db.QueryContext(ctx, `
			SELECT k.name, k.value, k.stream, p.open FROM projection_keys k JOIN projections p ON p.stream = k.stream
			WHERE k.name IN (`+placeholders(2, n)+`) AND p.aside = '' AND (p.open = 1 OR p.until > $1)`, args...)
		found, err := collect(rows, err, func(rows *sql.Rows) (Hit, error) {
			var h Hit
			var open int
			err := rows.Scan(&h.Name, &h.Value, &h.Stream, &open)
			h.Open = open == 1
			return h, err
		})
		if err != nil {
			return nil, fmt.Errorf("find streams by their keys: %w", err)
		}
		hits, names = append(hits, found...), names[n:]
	}
	return hits, nil
}

// placeholders is "$from, …" for n values.
func placeholders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

// OpenStreams lists the streams that are open and can be read, the newest first.
func (r *Reader) OpenStreams(ctx context.Context) ([]string, error) {
	rows, err := r.db.QueryContext(ctx, `
		SELECT p.stream FROM projections p JOIN streams s ON s.stream = p.stream
		WHERE p.open = 1 AND p.aside = '' ORDER BY s.first_at DESC, p.stream`)
	open, err := collect(rows, err, scanText)
	if err != nil {
		return nil, fmt.Errorf("list open streams: %w", err)
	}
	return open, nil
}

// Aside lists the streams that were set aside, with the reason.
func (r *Reader) Aside(ctx context.Context) ([]Projection, error) {
	rows, err := r.db.QueryContext(ctx, selectProjections+` WHERE aside <> '' ORDER BY stream`)
	all, err := collect(rows, err, scanProjection)
	if err != nil {
		return nil, fmt.Errorf("list streams set aside: %w", err)
	}
	return all, nil
}

// Projection returns what is kept of a stream, [ErrNotFound] if there is none.
func (r *Reader) Projection(ctx context.Context, stream string) (Projection, error) {
	what := "read the projection of " + stream
	rows, err := r.db.QueryContext(ctx, selectProjections+` WHERE stream = $1`, stream)
	found, err := collect(rows, err, scanProjection)
	p, err := onlyRow(found, err, what)
	if err != nil {
		return p, err
	}
	rows, err = r.db.QueryContext(ctx, `SELECT name, value FROM projection_keys WHERE stream = $1 ORDER BY name`, stream)
	p.Keys, err = collect(rows, err, func(rows *sql.Rows) (Key, error) {
		var k Key
		return k, rows.Scan(&k.Name, &k.Value)
	})
	if err != nil {
		return Projection{}, fmt.Errorf("%s: %w", what, err)
	}
	return p, nil
}

// Unprojected lists the streams with the prefix whose projection does not
// follow from their newest event: written by a program that kept none.
func (r *Reader) Unprojected(ctx context.Context, prefix string) ([]string, error) {
	rows, err := r.db.QueryContext(ctx, `
		SELECT s.stream FROM streams s LEFT JOIN projections p ON p.stream = s.stream
		WHERE substr(s.stream, 1, $1) = $2 AND (p.version IS NULL OR p.version <> s.version) ORDER BY s.stream`,
		utf8.RuneCountInString(prefix), prefix)
	streams, err := collect(rows, err, scanText)
	if err != nil {
		return nil, fmt.Errorf("list streams without a projection: %w", err)
	}
	return streams, nil
}

// Rebuilt is the projection that follows from all of a stream's events up to
// Version. Change.Drop is not read.
type Rebuilt struct {
	Stream  string
	Version int
	Change  Change
}

// Rebuild replaces projections, all or none. A stream that has moved on since
// keeps what its append has made.
func (s *Store) Rebuild(ctx context.Context, all ...Rebuilt) error {
	const what = "rebuild projections"
	for _, r := range all {
		if err := r.Change.validate(); err != nil {
			return fmt.Errorf("%s: %s: %w", what, r.Stream, err)
		}
	}
	return s.write(ctx, what, func(tx *sql.Tx) error {
		for _, r := range all {
			end, err := streamEnd(ctx, tx, r.Stream)
			if err != nil {
				return err
			}
			if end.Version != r.Version {
				continue
			}
			r.Change.Drop = []string{""}
			if err := project(ctx, tx, r.Stream, end.Version, &r.Change); err != nil {
				return err
			}
		}
		return nil
	})
}

const selectProjections = `SELECT stream, version, open, until, due, aside FROM projections`

func scanProjection(rows *sql.Rows) (Projection, error) {
	var p Projection
	var open int
	var until int64
	var due sql.NullInt64
	err := rows.Scan(&p.Stream, &p.Version, &open, &until, &due, &p.Aside)
	p.Open = open == 1
	if until != 0 {
		p.Until = fromNanos(until)
	}
	if due.Valid {
		p.Due = fromNanos(due.Int64)
	}
	return p, err
}

func scanText(rows *sql.Rows) (string, error) {
	var text string
	err := rows.Scan(&text)
	return text, err
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// nanos is a time as it is stored where 0 means none.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// nullable is a time as it is stored where NULL means none.
func nullable(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: nanos(t), Valid: !t.IsZero()}
}
