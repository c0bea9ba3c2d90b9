package storetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/store"
)

func appendIsOne(t *testing.T, s *suite) {
	s.append(t, "a", 0, "one")
	both := func(version int) error {
		return s.Append(s.ctx, store.Write{Stream: "b", Events: []store.NewEvent{event("Noted", "x")}},
			store.Write{Stream: "a", Version: version, Events: []store.NewEvent{event("Noted", "y")}})
	}
	if err := both(7); !errors.Is(err, store.ErrConflict) {
		t.Errorf("one of two at a stale version: %v, want ErrConflict", err)
	}
	if n := len(must[[]store.Event](t)(s.Load(s.ctx, "b", 0))); n != 0 {
		t.Errorf("the other has %d events of it", n)
	}
	ok(t, both(1))
	if n := len(must[[]store.StreamInfo](t)(s.Streams(s.ctx, ""))); n != 2 {
		t.Errorf("%d streams after both were written", n)
	}
	if err := s.Append(s.ctx, store.Write{Stream: "c", Events: []store.NewEvent{event("T", "")}},
		store.Write{Stream: "c", Version: 1, Events: []store.NewEvent{event("T", "")}}); err == nil {
		t.Error("a stream named twice was appended to")
	}
	s.wantHealthy(t)
}

func (s *suite) projection(t *testing.T, stream string) store.Projection {
	t.Helper()
	return must[store.Projection](t)(s.Projection(s.ctx, stream))
}

func projectionWithAppend(t *testing.T, s *suite) {
	if _, err := s.Projection(s.ctx, "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of a stream that is not there: %v", err)
	}
	keys := []store.Key{{Name: "fingerprint/x", Value: "firing"}, {Name: "object/Pod/shop/web"}}
	s.project(t, "a", 0, store.Change{Open: true, Due: start, Keys: keys})
	want := store.Projection{Stream: "a", Version: 1, Open: true, Due: start, Keys: keys}
	if diff := cmp.Diff(want, s.projection(t, "a")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	stale := s.Append(s.ctx, store.Write{Stream: "a", Version: 7, Events: []store.NewEvent{event("Noted", "x")},
		Change: &store.Change{Drop: []string{""}}})
	if !errors.Is(stale, store.ErrConflict) {
		t.Errorf("a stale version: %v", stale)
	}
	if diff := cmp.Diff(want, s.projection(t, "a")); diff != "" {
		t.Errorf("after a conflict (-want +got):\n%s", diff)
	}
	until := start.Add(time.Hour)
	s.project(t, "a", 1, store.Change{Until: until, Drop: []string{"object/"}, Keys: []store.Key{{Name: "fingerprint/x", Value: "resolved"}}})
	want = store.Projection{Stream: "a", Version: 2, Until: until, Keys: []store.Key{{Name: "fingerprint/x", Value: "resolved"}}}
	if diff := cmp.Diff(want, s.projection(t, "a")); diff != "" {
		t.Errorf("after it was closed (-want +got):\n%s", diff)
	}
	for name, bad := range map[string]store.Change{
		"a key without a name": {Keys: []store.Key{{Value: "x"}}},
		"a key too long":       {Keys: []store.Key{{Name: strings.Repeat("k", store.MaxKey+1)}}},
		"a value too long":     {Keys: []store.Key{{Name: "k", Value: strings.Repeat("v", store.MaxKey+1)}}},
		"a time too far":       {Due: start.AddDate(500, 0, 0)},
	} {
		if err := s.Append(s.ctx, store.Write{Stream: "a", Version: 2, Events: []store.NewEvent{event("T", "")}, Change: &bad}); err == nil {
			t.Errorf("%s: appended", name)
		}
	}
}

func keysLead(t *testing.T, s *suite) {
	key := func(name string) []store.Key { return []store.Key{{Name: name, Value: "v"}, {Name: "shared"}} }
	s.project(t, "open", 0, store.Change{Open: true, Keys: key("1")})
	s.project(t, "lately", 0, store.Change{Until: start.Add(time.Hour), Keys: key("2")})
	s.project(t, "long-ago", 0, store.Change{})
	s.project(t, "over", 0, store.Change{Until: start, Keys: key("3")})
	names := []string{"1", "2", "3", "shared", "nobody's"}
	for range 700 { // more than one statement can name
		names = append(names, "nobody's either")
	}
	hits := must[[]store.Hit](t)(s.Find(s.ctx, names, start))
	slices.SortFunc(hits, func(a, b store.Hit) int { return strings.Compare(a.Name+a.Stream, b.Name+b.Stream) })
	want := []store.Hit{{Key: store.Key{Name: "1", Value: "v"}, Stream: "open", Open: true},
		{Key: store.Key{Name: "2", Value: "v"}, Stream: "lately"},
		{Key: store.Key{Name: "shared"}, Stream: "lately"}, {Key: store.Key{Name: "shared"}, Stream: "open", Open: true}}
	if diff := cmp.Diff(want, hits); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if open := must[[]string](t)(s.OpenStreams(s.ctx)); !slices.Equal(open, []string{"open"}) {
		t.Errorf("open: %v", open)
	}
}

func projectionRebuilt(t *testing.T, s *suite) {
	s.append(t, "incident/1", 0, "one", "two") // by a program that kept none
	s.append(t, "settings", 0, "one")
	if got := must[[]string](t)(s.Unprojected(s.ctx, "incident/")); !slices.Equal(got, []string{"incident/1"}) {
		t.Errorf("without a projection: %v", got)
	}
	c := store.Change{Open: true, Due: start, Keys: []store.Key{{Name: "k"}}}
	ok(t, s.Rebuild(s.ctx, store.Rebuilt{Stream: "incident/1", Version: 1, Change: c}))
	if got := must[[]string](t)(s.Unprojected(s.ctx, "incident/")); len(got) != 1 {
		t.Error("a projection was made from events that were no longer all")
	}
	ok(t, s.Rebuild(s.ctx, store.Rebuilt{Stream: "incident/1", Version: 2, Change: c}))
	c.Keys = []store.Key{{Name: "another"}}
	ok(t, s.Rebuild(s.ctx, store.Rebuilt{Stream: "incident/1", Version: 2, Change: c}))
	if diff := cmp.Diff(store.Projection{Stream: "incident/1", Version: 2, Open: true, Due: start, Keys: c.Keys},
		s.projection(t, "incident/1")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := must[[]string](t)(s.Unprojected(s.ctx, "incident/")); len(got) != 0 {
		t.Errorf("without a projection, after all were rebuilt: %v", got)
	}
}
