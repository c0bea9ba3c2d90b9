package storetest

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/store"
)

func (s *suite) pending(t *testing.T) []store.Delivery {
	t.Helper()
	return must[[]store.Delivery](t)(s.Pending(s.ctx, 100))
}

func newestDeliveryCounts(t *testing.T, s *suite) {
	want := func(channel, body string) bool {
		return must[bool](t)(s.Want(s.ctx, store.Delivery{Incident: "INC-1", Slot: "root", Channel: channel, Wanted: []byte(body)}, start))
	}
	if !want("#ops", "opened") || !want("#ops", "diagnosed") || want("#ops", "diagnosed") {
		t.Error("a wish is new when it differs, else not")
	}
	p := s.pending(t)
	if len(p) != 1 || string(p[0].Wanted) != "diagnosed" || p[0].TS != "" || p[0].Channel != "#ops" {
		t.Fatalf("pending: %+v", p)
	}
	want("#ops", "resolved") // while "diagnosed" is being sent
	d := p[0]
	d.Channel, d.TS = "C042", "1700000000.000100"
	ok(t, s.Sent(s.ctx, d, start))
	p = s.pending(t)
	if len(p) != 1 || string(p[0].Wanted) != "resolved" || p[0].TS != d.TS || p[0].Channel != "C042" {
		t.Fatalf("pending after an older state was sent: %+v", p)
	}
	ok(t, s.Sent(s.ctx, p[0], start.Add(time.Second)))
	if p := s.pending(t); len(p) != 0 {
		t.Errorf("pending after all was sent: %+v", p)
	}
	want("#elsewhere", "reopened")
	want("#elsewhere", "resolved") // as it looks already
	if p := s.pending(t); len(p) != 0 {
		t.Errorf("wanted as sent, and pending: %+v", p)
	}
	all := must[[]store.Delivery](t)(s.Deliveries(s.ctx, "INC-1"))
	if len(all) != 1 || all[0].Channel != "C042" || all[0].TS != d.TS {
		t.Errorf("a message that was sent stays where it is: %+v", all)
	}
	if err := s.Sent(s.ctx, store.Delivery{Incident: "INC-9", Slot: "root"}, start); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("sent what nobody wanted: %v", err)
	}
	for name, bad := range map[string]store.Delivery{
		"no body":     {Incident: "a", Slot: "b"},
		"no incident": {Slot: "b", Wanted: []byte("x")},
		"too large":   {Incident: "a", Slot: "b", Wanted: make([]byte, store.MaxDelivery+1)},
	} {
		if _, err := s.Want(s.ctx, bad, start); err == nil {
			t.Errorf("%s: wanted", name)
		}
	}
}

func sendingIsKnown(t *testing.T, s *suite) {
	d := store.Delivery{Incident: "INC-1", Slot: "root", Channel: "C1", Wanted: []byte("x")}
	must[bool](t)(s.Want(s.ctx, d, start))
	if p := s.pending(t); !p[0].SendingAt.IsZero() {
		t.Errorf("nothing was begun: %+v", p)
	}
	ok(t, s.Sending(s.ctx, d, start.Add(time.Second)))
	p := s.pending(t)
	if !p[0].SendingAt.Equal(start.Add(time.Second)) {
		t.Errorf("sending at %v", p[0].SendingAt)
	}
	p[0].TS = "1.2"
	ok(t, s.Sent(s.ctx, p[0], start.Add(2*time.Second)))
	all := must[[]store.Delivery](t)(s.Deliveries(s.ctx, "INC-1"))
	if !all[0].SendingAt.IsZero() || all[0].SentHash != all[0].WantedHash {
		t.Errorf("after the outcome: %+v", all[0])
	}
	if err := s.Sending(s.ctx, store.Delivery{Incident: "INC-9", Slot: "root"}, start); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("sending what nobody wanted: %v", err)
	}
}

func pendingOldestFirst(t *testing.T, s *suite) {
	for i, slot := range []string{"c", "a", "b"} {
		d := store.Delivery{Incident: "INC-1", Slot: slot, Channel: "to-" + slot, Wanted: []byte("x")}
		must[bool](t)(s.Want(s.ctx, d, start.Add(time.Duration(i)*time.Second)))
	}
	var got []string
	for _, d := range must[[]store.Delivery](t)(s.Pending(s.ctx, 2)) {
		got = append(got, d.Slot)
	}
	if diff := cmp.Diff([]string{"c", "a"}, got); diff != "" {
		t.Errorf("pending, at most two (-want +got):\n%s", diff)
	}
	if rest := must[[]store.Delivery](t)(s.Pending(s.ctx, 2, "to-c", "to-a")); len(rest) != 1 || rest[0].Slot != "b" {
		t.Errorf("pending, but for two channels: %v", rest)
	}
}

