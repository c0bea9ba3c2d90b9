package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// Duty is the right to act on what is due. One process has it at a time; the
// system takes it back when the process dies, however it dies.
type Duty struct {
	l    *lock
	once sync.Once
}

// dutyWithin is longer than [Reader.OnDuty] has the duty.
const dutyWithin = 250 * time.Millisecond

// TakeDuty takes the duty, or fails within a moment with an error that says that
// another process has it. What a process that is gone had claimed is due again.
func (s *Store) TakeDuty(ctx context.Context) (*Duty, error) {
	what := "take up the work of " + s.path
	l, err := takeLock(ctx, s.path, dutyWithin)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	err = s.write(ctx, what, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE projections SET due = $1, aside = '' WHERE due IS NOT NULL OR aside <> ''`, s.opts.Now().UnixNano())
		return err
	})
	if err != nil {
		return nil, errors.Join(err, l.release())
	}
	return &Duty{l: l}, nil
}

// OnDuty says whether a process has the duty, as "paramedic serve" has while it runs. To see that, it has it itself for a moment.
func (r *Reader) OnDuty(ctx context.Context) (bool, error) {
	if _, err := os.Stat(r.path + ".lock"); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	l, err := takeLock(ctx, r.path, 0)
	if errors.Is(err, errLocked) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look whether somebody works on %s: %w", r.path, err)
	}
	return false, l.release()
}

// End gives the duty back. Again, it does nothing.
func (d *Duty) End() (err error) {
	d.once.Do(func() { err = d.l.release() })
	return err
}

// Claim lists the streams that are due at a time, the longest waiting first,
// at most so many, and makes them due again at until: who claims a stream and
// dies before [Store.Settle] leaves it to be claimed again. An append makes a
// stream due as its [Change] says, claimed or not.
func (s *Store) Claim(ctx context.Context, at, until time.Time, most int) ([]string, error) {
	const what = "claim what is due"
	// Most of the time nothing is due, and who only looks need not wait for who writes.
	next, err := s.NextDue(ctx)
	if err != nil || next.IsZero() || next.After(at) {
		return nil, err
	}
	var streams []string
	err = s.write(ctx, what, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT stream FROM projections WHERE due <= $1 AND aside = '' ORDER BY due, stream LIMIT $2`,
			at.UnixNano(), most)
		if streams, err = collect(rows, err, scanText); err != nil {
			return err
		}
		for _, stream := range streams {
			if _, err := tx.ExecContext(ctx, `UPDATE projections SET due = $2 WHERE stream = $1`, stream, until.UnixNano()); err != nil {
				return err
			}
		}
		return nil
	})
	return streams, err
}

// NextDue is when the first stream is due; zero if none ever is.
func (r *Reader) NextDue(ctx context.Context) (time.Time, error) {
	var due sql.NullInt64
	if err := r.db.QueryRowContext(ctx, `SELECT min(due) FROM projections WHERE due IS NOT NULL AND aside = ''`).Scan(&due); err != nil {
		return time.Time{}, fmt.Errorf("look when something is due: %w", err)
	}
	if !due.Valid {
		return time.Time{}, nil
	}
	return fromNanos(due.Int64), nil
}

// Settled says when a stream that was claimed, and looked at in that version,
// is due next; zero: when something is appended to it.
type Settled struct {
	Stream  string
	Version int
	Due     time.Time
}

// Settle records when streams are due next. One that has moved on since it was
// looked at stays due as the append made it.
func (s *Store) Settle(ctx context.Context, all ...Settled) error {
	if len(all) == 0 {
		return nil
	}
	return s.write(ctx, "record when streams are due next", func(tx *sql.Tx) error {
		for _, d := range all {
			if _, err := tx.ExecContext(ctx, `UPDATE projections SET due = $3 WHERE stream = $1 AND version = $2`,
				d.Stream, d.Version, nullable(d.Due)); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetAside takes a stream that can't be read out of what is due, found and
// open, so that it stops nobody else's. The next [Store.TakeDuty] tries again.
func (s *Store) SetAside(ctx context.Context, stream, why string) error {
	if why == "" || len(why) > MaxKey {
		return fmt.Errorf("set %s aside: give a reason of 1 to %d bytes", stream, MaxKey)
	}
	return s.changeRow(ctx, "set "+stream+" aside", `
		INSERT INTO projections (stream, version, open, until, due, aside) SELECT stream, 0, 1, 0, NULL, $2 FROM streams WHERE stream = $1
		ON CONFLICT (stream) DO UPDATE SET aside = excluded.aside`, stream, why)
}
