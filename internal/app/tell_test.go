package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// dana and ops are on call.
var dana, ops = incident.Callee{ID: "UDANA", Name: "Dana"}, incident.Callee{ID: "S0OPS", Name: "ops"}

func calling() incident.Policy {
	p := incident.DefaultPolicy
	p.OnCall = map[string]incident.OnCall{"": {First: dana, Second: ops, After: 10 * time.Minute, Then: 10 * time.Minute, Apart: 10 * time.Minute}}
	return p
}

// room is a Slack in which the office's incidents are told by a runner that does all that people are told, and of the cluster what do says.
type room struct {
	*office
	slack *slackemu.Server
	do    map[incident.WorkKind]doer
	stop  func()
}

func (d *office) room(t *testing.T, do map[incident.WorkKind]doer) *room {
	t.Helper()
	emu, err := slackemu.New(slackemu.Options{TeamID: "T1", RateLimit: slackemu.RateLimit{Off: true},
		Users:    []slackemu.User{{ID: ada.ID, Name: "ada"}, {ID: eve.ID, Name: "eve"}, {ID: ben.ID, Name: "ben"}, {ID: dana.ID, Name: "dana"}},
		Groups:   []slackemu.Group{{ID: ops.ID, Handle: "ops", Users: []string{eve.ID}}},
		Channels: []slackemu.Channel{{ID: "C0INCIDENTS", Name: "incidents"}}})
	if err == nil {
		err = emu.Start("127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { emu.Close() })
	r := &room{office: d, slack: emu, do: do}
	r.begin(t)
	return r
}

// begin starts the process, anew where it ran before.
func (r *room) begin(t *testing.T) {
	t.Helper()
	if r.stop != nil {
		r.stop()
		r.restart(t)
	}
	r.ledger.now = time.Now
	o := slackapp.Options{BotToken: "xoxb-emulated", AppToken: "xapp-emulated", APIURL: r.slack.APIURL(), Channel: "C0INCIDENTS",
		Logger: slog.New(slog.DiscardHandler)}
	deliver := slackapp.NewDeliverer(o, r.ledger.store)
	w := &worker{ledger: r.ledger, policy: calling()}
	do := map[incident.WorkKind]doer{incident.Notify: w.notify, incident.Call: w.call}
	for _, kind := range []incident.WorkKind{incident.Propose, incident.Investigate, incident.Verify, incident.Recall, incident.Tell} {
		do[kind] = func(context.Context, *incident.State, incident.Work) error { return nil }
	}
	for kind, f := range r.do {
		do[kind] = f
	}
	run := newRunner(runner{ledger: r.ledger, policy: w.policy, do: do, redact: r.redact, logger: slog.New(slog.DiscardHandler),
		draw: func(ctx context.Context, s *incident.State) error {
			return deliver.Deliver(ctx, s.ID, s.Channel, commands.IncidentMessages(s, time.Now()))
		}})
	duty, err := r.ledger.store.TakeDuty(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{}, 2)
	go func() { run.run(ctx); ended <- struct{}{} }()
	go func() { _ = deliver.Run(ctx); ended <- struct{}{} }()
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		<-ended
		<-ended
		run.stop()
		if err := duty.End(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(r.stop)
}

// tells waits until the channel's newest message says the words, and mentions those.
func (r *room) tells(t *testing.T, words string, mentioned ...string) {
	t.Helper()
	newest := func(n slackemu.Snapshot) slackemu.Message {
		all := n.Messages("C0INCIDENTS")
		if len(all) == 0 {
			return slackemu.Message{}
		}
		return all[len(all)-1]
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := r.slack.Wait(ctx, func(n slackemu.Snapshot) bool { return strings.Contains(newest(n).Plain(), words) }); err != nil {
		t.Fatalf("%q: %v", words, err)
	}
	n := r.slack.Snapshot()
	m := newest(n)
	var got []string
	for _, notice := range n.Notices {
		if notice.TS == m.TS && notice.Mention {
			got = append(got, notice.UserID)
		}
	}
	if slices.Sort(got); m.EditedTS != "" || !m.Broadcast || !slices.Equal(got, mentioned) {
		t.Errorf("%q is %+v, and mentions %v, want %v", words, m, got, mentioned)
	}
	for _, id := range []string{ada.ID, eve.ID, ben.ID, dana.ID} {
		if all := n.Notified(id); len(all) == 0 || all[len(all)-1].TS != m.TS {
			t.Errorf("%s was not notified of %q", id, words)
		}
	}
}

// failing executes a step, and it fails; asking executes one of which nobody can say what became of it.
func (d *office) failing(ctx context.Context, s *incident.State, w incident.Work) error {
	return d.executes(ctx, s, w, incident.StepDone{PlanHash: s.Plan.Hash, Step: w.Step, Outcome: incident.StepFailed, Detail: "it is forbidden"})
}

func (d *office) asking(ctx context.Context, s *incident.State, w incident.Work) error {
	return d.executes(ctx, s, w, incident.StepUnclear{PlanHash: s.Plan.Hash, Step: w.Step, Detail: "the API did not answer"})
}

func (d *office) executes(ctx context.Context, s *incident.State, w incident.Work, end incident.Event) error {
	_, err := d.ledger.update(ctx, s.ID, func(now *incident.State) ([]incident.Event, error) {
		if now.Running() {
			return nil, nil
		}
		return []incident.Event{incident.StepIntended{PlanHash: now.Plan.Hash, Step: w.Step, Attempt: 1}, end}, nil
	})
	return err
}

// Each thing that people have to hear of is a new message in the channel, once, whatever restarts; and who has the incident, or else has
// approved what failed, is mentioned.
func TestNewsIsANewMessageOnce(t *testing.T) {
	for name, c := range map[string]struct {
		claims *incident.Person
		fails  bool
		words  string
		whom   string
	}{
		"a failed step, and who approved":       {nil, true, "A step failed:* Do it. It is forbidden.", ada.ID},
		"a failed step, and who has it":         {&ben, true, "A step failed:* Do it. It is forbidden.", ben.ID},
		"a step that asks, and who approved":    {nil, false, "Somebody has to say whether a step was done:* Do it", ada.ID},
		"a step that asks, and who has claimed": {&ben, false, "Somebody has to say whether a step was done:* Do it", ben.ID},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			do := d.asking
			if c.fails {
				do = d.failing
			}
			r := d.room(t, map[incident.WorkKind]doer{incident.Execute: func(ctx context.Context, s *incident.State, w incident.Work) error { return do(ctx, s, w) },
				incident.Observe: func(context.Context, *incident.State, incident.Work) error { return nil }})
			r.tells(t, "A plan waits for approval:* Mend it")
			r.begin(t)
			if c.claims != nil {
				if _, err := d.Claim(t.Context(), "INC-1", false, *c.claims); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := d.Approve(t.Context(), "INC-1", d.plan.Hash, ada); err != nil {
				t.Fatal(err)
			}
			r.tells(t, c.words, c.whom)
			before := len(r.slack.Snapshot().Notices)
			r.begin(t)
			time.Sleep(2 * time.Second)
			if after := len(r.slack.Snapshot().Notices); after != before || len(r.slack.Messages("C0INCIDENTS")) != 3 {
				t.Errorf("%d notices before the restart, %d after it:\n%s", before, after, r.slack.Transcript())
			}
		})
	}
}

// storm opens so many incidents of different causes, each in its own group of alerts, diagnosed.
func (d *office) storm(t *testing.T, from, n int) []string {
	t.Helper()
	var opened []string
	for i := from; i < from+n; i++ {
		ids, err := d.receive(t.Context(), []incident.Signal{{Kind: "alert", Status: incident.Firing, Fingerprint: fmt.Sprint("storm", i),
			Title: fmt.Sprint("alert ", i), Group: fmt.Sprint(i)}})
		if err != nil {
			t.Fatal(err)
		}
		d.look(t, ids[0], fmt.Sprint("Cause", i))
		opened = append(opened, ids[0])
	}
	return opened
}

// In a storm of causes a channel is told a few things, and that there are more; what it was not told stands in the threads, and is named
// with the next thing that it is told.
func TestAChannelIsToldAFewThingsAtOnce(t *testing.T) {
	d := open(t)
	w := &worker{ledger: d.ledger, policy: calling()}
	var loud, quiet []incident.Notified
	propose := func(id, title string) {
		t.Helper()
		plan := incident.Plan{Title: title, Steps: d.plan.Steps}
		plan.Hash = plan.ComputeHash()
		s, err := d.ledger.update(t.Context(), id, func(*incident.State) ([]incident.Event, error) {
			return []incident.Event{incident.PlanProposed{Plan: plan}}, nil
		})
		if err == nil {
			err = w.notify(t.Context(), s, incident.Work{})
		}
		if err == nil {
			s, err = d.Get(t.Context(), id)
		}
		if err != nil {
			t.Fatal(err)
		}
		last := s.News[len(s.News)-1].Told
		if last == nil {
			t.Fatalf("%s was not told", id)
		}
		if last.Quiet {
			quiet = append(quiet, *last)
		} else {
			loud = append(loud, *last)
		}
		m := commands.IncidentMessages(s, d.clock)
		if got := m[len(m)-1]; got.Broadcast == last.Quiet || last.Quiet && !strings.Contains(commands.Plain(got.Reply), "told only here") ||
			last.Last && !strings.Contains(commands.Plain(got.Reply), "the rest is told only in the threads") {
			t.Errorf("%s: %+v is told as %t, %s", id, last, got.Broadcast, commands.Plain(got.Reply))
		}
	}
	ids := d.storm(t, 0, 20)
	for i, id := range ids {
		d.clock = d.clock.Add(time.Second)
		propose(id, fmt.Sprint("plan ", i))
	}
	if len(loud) != mostLoud || len(quiet) != 20-mostLoud || !loud[mostLoud-1].Last || loud[mostLoud-2].Last {
		t.Errorf("%d are told in the channel, %d not: %+v", len(loud), len(quiet), loud)
	}
	d.clock = d.clock.Add(newsWithin)
	propose(ids[0], "another plan")
	last := loud[len(loud)-1]
	if len(loud) != mostLoud+1 || len(last.Others) != 10 || len(last.Others)+last.More != 20-mostLoud || last.Others[0] != ids[mostLoud] {
		t.Errorf("after a while: %+v", last)
	}
	if propose(ids[1], "another plan"); len(loud[len(loud)-1].Others) != 0 {
		t.Errorf("they are named twice: %+v", loud[len(loud)-1])
	}
}

// Whoever is on call is mentioned once for all that goes unanswered, and again only after a while, however many incidents there are.
func TestAStormCallsOnce(t *testing.T) {
	d := open(t)
	w := &worker{ledger: d.ledger, policy: calling()}
	ids := append([]string{"INC-1"}, d.storm(t, 0, 20)...)
	began := d.clock
	// goes by the second from one minute to another, as the runner does, and lists who was called, when and for what.
	goes := func(from, to int) (calls []string) {
		t.Helper()
		for at := began.Add(time.Duration(from) * time.Minute); at.Before(began.Add(time.Duration(to) * time.Minute)); at = at.Add(20 * time.Second) {
			d.clock = at
			open, err := d.ledger.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range open {
				if !slices.ContainsFunc(incident.Next(s, w.policy, at), func(x incident.Work) bool { return x.Kind == incident.Call && !x.Due.After(at) }) {
					continue
				}
				if err := w.call(t.Context(), s, incident.Work{}); err != nil {
					t.Fatal(err)
				}
				now, err := d.Get(t.Context(), s.ID)
				if err != nil {
					t.Fatal(err)
				}
				if c := now.Calls; len(c) > len(s.Calls) && c[len(c)-1].With == "" {
					c := c[len(c)-1]
					calls = append(calls, fmt.Sprintf("%s at %g for %d", c.To.Name, c.At.Sub(began).Minutes(), 1+len(c.Others)+c.More))
				}
			}
		}
		return calls
	}
	is := func(what string, got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	is("before", goes(0, 10), nil...)
	is("the first", goes(10, 12), "Dana at 10 for 21")
	late := d.storm(t, 100, 3)
	is("then", goes(12, 20), nil...)
	is("the second, for what was called for", goes(20, 21), "ops at 20 for 21")
	is("the first, for what came later", goes(21, 24), "Dana at 21.666666666666668 for 3")
	is("and the second", goes(24, 60), "ops at 31.666666666666668 for 3")
	for _, id := range append(ids, late...) {
		s, err := d.Get(t.Context(), id)
		if err != nil || len(s.Calls) != 2 {
			t.Fatalf("%s: %d calls, %v", id, len(s.Calls), err)
		}
		m := commands.IncidentMessages(s, d.clock)
		if loud := s.Calls[1].With == ""; m[len(m)-1].Broadcast != loud {
			t.Errorf("%s: %+v is told as %t", id, s.Calls[1], m[len(m)-1].Broadcast)
		}
	}
}

// What fires again long after it began is called for at once; but who was called just now is not called again.
func TestCallsAreApart(t *testing.T) {
	d := open(t)
	w := &worker{ledger: d.ledger, policy: calling()}
	two := d.storm(t, 0, 1)[0]
	over := func(fingerprint string, status incident.SignalStatus) {
		t.Helper()
		if err := d.Receive(t.Context(), []incident.Signal{{Kind: "alert", Status: status, Fingerprint: fingerprint, Title: "x", Group: "0"}}); err != nil {
			t.Fatal(err)
		}
	}
	calls := func(id string) int {
		t.Helper()
		s, err := d.Get(t.Context(), id)
		if err == nil {
			err = w.call(t.Context(), s, incident.Work{})
		}
		if err == nil {
			s, err = d.Get(t.Context(), id)
		}
		if err != nil {
			t.Fatal(err)
		}
		return len(s.Calls)
	}
	over("storm0", incident.Resolved)
	d.clock = d.clock.Add(10 * time.Minute)
	if n := calls("INC-1"); n != 1 {
		t.Fatalf("%d calls", n)
	}
	if _, err := d.Close(t.Context(), "INC-1", "", ben); err != nil { // it is closed, and was called for all the same
		t.Fatal(err)
	}
	over("storm0", incident.Firing)
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{time.Second, 0}, {9 * time.Minute, 0}, {time.Minute, 1}} {
		if d.clock = d.clock.Add(c.after); calls(two) != c.want {
			t.Errorf("after %s there are other than %d calls", c.after, c.want)
		}
	}
}

// 500 alerts of one cause, whatever groups they come in, are one incident; nobody is told of it 500 times.
func TestManyAlertsOfOneCauseAreOneIncident(t *testing.T) {
	d := open(t)
	r := d.room(t, nil)
	r.tells(t, "A plan waits for approval")
	var storm []incident.Signal
	for i := range 500 {
		storm = append(storm, incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: fmt.Sprint("storm", i), Title: fmt.Sprint("alert ", i),
			Group: fmt.Sprint(i % 100), Labels: map[string]string{"namespace": "shop", "deployment": "web"}})
	}
	for part := range slices.Chunk(storm, 50) {
		if err := d.Receive(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "they are counted", func() bool { return strings.Contains(r.slack.Transcript(), "Raised by 501 alerts") })
	if open, err := d.ledger.Open(t.Context()); err != nil || len(open) != 1 {
		t.Errorf("%d incidents, %v", len(open), err)
	}
	s, err := d.Get(t.Context(), "INC-1")
	if err != nil {
		t.Fatal(err)
	}
	set := &commands.Set{Incidents: d}
	details := set.Dispatch(t.Context(), commands.Request{Command: "details", Args: []string{"INC-1"}, Person: ada, Now: d.clock})
	if details.Form == nil {
		t.Fatalf("%+v", details)
	}
	if got := commands.Plain(commands.Reply{Blocks: details.Form.Whole}); !strings.Contains(got, "Alerts: 501") ||
		!strings.Contains(got, "301 that came later") || s.More.Count != 301 {
		t.Errorf("the alerts are not listed:\n%s", got)
	}
	if all := r.slack.Messages("C0INCIDENTS"); len(all) != 2 {
		t.Errorf("the channel has %d messages:\n%s", len(all), r.slack.Transcript())
	}
}
