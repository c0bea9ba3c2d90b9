package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
	"github.com/paramedic-bot/paramedic/internal/store"
	"github.com/paramedic-bot/paramedic/internal/store/storetest"
)

var web = incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}

// known is what is accepted in a state of its own.
func known(t *testing.T) (a *Acceptances, path string, clock *time.Time) {
	t.Helper()
	d := open(t)
	a = keptAcceptances(d.ledger.store, func() time.Time { return d.clock }, d.redact)
	return a, d.path, &d.clock
}

func inForce(t *testing.T, a *Acceptances) (out []string) {
	t.Helper()
	list, err := a.InForce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		out = append(out, fmt.Sprintf("%s %s %s %s", x.Code, x.Object, x.By, x.Reason))
	}
	return out
}

// What is accepted is kept until it is withdrawn or over; what is said of the same anew takes its place, and nobody's secret is kept.
func TestWhatIsAcceptedIsKept(t *testing.T) {
	a, _, clock := known(t)
	accept := func(code string, until time.Time, reason string) {
		t.Helper()
		if err := a.Accept(t.Context(), ada, incident.Acceptance{Code: code, Object: web, Reason: reason, Until: until}); err != nil {
			t.Fatal(err)
		}
	}
	accept("X", time.Time{}, "for good")
	accept("Y", clock.Add(time.Hour), "for an hour")
	accept("X", time.Time{}, "hunter2 it is")
	if diff := cmp.Diff([]string{"X Deployment/shop/web Ada [REDACTED] it is", "Y Deployment/shop/web Ada for an hour"}, inForce(t, a)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	*clock = clock.Add(time.Hour)
	if got := inForce(t, a); len(got) != 1 {
		t.Errorf("after the hour: %v", got)
	}
	lower := web
	lower.Kind = "deployment"
	if err := a.Withdraw(t.Context(), eve, incident.Acceptance{Code: "X", Object: lower}); err != nil {
		t.Fatal(err)
	}
	if got := inForce(t, a); len(got) != 0 {
		t.Errorf("withdrawn: %v", got)
	}
	refused(t, a.Withdraw(t.Context(), eve, incident.Acceptance{Code: "X", Object: web}), "is not accepted")
	report, err := a.reader.Verify(t.Context())
	if err != nil || !report.OK() {
		t.Errorf("the record: %+v, %v", report, err)
	}
	head, err := a.reader.Head(t.Context(), acceptedStream)
	if err != nil || head.Version != 4 {
		t.Errorf("%d events on the record: %v", head.Version, err)
	}
}

func TestNoMoreIsAcceptedThanCanBeOverseen(t *testing.T) {
	a, _, _ := known(t)
	for i := range incident.MostAccepted / 50 {
		var all []incident.Acceptance
		for j := range 50 {
			all = append(all, incident.Acceptance{Code: "X", Object: incident.Object{Kind: "Pod", Namespace: "shop", Name: fmt.Sprint(i*50 + j)}})
		}
		if err := a.Accept(t.Context(), ada, all...); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, a.Accept(t.Context(), ada, incident.Acceptance{Code: "X", Object: web}), "no more than 500")
	again := incident.Acceptance{Code: "X", Object: incident.Object{Kind: "Pod", Namespace: "shop", Name: "7"}, Reason: "again"}
	if err := a.Accept(t.Context(), ada, again); err != nil {
		t.Errorf("what is accepted already can't be accepted anew: %v", err)
	}
}

// Whoever writes into the database silences nothing by it, nor does who has no key; and who reads alone accepts nothing.
func TestAForgedAcceptanceCountsNothing(t *testing.T) {
	a, path, _ := known(t)
	if err := a.Accept(t.Context(), ada, incident.Acceptance{Code: "X", Object: web, Reason: "known"}); err != nil {
		t.Fatal(err)
	}
	reader, err := store.OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	read := ReadAcceptances(reader)
	if got := inForce(t, read); len(got) != 1 {
		t.Errorf("read: %v", got)
	}
	if err := read.Accept(t.Context(), ada, incident.Acceptance{Code: "Y", Object: web}); !errors.Is(err, errReadOnly) {
		t.Errorf("accepted by who reads: %v", err)
	}
	storetest.Forge(t, path, acceptedStream, "FindingAccepted", payload(t, incident.FindingAccepted{Code: "Y", Object: web, By: ada}))
	for name, x := range map[string]*Acceptances{"serve": a, "a reader": read} {
		if list, err := x.InForce(t.Context()); err == nil || !strings.Contains(err.Error(), "does not count") || len(list) > 0 {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
	e := Eyes{Accepted: func(context.Context) ([]incident.Acceptance, error) { return a.InForce(t.Context()) }}
	s := &snapshot.Snapshot{}
	if got := e.accepting(t.Context(), s); len(got.List) > 0 || len(s.NotSeen) != 1 {
		t.Errorf("eyes accept %v and say %v", got.List, s.NotSeen)
	}
}
