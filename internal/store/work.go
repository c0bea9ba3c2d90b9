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
		Logger:                      slog.New(warnings{s.opts.Logger.Handler()}),
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

// warnings passes on what River warns of: it reports on itself by the minute, which nobody who runs a bot reads.
type warnings struct{ slog.Handler }

func (h warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

func (h warnings) WithAttrs(a []slog.Attr) slog.Handler { return warnings{h.Handler.WithAttrs(a)} }
func (h warnings) WithGroup(name string) slog.Handler   { return warnings{h.Handler.WithGroup(name)} }
