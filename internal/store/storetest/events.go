package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/store"
)

func appendedIsLoaded(t *testing.T, s *suite) {
	events := []store.NewEvent{
		{Type: "SignalReceived", TypeVersion: 2, At: start, Data: []byte(`{"not": "touched" }`)},
		{Type: "Empty", At: start.Add(time.Nanosecond).In(time.FixedZone("elsewhere", 3600))},
		{Type: "Bytes", TypeVersion: 1, At: start.Add(time.Hour), Data: []byte{0, 0xff, 0xfe}},
	}
	if v := must[int](t)(s.write("incident/INC-1", 0, events)); v != 3 {
		t.Fatalf("version after three events = %d", v)
	}
	got := must[[]store.Event](t)(s.Load(s.ctx, "incident/INC-1", 0))
	if len(got) != 3 {
		t.Fatalf("loaded %d events, want 3", len(got))
	}
	prev := make([]byte, 32)
	for i, e := range got {
		want := events[i]
		if e.Stream != "incident/INC-1" || e.Version != i+1 || e.Type != want.Type || e.TypeVersion != want.TypeVersion {
			t.Errorf("event %d: %s/%d %s v%d", i, e.Stream, e.Version, e.Type, e.TypeVersion)
		}
		if !e.At.Equal(want.At) || e.At.Location() != time.UTC {
			t.Errorf("event %d: at %v, want %v", i, e.At, want.At.UTC())
		}
		if e.Data == nil || !bytes.Equal(e.Data, want.Data) {
			t.Errorf("event %d: data %q, want %q", i, e.Data, want.Data)
		}
		if !bytes.Equal(e.Prev, prev) || len(e.Hash) != 32 || bytes.Equal(e.Hash, prev) {
			t.Errorf("event %d does not follow the one before", i)
		}
		prev = e.Hash
	}
	if rest := must[[]store.Event](t)(s.Load(s.ctx, "incident/INC-1", 2)); len(rest) != 1 || rest[0].Version != 3 {
		t.Errorf("after 2: %v", rest)
	}
	if none := must[[]store.Event](t)(s.Load(s.ctx, "incident/INC-2", 0)); len(none) != 0 {
		t.Errorf("a stream nobody wrote has %d events", len(none))
	}
}

func staleVersionConflicts(t *testing.T, s *suite) {
	s.append(t, "a", 0, "one", "two")
	for _, version := range []int{0, 1, 3} {
		_, err := s.write("a", version, []store.NewEvent{event("Noted", "late")})
		if !errors.Is(err, store.ErrConflict) {
			t.Errorf("append at %d: %v, want ErrConflict", version, err)
		}
	}
	if _, err := s.write("new", 1, []store.NewEvent{event("Noted", "x")}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("append to a new stream at 1: %v, want ErrConflict", err)
	}
	if n := len(must[[]store.Event](t)(s.Load(s.ctx, "a", 0))); n != 2 {
		t.Errorf("stream has %d events after conflicts, want 2", n)
	}
}

func oneWinsEachVersion(t *testing.T, s *suite) {
	const appenders, versions = 6, 5
	wins := make([]int, versions)
	var mu sync.Mutex
	var all sync.WaitGroup
	for a := range appenders {
		all.Go(func() {
			for v := range versions {
				for { // nobody tries a version before it is due
					_, err := s.write("race", v, []store.NewEvent{event("Noted", fmt.Sprint(a))})
					if err == nil {
						mu.Lock()
						wins[v]++
						mu.Unlock()
						break
					}
					if !errors.Is(err, store.ErrConflict) {
						t.Error(err)
						return
					}
					if events, err := s.Load(s.ctx, "race", v); err != nil || len(events) > 0 {
						break // somebody else won it
					}
				}
			}
		})
	}
	all.Wait()
	if diff := cmp.Diff([]int{1, 1, 1, 1, 1}, wins); diff != "" {
		t.Errorf("winners of each version (-want +got):\n%s", diff)
	}
	s.wantHealthy(t)
}

func boundsAreKept(t *testing.T, s *suite) {
	big := store.NewEvent{Type: "Big", At: start, Data: make([]byte, store.MaxEventData)}
	must[int](t)(s.write("fits", 0, []store.NewEvent{big}))
	bigger := big
	bigger.Data = make([]byte, store.MaxEventData+1)
	refused := map[string]struct {
		stream  string
		version int
		events  []store.NewEvent
	}{
		"data too large":    {"a", 0, []store.NewEvent{bigger}},
		"no events":         {"a", 0, nil},
		"too many events":   {"a", 0, make([]store.NewEvent, store.MaxEvents+1)},
		"no time":           {"a", 0, []store.NewEvent{{Type: "T"}}},
		"a time too far":    {"a", 0, []store.NewEvent{{Type: "T", At: start.AddDate(500, 0, 0)}}},
		"no type":           {"a", 0, []store.NewEvent{{At: start}}},
		"type too long":     {"a", 0, []store.NewEvent{{Type: strings.Repeat("t", store.MaxTypeName+1), At: start}}},
		"no stream":         {"", 0, []store.NewEvent{event("T", "")}},
		"stream with space": {"a b", 0, []store.NewEvent{event("T", "")}},
		"stream too long":   {strings.Repeat("s", store.MaxStreamName+1), 0, []store.NewEvent{event("T", "")}},
		"negative version":  {"a", -1, []store.NewEvent{event("T", "")}},
	}
	for name, test := range refused {
		if _, err := s.write(test.stream, test.version, test.events); err == nil {
			t.Errorf("%s: appended", name)
		}
	}
	if streams := must[[]store.StreamInfo](t)(s.Streams(s.ctx, "")); len(streams) != 1 {
		t.Errorf("streams after refusals: %v", streams)
	}
}

func streamsByPrefix(t *testing.T, s *suite) {
	for _, stream := range []string{"incident/INC-2", "incident/INC-1", "Incident/INC-1", "settings", "incident_x"} {
		s.append(t, stream, 0, "one", "two")
	}
	later := event("Noted", "three")
	later.At = start.Add(time.Hour)
	must[int](t)(s.write("incident/INC-1", 2, []store.NewEvent{later}))

	got := must[[]store.StreamInfo](t)(s.Streams(s.ctx, "incident/"))
	events := must[[]store.Event](t)(s.Load(s.ctx, "incident/INC-1", 2))
	if len(got) != 2 || got[0].Stream != "incident/INC-1" || got[1].Stream != "incident/INC-2" {
		t.Fatalf("streams = %v", got)
	}
	want := store.StreamInfo{Stream: "incident/INC-1", Version: 3, Head: events[0].Hash, FirstAt: start, LastAt: later.At}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("info (-want +got):\n%s", diff)
	}
	if all := must[[]store.StreamInfo](t)(s.Streams(s.ctx, "")); len(all) != 5 {
		t.Errorf("all streams: %v", all)
	}
	for _, stream := range []string{"numbered/9", "numbered/10", "numbered/11"} {
		s.append(t, stream, 0, "one")
	}
	last, total, err := s.LastStreams(s.ctx, "numbered/", 2)
	if err != nil || total != 3 || len(last) != 2 || last[0].Stream != "numbered/11" || last[1].Stream != "numbered/10" {
		t.Errorf("the last: %v of %d, %v", last, total, err)
	}
	if none := must[[]store.StreamInfo](t)(s.Streams(s.ctx, "%")); len(none) != 0 {
		t.Errorf("%% is not a pattern, got %v", none)
	}
}
