package store

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// worker adapts a handler to River.
type worker[T Job] struct {
	river.WorkerDefaults[T]
	timeout time.Duration
	work    func(context.Context, T) error
	runner  *runner
}

func (w *worker[T]) Timeout(*river.Job[T]) time.Duration { return w.timeout }

func (w *worker[T]) NextRetry(job *river.Job[T]) time.Time {
	return time.Now().Add(retryDelay(job.Attempt))
}

func (w *worker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	return w.runner.run(ctx, job.JobRow, func() error { return w.work(ctx, job.Args) })
}

func retryDelay(attempt int) time.Duration {
	if attempt > 6 {
		return lastRetry
	}
	return min(firstRetry<<max(attempt-1, 0), lastRetry)
}

// runner keeps twins (jobs of the same kind and arguments) from running at the
// same time.
type runner struct {
	store   *Store
	mu      sync.Mutex
	running map[string]bool // twins running; true: again afterwards
}

func (r *runner) run(ctx context.Context, row *rivertype.JobRow, work func() error) error {
	key := row.Kind + " " + string(row.EncodedArgs)
	if !r.begin(key) {
		return nil // its twin will run again, also after a crash, being marked as running
	}
	ended := false
	defer func() { // a panic goes on to River, which counts it as an error
		if !ended {
			r.end(key)
		}
	}()
	err := work()
	again := r.end(key)
	ended = true
	return r.settle(ctx, row, err, again)
}

// begin reports whether the job may run; if not, its twin is told to run again.
func (r *runner) begin(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, twin := r.running[key]; twin {
		r.running[key] = true
		return false
	}
	r.running[key] = false
	return true
}

func (r *runner) end(key string) (again bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	again = r.running[key]
	delete(r.running, key)
	return again
}

// settle says what River is to do with a job that ran.
func (r *runner) settle(ctx context.Context, row *rivertype.JobRow, err error, again bool) error {
	var later snooze
	snoozed := errors.As(err, &later)
	switch {
	case errors.Is(err, ErrConflict):
		return river.JobSnooze(0)
	case again && err != nil && !snoozed:
		r.store.opts.Logger.WarnContext(ctx, "job failed and was asked for again meanwhile", "kind", row.Kind, "error", err)
		return river.JobSnooze(firstRetry)
	case again:
		return river.JobSnooze(0)
	case err == nil:
		return nil
	case snoozed:
		if r.twinBy(ctx, row, time.Duration(later)) {
			return nil
		}
		return river.JobSnooze(time.Duration(later))
	default:
		if r.twinBy(ctx, row, retryDelay(row.Attempt)) {
			return river.JobCancel(err) // the twin is the next try
		}
		return err
	}
}

// twinBy reports whether a twin waits to run within d, so that this one need
// not: else each hint for a job that keeps failing would leave one more to try.
func (r *runner) twinBy(ctx context.Context, row *rivertype.JobRow, d time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), busyWait)
	defer cancel()
	waits, err := isWaiting(ctx, r.store.db, row.Kind, row.EncodedArgs, time.Now().Add(d), row.ID)
	if err != nil {
		r.store.opts.Logger.WarnContext(ctx, "look for a twin of a job", slog.String("kind", row.Kind), slog.Any("error", err))
		return false
	}
	return waits
}
