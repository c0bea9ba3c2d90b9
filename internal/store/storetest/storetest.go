package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
)

// Store is what the suite tests. *store.Store has it.
type Store interface {
	Append(ctx context.Context, stream string, version int, events []store.NewEvent, jobs []store.Job) (int, error)
	Load(ctx context.Context, stream string, after int) ([]store.Event, error)
	Streams(ctx context.Context, prefix string) ([]store.StreamInfo, error)
	Purge(ctx context.Context, stream string, version int, reason string) error
	Checkpoint(ctx context.Context, at time.Time) error
	Verify(ctx context.Context) (store.Report, error)
	VerifyStream(ctx context.Context, stream string) (store.Report, error)

	Enqueue(ctx context.Context, jobs ...store.Job) error
	EnqueueAt(ctx context.Context, at time.Time, jobs ...store.Job) error
	Work(ctx context.Context, o store.WorkOptions) (*store.Workers, error)

	Want(ctx context.Context, d store.Delivery, at time.Time) (bool, error)
	Sending(ctx context.Context, d store.Delivery, at time.Time) error
	Sent(ctx context.Context, d store.Delivery, at time.Time) error
	Pending(ctx context.Context, limit int, except ...string) ([]store.Delivery, error)
	Deliveries(ctx context.Context, incident string) ([]store.Delivery, error)

	PutBlob(ctx context.Context, data []byte) (string, error)
	Blob(ctx context.Context, hash string) ([]byte, error)
	SetLastGood(ctx context.Context, key, hash string, at time.Time) error
	LastGood(ctx context.Context, key string) (store.Good, bool, error)
	LastGoods(ctx context.Context, key string) ([]store.Good, error)
	PutEmbedding(ctx context.Context, model, chunk string, vector []float32) error
	Embedding(ctx context.Context, model, chunk string) ([]float32, bool, error)
	FirstSeen(ctx context.Context, scope, id string, keep time.Duration) (bool, error)
	Seen(ctx context.Context, scope, id string) (bool, error)
}

// Run tests the stores that open makes: each call gives an empty one, whose
// clock is now, and which is closed by t.Cleanup. The tests run in parallel.
func Run(t *testing.T, open func(t *testing.T, now func() time.Time) Store) {
	for name, test := range tests() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := &clock{now: start}
			test(t, &suite{Store: open(t, clock.Now), ctx: t.Context(), clock: clock})
		})
	}
}

// tests is every test of the suite by its name, which says what holds.
func tests() map[string]func(*testing.T, *suite) {
	return map[string]func(*testing.T, *suite){
		"what is appended is loaded":                       appendedIsLoaded,
		"a stale version conflicts and writes nothing":     staleVersionConflicts,
		"of concurrent appenders one wins each version":    oneWinsEachVersion,
		"events and jobs are written together or not":      eventsAndJobsTogether,
		"what is out of bounds is refused":                 boundsAreKept,
		"streams are listed by prefix":                     streamsByPrefix,
		"a healthy state verifies":                         healthyVerifies,
		"a purge leaves a tombstone and a whole chain":     purgeLeavesTombstone,
		"a checkpoint records only what has grown":         checkpointRecordsGrowth,
		"appends do not disturb a verification":            appendsDoNotDisturb,
		"an unknown stream does not verify":                unknownStreamDoesNotVerify,
		"jobs run with their arguments":                    jobsRun,
		"a job that waits is not queued again":             waitingJobNotDoubled,
		"a job queued while its twin runs runs afterwards": twinRunsAfterwards,
		"a twin asked for while snoozing runs now":         snoozeDoesNotHoldUp,
		"a job for later waits until then":                 laterWaits,
		"snooze and errors bring a job back":               comesBack,
		"a conflict brings a job back at once":             conflictComesBack,
		"a panic is an error":                              panicIsError,
		"a handler's time is limited":                      handlerTimesOut,
		"stop lets running jobs finish":                    stopLetsFinish,
		"stop ends jobs that outlast its grace":            stopEndsStubborn,
		"only one works the jobs":                          oneWorks,
		"only the newest delivery counts":                  newestDeliveryCounts,
		"a sending without outcome is known":               sendingIsKnown,
		"pending deliveries come oldest first":             pendingOldestFirst,
		"blobs are named by their content":                 blobsByContent,
		"the last good is the one seen last":               lastGoodIsLatest,
		"embeddings come back bit by bit":                  embeddingsComeBack,
		"an id is new once, until forgotten":               idIsNewOnce,
	}
}

var start = time.Date(2026, 2, 3, 2, 14, 0, 123456789, time.UTC)

// suite is one test's store, context and clock.
type suite struct {
	Store
	ctx   context.Context
	clock *clock
}

type clock struct{ now time.Time }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

func event(typ, data string) store.NewEvent {
	return store.NewEvent{Type: typ, TypeVersion: 1, At: start, Data: []byte(data)}
}

// must fails the test on an error and passes the value on.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		ok(t, err)
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// append appends one event per text.
func (s *suite) append(t *testing.T, stream string, version int, texts ...string) int {
	t.Helper()
	events := make([]store.NewEvent, len(texts))
	for i, text := range texts {
		events[i] = event("Noted", text)
	}
	return must[int](t)(s.Append(s.ctx, stream, version, events, nil))
}
