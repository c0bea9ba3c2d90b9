package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
)

// Store is what the suite tests. *store.Store has it.
type Store interface {
	Append(ctx context.Context, writes ...store.Write) error
	Load(ctx context.Context, stream string, after int) ([]store.Event, error)
	Streams(ctx context.Context, prefix string) ([]store.StreamInfo, error)
	LastStreams(ctx context.Context, prefix string, limit int) (last []store.StreamInfo, total int, err error)
	Purge(ctx context.Context, p store.Purge) error
	Checkpoint(ctx context.Context, at time.Time) error
	Verify(ctx context.Context) (store.Report, error)
	VerifyStream(ctx context.Context, stream string) (store.Report, error)

	Find(ctx context.Context, names []string, at time.Time) ([]store.Hit, error)
	OpenStreams(ctx context.Context) ([]string, error)
	Projection(ctx context.Context, stream string) (store.Projection, error)
	Unprojected(ctx context.Context, prefix string) ([]string, error)
	Rebuild(ctx context.Context, all ...store.Rebuilt) error
	TakeDuty(ctx context.Context) (*store.Duty, error)
	Claim(ctx context.Context, at, until time.Time, most int) ([]string, error)
	NextDue(ctx context.Context) (time.Time, error)
	Settle(ctx context.Context, all ...store.Settled) error
	SetAside(ctx context.Context, stream, why string) error
	Aside(ctx context.Context) ([]store.Projection, error)
	Collect(ctx context.Context, before time.Time, keep []string) (store.Collected, error)

	Want(ctx context.Context, d store.Delivery, at time.Time) (bool, error)
	Sending(ctx context.Context, d store.Delivery, at time.Time) error
	Sent(ctx context.Context, d store.Delivery, at time.Time) error
	Pending(ctx context.Context, limit int, except ...string) ([]store.Delivery, error)
	Deliveries(ctx context.Context, incident string) ([]store.Delivery, error)
	PendingAt(ctx context.Context, channel string, limit int) ([]store.Delivery, error)
	KeepHomes(ctx context.Context, homes ...string) (int, error)

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
		"what is appended is loaded":                     appendedIsLoaded,
		"a stale version conflicts and writes nothing":   staleVersionConflicts,
		"of concurrent appenders one wins each version":  oneWinsEachVersion,
		"what is out of bounds is refused":               boundsAreKept,
		"streams are listed by prefix":                   streamsByPrefix,
		"a healthy state verifies":                       healthyVerifies,
		"a purge leaves a tombstone and a whole chain":   purgeLeavesTombstone,
		"a purge replaces what it is told to":            purgeReplaces,
		"a checkpoint records only what has grown":       checkpointRecordsGrowth,
		"appends do not disturb a verification":          appendsDoNotDisturb,
		"an unknown stream does not verify":              unknownStreamDoesNotVerify,
		"an append to several streams is one":            appendIsOne,
		"a projection changes with its append or not":    projectionWithAppend,
		"keys lead to what is open, or was until lately": keysLead,
		"a projection can be rebuilt":                    projectionRebuilt,
		"what is due is claimed once":                    claimedOnce,
		"an append makes its stream due though claimed":  appendMakesDue,
		"what was claimed and not settled is due again":  claimRunsOut,
		"a stream set aside stops nobody":                asideStopsNobody,
		"the duty is one process's":                      dutyIsOnes,
		"what is no longer needed is collected":          collected,
		"only the newest delivery counts":                newestDeliveryCounts,
		"a sending without outcome is known":             sendingIsKnown,
		"pending deliveries come oldest first":           pendingOldestFirst,
		"notices are kept apart":                         noticesApart,
		"blobs are named by their content":               blobsByContent,
		"the last good is the one seen last":             lastGoodIsLatest,
		"embeddings come back bit by bit":                embeddingsComeBack,
		"an id is new once, until forgotten":             idIsNewOnce,
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
	return must[int](t)(s.write(stream, version, events))
}

// write appends to one stream and returns its new version.
func (s *suite) write(stream string, version int, events []store.NewEvent) (int, error) {
	if err := s.Append(s.ctx, store.Write{Stream: stream, Version: version, Events: events}); err != nil {
		return 0, err
	}
	return version + len(events), nil
}

// project appends one event with a change to the stream's projection.
func (s *suite) project(t *testing.T, stream string, version int, c store.Change) {
	t.Helper()
	ok(t, s.Append(s.ctx, store.Write{Stream: stream, Version: version, Events: []store.NewEvent{event("Noted", "x")}, Change: &c}))
}
