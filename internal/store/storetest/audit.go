package storetest

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
)

func (s *suite) wantHealthy(t *testing.T) store.Report {
	t.Helper()
	report := must[store.Report](t)(s.Verify(s.ctx))
	if !report.OK() {
		t.Errorf("problems: %v", report.Problems)
	}
	return report
}

func healthyVerifies(t *testing.T, s *suite) {
	if r := s.wantHealthy(t); r.Streams != 0 {
		t.Errorf("an empty state has %d streams", r.Streams)
	}
	s.append(t, "a", 0, "one", "two")
	s.append(t, "b", 0, "one")
	ok(t, s.Checkpoint(s.ctx, start))
	s.append(t, "a", 2, "three") // after the checkpoint
	s.append(t, "c", 0, "one")   // unknown to the checkpoint
	if r := s.wantHealthy(t); r.Streams != 4 || r.Events != 6 {
		t.Errorf("looked at %d streams, %d events", r.Streams, r.Events)
	}
	if r := must[store.Report](t)(s.VerifyStream(s.ctx, "a")); !r.OK() || r.Streams != 2 || r.Events != 4 {
		t.Errorf("a alone, with system: %+v", r)
	}
}

func gone(stream string, version int, why string) store.Purge {
	return store.Purge{By: "ada", Reason: why, Events: []store.Purged{{Stream: stream, Version: version}}}
}

func purgeReplaces(t *testing.T, s *suite) {
	s.append(t, "a", 0, "one", "the password is hunter2", "three")
	blob := must[string](t)(s.PutBlob(s.ctx, []byte("hunter2")))
	ok(t, s.SetLastGood(s.ctx, "k", blob, start))
	ok(t, s.PutEmbedding(s.ctx, "m", "c", []float32{1}))
	want := store.Delivery{Incident: "I", Slot: "root", Channel: "C", Wanted: []byte("hunter2")}
	must[bool](t)(s.Want(s.ctx, want, start))
	d := must[[]store.Delivery](t)(s.Deliveries(s.ctx, "I"))[0]
	d.Wanted = []byte("[purged]")
	stale := d
	stale.Slot, stale.WantedHash = "root", "another"
	more := store.Write{Stream: "a", Version: 3, Events: []store.NewEvent{event("Purged", "")}}
	p := store.Purge{By: "ada", Reason: "a password leaked",
		Events: []store.Purged{{Stream: "a", Version: 2, Data: []byte("the password is [purged]")}},
		Blobs:  []string{blob}, Deliveries: []store.Delivery{stale, d}, Embeddings: []string{"c"}, Writes: []store.Write{more}}
	ok(t, s.Purge(s.ctx, p))
	p.Writes = nil
	ok(t, s.Purge(s.ctx, p)) // twice is once
	events := must[[]store.Event](t)(s.Load(s.ctx, "a", 0))
	if e := events[1]; !e.Purged || string(e.Data) != "the password is [purged]" || len(events) != 4 {
		t.Errorf("what is left: %+v of %d", e, len(events))
	}
	if _, err := s.Blob(s.ctx, blob); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the blob: %v", err)
	}
	if _, found, err := s.LastGood(s.ctx, "k"); found || err != nil {
		t.Errorf("the copy is still offered: %v", err)
	}
	if _, found, err := s.Embedding(s.ctx, "m", "c"); found || err != nil {
		t.Errorf("the embedding is still there: %v", err)
	}
	if d := must[[]store.Delivery](t)(s.Deliveries(s.ctx, "I"))[0]; string(d.Wanted) != "[purged]" || d.WantedHash == d.SentHash {
		t.Errorf("the message: %+v", d)
	}
	if r := s.wantHealthy(t); r.Purged != 1 || len(r.PurgedBy) != 1 || r.PurgedBy[0] != "ada" {
		t.Errorf("report: %+v", r)
	}
	if record := must[[]store.Event](t)(s.Load(s.ctx, store.SystemStream, 0)); len(record) != 2 {
		t.Errorf("record of the purge: %+v", record)
	}
}

