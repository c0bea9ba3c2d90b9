package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// problemsPerStream bounds a report: who needs the hundredth?
const problemsPerStream = 10

// Problem is one thing that is wrong with a stream, in words.
type Problem struct {
	Stream  string
	Version int // the event it was found at; 0 if it is the stream as a whole
	What    string
}

// String says where the problem is, and what.
func (p Problem) String() string {
	if p.Version == 0 {
		return fmt.Sprintf("%s: %s", p.Stream, p.What)
	}
	return fmt.Sprintf("%s, event %d: %s", p.Stream, p.Version, p.What)
}

// Report is what a verification found.
type Report struct {
	Streams  int       // looked at
	Events   int       // looked at
	Purged   int       // of these, purged on the record
	PurgedBy []string  `json:",omitempty"` // who has purged anything
	Copies   int       // last-good copies looked at
	Blobs    int       // looked at
	Problems []Problem // by stream; at most ten of each

	// Key is why nobody can tell who wrote the record, where nobody can: its key is not there, is another one, or the record was not sealed
	// by it. Of Unverified events the hash could not be checked then.
	Key        string `json:",omitempty"`
	Unverified int    `json:",omitempty"`
}

// OK reports whether nothing is wrong, and the record's key says so.
func (r Report) OK() bool { return len(r.Problems) == 0 && r.Key == "" }

// Why says in words why the record can't be trusted; empty if it can.
func (r Report) Why() string {
	switch {
	case len(r.Problems) > 0:
		return fmt.Sprintf("the record is broken in %d places; see “paramedic audit verify”", len(r.Problems))
	default:
		return r.Key
	}
}

// Broken lists the streams with problems, by name.
func (r Report) Broken() []string {
	var streams []string
	for _, p := range r.Problems {
		streams = append(streams, p.Stream)
	}
	slices.Sort(streams)
	return slices.Compact(streams)
}

// Of lists one stream's problems; none means that it can be trusted, as far as
// it was looked at.
func (r Report) Of(stream string) []Problem {
	return slices.DeleteFunc(slices.Clone(r.Problems), func(p Problem) bool { return p.Stream != stream })
}

// Verify reads all streams and checks that every event is as it was written:
// its data against its digest, its hash against what it covers, the chain
// without gap, purges on the record, and every stream as long as the list of
// streams and the checkpoints say. An error means that it could not look.
func (r *Reader) Verify(ctx context.Context) (Report, error) {
	report, err := r.verify(ctx, "")
	if err != nil {
		return Report{}, fmt.Errorf("verify the streams: %w", err)
	}
	return report, nil
}

// VerifyStream is [Reader.Verify] for one stream and the system stream it
// depends on: what to ask before acting on a stream's word. A stream that was
// never heard of is a problem.
func (r *Reader) VerifyStream(ctx context.Context, stream string) (Report, error) {
	report, err := r.verify(ctx, stream)
	if err != nil {
		return Report{}, fmt.Errorf("verify %s: %w", stream, err)
	}
	return report, nil
}

// verify checks the stream named, or all if none is, within one view of the
// state, so that what is appended meanwhile does not disturb.
func (r *Reader) verify(ctx context.Context, only string) (Report, error) {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	v, err := r.vouch(ctx, tx)
	if err != nil {
		return Report{}, err
	}
	a := newAudit(v)
	if err := eachEvent(ctx, tx, ` WHERE stream = $1 ORDER BY version`, a.system, SystemStream); err != nil {
		return Report{}, err
	}
	infos, err := listStreams(ctx, tx, "")
	if err != nil {
		return Report{}, err
	}
	where, args := ` ORDER BY stream, version`, []any(nil)
	if only != "" {
		where, args = ` WHERE stream IN ($1, $2) ORDER BY stream, version`, []any{only, SystemStream}
	}
	if err := eachEvent(ctx, tx, where, a.event, args...); err != nil {
		return Report{}, err
	}
	if only == "" {
		if err := keptBeside(ctx, tx, a); err != nil {
			return Report{}, err
		}
	}
	return a.finish(infos, only), nil
}

// keptBeside shows the audit the last-good copies and the blobs, one at a time.
func keptBeside(ctx context.Context, q query, a *audit) error {
	copies, err := listCopies(ctx, q)
	if err != nil {
		return err
	}
	for _, g := range copies {
		a.copy(g)
	}
	rows, err := q.QueryContext(ctx, `SELECT hash, data FROM blobs ORDER BY hash`)
	_, err = collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var name string
		var data sql.RawBytes
		if err = rows.Scan(&name, &data); err == nil {
			a.blob(name, data)
		}
		return none, err
	})
	return err
}

// eachEvent streams events to f, so that memory holds one at a time.
func eachEvent(ctx context.Context, q query, where string, f func(Event), args ...any) error {
	rows, err := q.QueryContext(ctx, selectEvents+where, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scanEvent(rows)
		if err != nil {
			return err
		}
		f(e)
	}
	return rows.Err()
}
