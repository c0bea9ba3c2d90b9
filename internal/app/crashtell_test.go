package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// tell tells people of a state's incidents as serve does, and calls who is on call at once; runner, worker and Deliverer are its own.
func (l life) tell(ctx context.Context, st *store.Store) error {
	ledger := &ledger{Journal: NewJournal(st.Reader), store: st, now: time.Now}
	p := calling()
	p.OnCall[""] = incident.OnCall{First: dana, Second: ops, After: time.Millisecond, Then: time.Millisecond, Apart: time.Millisecond}
	if l.Pictures {
		p = incident.Policy{Pictures: true, UploadsShow: uploadsShow}
	}
	w := &worker{ledger: ledger, policy: p}
	deliver := slackapp.NewDeliverer(slackapp.Options{BotToken: "xoxb-emulated", AppToken: "xapp-emulated", APIURL: l.Slack, Channel: "C0INCIDENTS",
		Logger: slog.New(slog.DiscardHandler)}, st)
	w.share = deliver.Share
	draw := func(ctx context.Context, s *incident.State) error {
		return deliver.Deliver(ctx, s.ID, s.Channel, commands.IncidentMessages(s, time.Now()))
	}
	r := newRunner(runner{ledger: ledger, policy: p, draw: draw, redact: func(s string) string { return s },
		logger: slog.New(slog.DiscardHandler), do: map[incident.WorkKind]doer{incident.Notify: w.notify, incident.Call: w.call,
			incident.Picture: w.showPictures}})
	sayRecorded(ledger)
	go func() { _ = deliver.Run(ctx) }()
	go func() {
		for ; ; time.Sleep(20 * time.Millisecond) {
			s, err := ledger.fold(ctx, "INC-1")
			pending, errPending := st.Pending(ctx, 10)
			all, errAll := st.Deliveries(ctx, "INC-1")
			if err == nil && errPending == nil && errAll == nil && l.told(s) && len(pending) == 0 &&
				len(all) == len(commands.IncidentMessages(s, time.Now())) {
				fmt.Println(saysOver)
			}
		}
	}()
	r.run(ctx)
	return nil
}

// told says whether there is nothing left to tell.
func (l life) told(s *incident.State) bool {
	if l.Pictures {
		return !s.Pictured.IsZero()
	}
	return len(s.Calls) == 2
}

// untold is an incident with a plan that waits, and nobody has been told of it or has answered.
func untold(t *testing.T, d incident.Diagnosis) (*crash, *slackemu.Server) {
	t.Helper()
	emu, err := slackemu.New(slackemu.Options{TeamID: "T1", RateLimit: slackemu.RateLimit{Off: true}, FilesAfter: uploadsShow / 2,
		Users:    []slackemu.User{{ID: ada.ID, Name: "ada"}, {ID: eve.ID, Name: "eve"}, {ID: dana.ID, Name: "dana"}},
		Groups:   []slackemu.Group{{ID: ops.ID, Handle: "ops", Users: []string{eve.ID}}},
		Channels: []slackemu.Channel{{ID: "C0INCIDENTS", Name: "incidents"}}})
	if err == nil {
		err = emu.Start("127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { emu.Close() })
	there, err := url.Parse(emu.URL())
	if err != nil {
		t.Fatal(err)
	}
	c := &crash{name: "telling people"}
	between := httptest.NewServer(c.around(httputil.NewSingleHostReverseProxy(there)))
	t.Cleanup(between.Close)
	c.life = life{State: filepath.Join(t.TempDir(), "state.db"), Slack: between.URL + "/api/"}
	st, err := store.Open(t.Context(), c.State, store.Options{Seal: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	plan := incident.Plan{Title: "Mend it", Steps: []incident.Step{{ID: "1", Kind: "K", Title: "Do it"}}}
	plan.Hash = plan.ComputeHash()
	l := &ledger{Journal: NewJournal(st.Reader), store: st, now: time.Now}
	in := &Incidents{ledger: l, access: crashAccess(), redact: func(s string) string { return s }}
	if err := in.Receive(t.Context(), []incident.Signal{signal("a", incident.Firing)}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.update(t.Context(), "INC-1", func(*incident.State) ([]incident.Event, error) {
		return []incident.Event{incident.DiagnosisMade{Diagnosis: d}, incident.Recalled{}, incident.StoryTold{}, incident.PlanProposed{Plan: plan}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	c.remembers(t, st)
	return c, emu
}

// TestCrashWhileTellingPeople kills the process that tells people, at every boundary: after each record, before each request to Slack, and
// after it was done and before the answer. Each thing is told once in the end, and each person is mentioned once.
func TestCrashWhileTellingPeople(t *testing.T) {
	killEverywhere(t, 6, func(t *testing.T, at int) (dead bool) {
		c, emu := untold(t, incident.Diagnosis{At: time.Now(), Causes: []incident.Cause{{ID: "C1", Code: "X", Title: "X"}}})
		dead, where := c.runTwice(t, at)
		counts := map[string]int{}
		c.kept(t, func(*store.Store) {
			for _, e := range c.seen {
				counts[e.Type]++
			}
		})
		n := emu.Snapshot()
		if d, e := len(n.Mentioned(dana.ID)), len(n.Mentioned(eve.ID)); counts["Notified"] != 1 || counts["Called"] != 2 || d != 1 || e != 1 ||
			len(n.Messages("C0INCIDENTS")) != 4 {
			t.Errorf("killed %s, the %d.: on the record is %v; Dana was mentioned %d times, Eve %d:\n%s", where, at, counts, d, e, emu.Transcript())
		}
		return dead
	})
}

// killEverywhere tries a kill at one boundary after the other, until a run lives to its end; two workers share them. For a sample there are
// so many boundaries from one kill to the next; PARAMEDIC_CRASH_KILLS from 1000 on tries them all.
func killEverywhere(t *testing.T, each int, try func(t *testing.T, at int) (dead bool)) {
	if most, _ := strconv.Atoi(os.Getenv("PARAMEDIC_CRASH_KILLS")); most >= 1000 {
		each = 1
	}
	for worker := range 2 {
		t.Run(strconv.Itoa(worker), func(t *testing.T) {
			t.Parallel()
			kills := 0
			for at := 1 + worker*each; !t.Failed() && try(t, at); at += 2 * each {
				kills++
			}
			if kills < 2 {
				t.Errorf("%d kills only", kills)
			}
			t.Logf("%d kills", kills)
		})
	}
}
