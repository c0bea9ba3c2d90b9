package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/riverqueue/river"
)

// Job is a hint that something is to be done: a plain struct that encoding/json
// can write and read back. Kind names what handles it, by letters, digits and
// any of - _ . : / +, at least two of them.
type Job interface{ Kind() string }

// delayed is a Job with the time it is for.
type delayed struct {
	Job
	at time.Time
}

// At makes a job wait until a time. Waiting jobs outlive the process. A job
// that waits already and will run sooner stands for this one too.
func At(at time.Time, job Job) Job { return delayed{job, at} }

// Enqueue queues jobs, all or none; at most [MaxJobs], each of at most
// [MaxJobArgs] bytes as JSON. A job is left out if one of the same kind and
// arguments waits already and will run no later. One that is running does not
// count: it may have looked before what this one is to tell happened.
func (s *Store) Enqueue(ctx context.Context, jobs ...Job) error {
	queue, err := prepare(jobs)
	if err != nil {
		return fmt.Errorf("enqueue: %w", err)
	}
	if len(queue) == 0 {
		return nil
	}
	return s.write(ctx, "enqueue", func(tx *sql.Tx) error { return s.insertJobs(ctx, tx, queue) })
}

// EnqueueAt queues jobs to wait until a time; see [At].
func (s *Store) EnqueueAt(ctx context.Context, at time.Time, jobs ...Job) error {
	later := make([]Job, len(jobs))
	for i, j := range jobs {
		later[i] = At(at, j)
	}
	return s.Enqueue(ctx, later...)
}

// queued is a job ready to be written.
type queued struct {
	job  Job
	at   time.Time // zero: now
	args []byte
}

// prepare encodes jobs, before any transaction begins.
func prepare(jobs []Job) ([]queued, error) {
	if len(jobs) > MaxJobs {
		return nil, fmt.Errorf("%d jobs; at most %d can be queued at once", len(jobs), MaxJobs)
	}
	queue := make([]queued, len(jobs))
	for i, job := range jobs {
		q := queued{job: job}
		if d, ok := job.(delayed); ok {
			q.job, q.at = d.Job, d.at
		}
		args, err := json.Marshal(q.job)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", q.job.Kind(), err)
		}
		if len(args) > MaxJobArgs {
			return nil, fmt.Errorf("job %s has %d bytes, at most %d fit: keep the rest as a blob and name its hash", q.job.Kind(), len(args), MaxJobArgs)
		}
		q.args = args
		queue[i] = q
	}
	return queue, nil
}

func (s *Store) insertJobs(ctx context.Context, tx *sql.Tx, queue []queued) error {
	for _, q := range queue {
		due := q.at
		if due.IsZero() {
			due = time.Now() // River's clock is the machine's
		}
		waits, err := isWaiting(ctx, tx, q.job.Kind(), q.args, due, 0)
		if err != nil {
			return fmt.Errorf("job %s: %w", q.job.Kind(), err)
		}
		if waits {
			continue
		}
		res, err := s.jobs.InsertTx(ctx, tx, q.job, &river.InsertOpts{ScheduledAt: q.at})
		if err != nil {
			return fmt.Errorf("job %s: %w", q.job.Kind(), err)
		}
		if q.at.IsZero() {
			continue
		}
		if _, err := tx.ExecContext(ctx, sqlOnTime, res.Job.ID); err != nil {
			return fmt.Errorf("job %s: %w", q.job.Kind(), err)
		}
	}
	return nil
}

// isWaiting reports whether a job other than the one with that id waits, with
// the same kind and arguments, to run by due.
func isWaiting(ctx context.Context, q query, kind string, args []byte, due time.Time, except int64) (waits bool, err error) {
	err = q.QueryRowContext(ctx, sqlWaiting, kind, string(args), sqliteTime(due), except).Scan(&waits)
	return waits, err
}
