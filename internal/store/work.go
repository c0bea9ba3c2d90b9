package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
)

const (
	// How often idle workers look for a job, which is what a person waits for at
	// most at each step of the loop.
	pollEvery = 50 * time.Millisecond

	defaultTimeout     = time.Minute
	defaultConcurrency = 8
	defaultGrace       = 10 * time.Second

	// Jobs done are kept this long, for a look when something is odd. The log, not
	// they, is the record.
	keepCompleted = 10 * time.Minute

	firstRetry = time.Second
	lastRetry  = time.Minute
)

// Handler does the jobs of one kind. Make one with [Handle].
type Handler struct {
	kind    string
	timeout time.Duration
	add     func(*river.Workers, *runner) error
}

// Handle makes a handler for the jobs of type T, a struct. work's context ends
// after timeout (0 means a minute) and when the grace of [Workers.Stop] is over;
// work must then return. What it returns decides what follows:
//
//   - nil: done.
//   - [Snooze]: not yet; again later, as often as it likes.
//   - an error: logged, and tried again after 1 s, 2 s, 4 s … 1 minute, 25 times
//     in all. A panic is an error too.
//   - an error that is [ErrConflict]: somebody else appended; again at once.
//
// If the same job was queued while work ran, it runs again afterwards.
func Handle[T Job](timeout time.Duration, work func(ctx context.Context, job T) error) Handler {
	if timeout == 0 {
		timeout = defaultTimeout
	}
	var zero T
	return Handler{
		kind:    zero.Kind(),
		timeout: timeout,
		add: func(ws *river.Workers, r *runner) error {
			return river.AddWorkerSafely(ws, &worker[T]{timeout: timeout, work: work, runner: r})
		},
	}
}

// snooze is what Snooze returns.
type snooze time.Duration

func (s snooze) Error() string { return "not yet; again in " + time.Duration(s).String() }

// Snooze is returned by a handler whose job is to run again after d, without
// that being a failure. Less than 0 means 0.
func Snooze(d time.Duration) error { return snooze(max(d, 0)) }

// WorkOptions say which jobs are worked, and how.
type WorkOptions struct {
	Handlers    []Handler     // one for each kind; at least one
	Concurrency int           // jobs at the same time; 0 means 8
	Grace       time.Duration // how long Stop lets jobs finish before their contexts end; 0 means 10 s
}

func (o WorkOptions) validate() error {
	if len(o.Handlers) == 0 {
		return errors.New("no handlers")
	}
	if o.Concurrency < 0 || o.Grace < 0 {
		return errors.New("a concurrency or grace of less than 0")
	}
	for _, h := range o.Handlers {
		if h.timeout < 0 {
			return fmt.Errorf("handler of %s: a timeout of less than 0", h.kind)
		}
	}
	return nil
}

// Workers are jobs being worked, from [Store.Work] until Stop.
type Workers struct {
	stop func(context.Context) error
}

// Stop lets the jobs that run finish (those that take longer than the grace have
// their contexts ended) and starts no more. It returns when all have, or with
// ctx's error when ctx ends first; then call it again.
func (w *Workers) Stop(ctx context.Context) error { return w.stop(ctx) }

// Work works jobs until [Workers.Stop], in goroutines of its own; ctx is for
// starting only. Jobs that a killed process left running start again at once.
// One process may work a state at a time; a second gets an error that says so.
func (s *Store) Work(ctx context.Context, o WorkOptions) (*Workers, error) {
	w, err := s.startWork(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("work the jobs of %s: %w", s.path, err)
	}
	return w, nil
}

func (s *Store) startWork(ctx context.Context, o WorkOptions) (*Workers, error) {
	client, err := s.workClient(o)
	if err != nil {
		return nil, err
	}
	l, err := takeLock(ctx, s.path, 0)
	if err != nil {
		return nil, err
	}
	if err := s.takeUp(ctx); err != nil {
		return nil, errors.Join(err, l.release())
	}
	// Only Stop stops it: ctx may be a start-up's, with a deadline.
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return nil, errors.Join(err, l.release())
	}
	var once sync.Once
	return &Workers{stop: func(ctx context.Context) error {
		if err := client.Stop(ctx); err != nil {
			return fmt.Errorf("stop working jobs: %w", err)
		}
		var err error
		once.Do(func() { err = l.release() })
		return err
	}}, nil
}

func (s *Store) workClient(o WorkOptions) (*river.Client[*sql.Tx], error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	workers, r := river.NewWorkers(), &runner{store: s, running: map[string]bool{}}
	longest := defaultTimeout
	for _, h := range o.Handlers {
		longest = max(longest, h.timeout)
		if err := h.add(workers, r); err != nil {
			return nil, err
		}
	}
	return river.NewClient(riversqlite.New(s.w), &river.Config{
		Logger:                      s.opts.Logger,
		Workers:                     workers,
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: cmp.Or(o.Concurrency, defaultConcurrency)}},
		FetchCooldown:               pollEvery / 5,
		FetchPollInterval:           pollEvery,
		PollOnly:                    true, // River's listener for SQLite polls as well
		JobTimeout:                  defaultTimeout,
		RescueStuckJobsAfter:        longest + time.Minute,
		SoftStopTimeout:             cmp.Or(o.Grace, defaultGrace),
		CompletedJobRetentionPeriod: keepCompleted,
	})
}

// takeUp makes available what a process that is gone left running. Only who
// holds the lock may call it.
func (s *Store) takeUp(ctx context.Context) error {
	return s.write(ctx, "take up the jobs left running", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, sqlTakeUp); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, sqlLead)
		return err
	})
}

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