func noticesApart(t *testing.T, s *suite) {
	for i, home := range []string{"home:a", "home:b"} {
		for n := range 3 {
			d := store.Delivery{Incident: fmt.Sprintf("INC-%d", n+1), Slot: home, Channel: home, Wanted: []byte("x")}
			must[bool](t)(s.Want(s.ctx, d, start.Add(time.Duration(3*i+n)*time.Second)))
		}
	}
	must[bool](t)(s.Want(s.ctx, store.Delivery{Incident: "INC-1", Slot: "root", Channel: "home", Wanted: []byte("x")}, start))
	if p := s.pending(t); len(p) != 1 || p[0].Slot != "root" {
		t.Errorf("pending beside notices: %+v", p)
	}
	if all := must[[]store.Delivery](t)(s.Deliveries(s.ctx, "INC-1")); len(all) != 1 || all[0].Slot != "root" {
		t.Errorf("an incident's messages beside its notices: %+v", all)
	}
	at := must[[]store.Delivery](t)(s.PendingAt(s.ctx, "home:b", 2))
	if len(at) != 2 || at[0].Incident != "INC-1" || at[1].Incident != "INC-2" || at[0].Channel != "home:b" {
		t.Errorf("waiting for one home, at most two: %+v", at)
	}
	at[0].TS = "began"
	ok(t, s.Sent(s.ctx, at[0], start))
	if n := must[int](t)(s.KeepHomes(s.ctx, "home:b")); n != 3 {
		t.Errorf("%d notices of a home that is gone were forgotten, not 3", n)
	}
	if at = must[[]store.Delivery](t)(s.PendingAt(s.ctx, "home:b", 9)); len(at) != 2 || len(s.pending(t)) != 1 {
		t.Errorf("what is left: %+v", at)
	}
}

func blobsByContent(t *testing.T, s *suite) {
	hash := must[string](t)(s.PutBlob(s.ctx, []byte("hello")))
	if hash != "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" {
		t.Errorf("hash of hello = %s", hash)
	}
	if again := must[string](t)(s.PutBlob(s.ctx, []byte("hello"))); again != hash {
		t.Errorf("the same data has two names: %s", again)
	}
	if data := must[[]byte](t)(s.Blob(s.ctx, hash)); string(data) != "hello" {
		t.Errorf("blob = %q", data)
	}
	empty := must[string](t)(s.PutBlob(s.ctx, nil))
	if data := must[[]byte](t)(s.Blob(s.ctx, empty)); len(data) != 0 {
		t.Errorf("empty blob = %q", data)
	}
	for _, name := range []string{strings.Repeat("0", 64), "", "no hash"} {
		if _, err := s.Blob(s.ctx, name); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("blob %q: %v", name, err)
		}
	}
	if _, err := s.PutBlob(s.ctx, make([]byte, store.MaxBlob+1)); err == nil {
		t.Error("a blob that is too large was kept")
	}
}

func lastGoodIsLatest(t *testing.T, s *suite) {
	const key = "configmap/kube-system/coredns"
	if _, found, err := s.LastGood(s.ctx, key); found || err != nil {
		t.Errorf("last good of what was never recorded: %v, %v", found, err)
	}
	if err := s.SetLastGood(s.ctx, key, strings.Repeat("0", 64), start); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("last good without its blob: %v", err)
	}
	var hashes []string
	for i := range 7 {
		hash := must[string](t)(s.PutBlob(s.ctx, fmt.Appendf(nil, "version %d", i)))
		ok(t, s.SetLastGood(s.ctx, key, hash, start.Add(time.Duration(i)*time.Minute)))
		hashes = append(hashes, hash)
	}
	ok(t, s.SetLastGood(s.ctx, key, hashes[4], start.Add(time.Hour))) // changed back
	ok(t, s.SetLastGood(s.ctx, key, hashes[6], start))                // told late
	good, found, err := s.LastGood(s.ctx, key)
	if err != nil || !found || good.Hash != hashes[4] || !good.At.Equal(start.Add(time.Hour)) {
		t.Errorf("last good = %+v, %v, %v", good, found, err)
	}
	var history []string
	for _, g := range must[[]store.Good](t)(s.LastGoods(s.ctx, key)) {
		history = append(history, g.Hash)
	}
	if diff := cmp.Diff([]string{hashes[4], hashes[6], hashes[5], hashes[3], hashes[2]}, history); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

func embeddingsComeBack(t *testing.T, s *suite) {
	vector := []float32{0, -1.5, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(-1))}
	ok(t, s.PutEmbedding(s.ctx, "sha256:m", "sha256:c", []float32{1}))
	ok(t, s.PutEmbedding(s.ctx, "sha256:m", "sha256:c", vector))
	got, found, err := s.Embedding(s.ctx, "sha256:m", "sha256:c")
	if err != nil || !found {
		t.Fatal(found, err)
	}
	if diff := cmp.Diff(vector, got); diff != "" {
		t.Errorf("vector (-want +got):\n%s", diff)
	}
	if _, found, err := s.Embedding(s.ctx, "sha256:other", "sha256:c"); found || err != nil {
		t.Errorf("another model's embedding: %v, %v", found, err)
	}
	if err := s.PutEmbedding(s.ctx, "m", "c", nil); err == nil {
		t.Error("an empty embedding was kept")
	}
}

func idIsNewOnce(t *testing.T, s *suite) {
	first := func(scope, id string) bool { return must[bool](t)(s.FirstSeen(s.ctx, scope, id, time.Hour)) }
	seen := func(id string) bool { return must[bool](t)(s.Seen(s.ctx, "slack", id)) }
	long := strings.Repeat("x", 1<<20)
	if before := seen("Ev1"); before || seen("Ev1") {
		t.Error("looking for an id remembers it")
	}
	if !first("slack", "Ev1") || !first("webhook", "Ev1") || !first("slack", long) || !first("slack", "") {
		t.Error("a new id was seen before")
	}
	if !seen("Ev1") || !seen(long) || seen("Ev2") {
		t.Error("what is remembered is not seen")
	}
	s.clock.advance(59 * time.Minute)
	if first("slack", "Ev1") || first("slack", long) || first("slack", "") {
		t.Error("an id that came again was new")
	}
	s.clock.advance(2 * time.Minute) // counted from the first time, not the last
	if !first("slack", "Ev1") {
		t.Error("an id was kept past its time")
	}
	if _, err := s.FirstSeen(s.ctx, "slack", "Ev2", 0); err == nil {
		t.Error("remembered for no time")
	}
}
