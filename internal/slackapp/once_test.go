package slackapp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"
)

// memory is a Seen that outlives a process; err makes it fail.
type memory struct {
	seen map[string]bool
	err  error
}

func (m *memory) Seen(_ context.Context, scope, id string) (bool, error) {
	return m.seen[scope+"/"+id], m.err
}

func (m *memory) FirstSeen(_ context.Context, scope, id string, _ time.Duration) (bool, error) {
	first := !m.seen[scope+"/"+id]
	m.seen[scope+"/"+id] = true
	return first, m.err
}

func TestWhatSlackHasTakenIsNotDoneAgainByALaterProcess(t *testing.T) {
	m := &memory{seen: map[string]bool{}}
	process := func() *once { return &once{seen: m, log: slog.New(slog.NewTextHandler(io.Discard, nil))} }
	is := func(what string, got, want bool) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %v", what, got)
		}
	}
	is("new", process().done(t.Context(), "a"), false)
	is("killed once while it was worked on", process().done(t.Context(), "a"), false)
	is("killed twice while it was worked on", process().done(t.Context(), "a"), false)
	process().remember(t.Context(), "a")
	is("after it was answered", process().done(t.Context(), "a"), true)
	m.err = errors.New("disk full")
	is("better twice than never", process().done(t.Context(), "a"), false)
}

// envelope collects what it is acknowledged with.
type envelope struct {
	got []string
	err error
}

func (e *envelope) ack(payload json.RawMessage) error {
	if e.err == nil {
		e.got = append(e.got, string(payload))
	}
	return e.err
}

func (e *envelope) wants(t *testing.T, what string, want ...string) {
	t.Helper()
	if fmt.Sprint(e.got) != fmt.Sprint(want) {
		t.Errorf("%s was acknowledged with %q, want %q", what, e.got, want)
	}
}

var yes = json.RawMessage(`"yes"`)

// A delivery that comes again is acknowledged with the answer, whether it comes while the first is still worked on or after.
func TestARedeliveryGetsTheAnswer(t *testing.T) {
	all := &flights{byID: map[string]*flight{}}
	lost := &envelope{err: errors.New("the connection is gone")}
	during, after := &envelope{}, &envelope{}
	f, isNew := all.begin("a", lost.ack)
	if !isNew {
		t.Fatal("it is the first")
	}
	again, isNew := all.begin("a", during.ack)
	if isNew || again != f {
		t.Fatal("it is the same")
	}
	if err := again.join(during.ack); err != nil {
		t.Fatal(err)
	}
	during.wants(t, "the one that came again early")
	if !f.acknowledge(yes) {
		t.Error("one of two envelopes was acknowledged")
	}
	all.end("a")
	f, _ = all.begin("a", after.ack)
	if err := f.join(after.ack); err != nil {
		t.Fatal(err)
	}
	during.wants(t, "the one that came again early", `"yes"`)
	after.wants(t, "the one that came again late", `"yes"`)
}

func TestAnAnswerThatNoEnvelopeTookGoesAnotherWay(t *testing.T) {
	all := &flights{byID: map[string]*flight{}}
	lost, late := &envelope{err: errors.New("the connection is gone")}, &envelope{}
	f, _ := all.begin("a", lost.ack)
	if f.acknowledge(yes) {
		t.Error("nobody got it")
	}
	if err := f.join(late.ack); err != nil {
		t.Error(err)
	}
	late.wants(t, "what came later", "") // it was answered another way
	if f.acknowledge(yes) {
		t.Error("it was acknowledged before")
	}
}

func TestFlightsAreForgottenInTheEnd(t *testing.T) {
	all := &flights{byID: map[string]*flight{}}
	e := &envelope{}
	big := json.RawMessage(make([]byte, 20000))
	for i := range 3 * mostEnded {
		id := fmt.Sprint(i)
		f, _ := all.begin(id, e.ack)
		if i%2 == 0 {
			f.acknowledge(big)
		}
		all.end(id)
	}
	if len(all.byID) > mostEnded || len(all.byID) != len(all.ended) || all.bytes > mostRemember {
		t.Errorf("it remembers %d of %d, and %d bytes", len(all.ended), len(all.byID), all.bytes)
	}
	if _, isNew := all.begin("0", e.ack); !isNew {
		t.Error("the oldest is remembered")
	}
}

func TestEnvelopesOfOneDeliveryAreBounded(t *testing.T) {
	f := &flight{kept: -1}
	for range 1000 {
		_ = f.join((&envelope{}).ack)
	}
	if len(f.waiting) > mostTwins {
		t.Errorf("%d envelopes wait", len(f.waiting))
	}
}