func purgeLeavesTombstone(t *testing.T, s *suite) {
	s.append(t, "a", 0, "one", "the password is hunter2", "three")
	before := must[[]store.Event](t)(s.Load(s.ctx, "a", 0))
	ok(t, s.Purge(s.ctx, gone("a", 2, "a password leaked")))
	ok(t, s.Purge(s.ctx, gone("a", 2, "a password leaked"))) // twice is once

	after := must[[]store.Event](t)(s.Load(s.ctx, "a", 0))
	e := after[1]
	if e.Data != nil || !e.Purged || e.PurgeReason != "a password leaked" {
		t.Errorf("tombstone: %+v", e)
	}
	if !bytes.Equal(e.Digest, before[1].Digest) || !bytes.Equal(e.Hash, before[1].Hash) || e.Type != "Noted" {
		t.Error("the tombstone lost what the chain needs")
	}
	if after[0].Purged || string(after[2].Data) != "three" {
		t.Error("the purge touched other events")
	}
	if r := s.wantHealthy(t); r.Purged != 1 {
		t.Errorf("report counts %d purged", r.Purged)
	}
	record := must[[]store.Event](t)(s.Load(s.ctx, store.SystemStream, 0))
	if len(record) != 1 || record[0].Type != store.TypeEventPurged || !record[0].At.Equal(start) {
		t.Errorf("record of the purge: %+v", record)
	}
	s.append(t, "a", 3, "four") // the chain goes on
	s.wantHealthy(t)

	if err := s.Purge(s.ctx, gone("a", 9, "why")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("purge of an event that is not there: %v", err)
	}
	if err := s.Purge(s.ctx, gone(store.SystemStream, 1, "why")); err == nil {
		t.Error("the system stream was purged")
	}
	if err := s.Purge(s.ctx, gone("a", 1, "")); err == nil {
		t.Error("purged without a reason")
	}
}

func checkpointRecordsGrowth(t *testing.T, s *suite) {
	count := func() int { return len(must[[]store.Event](t)(s.Load(s.ctx, store.SystemStream, 0))) }
	ok(t, s.Checkpoint(s.ctx, start))
	if n := count(); n != 0 {
		t.Errorf("checkpoint of nothing appended %d events", n)
	}
	s.append(t, "a", 0, "one")
	s.append(t, "b", 0, "one")
	ok(t, s.Checkpoint(s.ctx, start))
	ok(t, s.Checkpoint(s.ctx, start.Add(time.Hour)))
	if n := count(); n != 1 {
		t.Errorf("after a checkpoint and one with nothing new there are %d events", n)
	}
	s.append(t, "b", 1, "two")
	ok(t, s.Checkpoint(s.ctx, start.Add(time.Hour)))
	events := must[[]store.Event](t)(s.Load(s.ctx, store.SystemStream, 1))
	if len(events) != 1 || strings.Contains(string(events[0].Data), `"a"`) || !strings.Contains(string(events[0].Data), `"b"`) {
		t.Errorf("checkpoint after b grew: %v", events)
	}
	s.wantHealthy(t)
}

func unknownStreamDoesNotVerify(t *testing.T, s *suite) {
	s.append(t, "a", 0, "one")
	r := must[store.Report](t)(s.VerifyStream(s.ctx, "b"))
	if len(r.Of("b")) != 1 || len(r.Of("a")) != 0 {
		t.Errorf("report on a stream nobody wrote: %+v", r)
	}
}

func appendsDoNotDisturb(t *testing.T, s *suite) {
	done := make(chan error, 1)
	go func() {
		for v := range 100 {
			if _, err := s.write("a", v, []store.NewEvent{event("Noted", "x")}); err != nil {
				done <- err
				return
			}
			if v%10 == 0 {
				if err := s.Checkpoint(s.ctx, start); err != nil {
					done <- err
					return
				}
			}
		}
		done <- nil
	}()
	for {
		s.wantHealthy(t)
		select {
		case err := <-done:
			ok(t, err)
			return
		default:
		}
	}
}
