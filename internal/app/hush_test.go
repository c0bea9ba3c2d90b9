package app

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// hushed is an office with silences and the worker that calls and tells. INC-1 has a cause of code X, and an alert of the namespace shop.
func hushed(t *testing.T) (*office, *worker) {
	t.Helper()
	d := silent(t)
	g := alert("Down", "shop", incident.Firing)
	g.Labels["deployment"] = "web"
	d.hears(t, g)
	return d, &worker{ledger: d.ledger, policy: calling(), silences: d.silences}
}

// called is how many calls there were for INC-1 once the runner and the round of silences have passed.
func (d *office) called(t *testing.T, w *worker) int {
	t.Helper()
	if err := w.hush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d.calledNow(t, w)
}

// calledNow is called before any round.
func (d *office) calledNow(t *testing.T, w *worker) int {
	t.Helper()
	s, err := d.Get(t.Context(), "INC-1")
	if err == nil {
		err = w.call(t.Context(), s, incident.Work{})
	}
	if err == nil {
		s, err = d.Get(t.Context(), "INC-1")
	}
	if err != nil {
		t.Fatal(err)
	}
	return len(s.Calls)
}

// Nobody is called for what is silenced, for whichever reason; when the silence is over, calls begin anew.
func TestNobodyIsCalledForWhatIsSilenced(t *testing.T) {
	for _, h := range []incident.Hush{{Incident: "INC-1"}, {Code: "X"}} {
		for _, round := range []bool{true, false} { // whether the round notices it before the call is due
			d, w := hushed(t)
			if d.called(t, w) != 0 {
				t.Fatal("called at once")
			}
			d.clock = d.clock.Add(9 * time.Minute)
			d.silence(t, h, time.Hour)
			if round && d.called(t, w) != 0 {
				t.Fatal("called early")
			}
			d.clock = d.clock.Add(2 * time.Minute)
			if n := d.calledNow(t, w); n != 0 {
				t.Errorf("%s: called %d times while it is silent", h, n)
			}
			s, err := d.Get(t.Context(), "INC-1")
			if err != nil || s.Hushed == nil || s.Hushed.Hush != h || len(incidentCalls(s, w, d.clock)) > 0 {
				t.Errorf("%s: %+v, %v", h, s.Hushed, err)
			}
			if root := commands.Plain(commands.IncidentMessages(s, d.clock)[0].Reply); !strings.Contains(root, "Silent ("+h.String()+")") {
				t.Errorf("%s: %s", h, root)
			}
			d.clock = d.clock.Add(40 * time.Minute)
			if err := d.silences.End(t.Context(), ben, h); err != nil {
				t.Fatal(err)
			}
			for minute := range 10 {
				if n := d.called(t, w); n != 0 {
					t.Fatalf("%s: %d calls %d minutes after it", h, n, minute)
				}
				d.clock = d.clock.Add(time.Minute)
			}
			if n := d.called(t, w); n != 1 {
				t.Errorf("%s: %d calls once the silence is over", h, n)
			}
			if n := d.called(t, w); n != 1 {
				t.Errorf("%s: %d calls for the same", h, n)
			}
		}
	}
}

func incidentCalls(s *incident.State, w *worker, now time.Time) (calls []incident.Work) {
	for _, x := range incident.Next(s, w.policy, now) {
		if x.Kind == incident.Call {
			calls = append(calls, x)
		}
	}
	return calls
}

// After a call a silence starts over with the first on call, not with the second.
func TestASilenceAfterACallBeginsAnew(t *testing.T) {
	d, w := hushed(t)
	d.clock = d.clock.Add(10 * time.Minute)
	if n := d.called(t, w); n != 1 {
		t.Fatalf("%d calls", n)
	}
	d.silence(t, incident.Hush{Incident: "INC-1"}, 20*time.Minute)
	d.clock = d.clock.Add(15 * time.Minute)
	if n := d.called(t, w); n != 1 {
		t.Fatalf("%d calls", n)
	}
	d.clock = d.clock.Add(5 * time.Minute)
	if n := d.called(t, w); n != 1 {
		t.Fatalf("%d calls at its end", n)
	}
	d.clock = d.clock.Add(10 * time.Minute)
	if n := d.called(t, w); n != 2 {
		t.Fatalf("%d calls after it", n)
	}
	s, err := d.Get(t.Context(), "INC-1")
	if err != nil || s.Calls[1].Level != 1 || s.Calls[1].To != dana {
		t.Errorf("%+v, %v", s.Calls, err)
	}
}

// News of what is silenced is told in its thread alone, and does not use up what the channel bears, nor is it named in another one's.
func TestNewsOfWhatIsSilencedIsNotBroadcast(t *testing.T) {
	d, w := hushed(t)
	d.silence(t, incident.Hush{Code: "X"}, time.Hour)
	tell := func(id string) *incident.Notified {
		t.Helper()
		plan := incident.Plan{Title: "Mend " + id, Steps: d.plan.Steps}
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
		m := commands.IncidentMessages(s, d.clock)
		told := s.News[len(s.News)-1].Told
		if got := m[len(m)-1]; told == nil || got.Broadcast == told.Quiet || told.Silent != strings.Contains(commands.Plain(got.Reply), "was silenced") {
			t.Fatalf("%+v, %s", told, commands.Plain(got.Reply))
		}
		return told
	}
	if told := tell("INC-1"); !told.Quiet || !told.Silent || told.To.ID != "" {
		t.Errorf("told in the channel: %+v", told)
	}
	other := d.storm(t, 0, 1)[0]
	if told := tell(other); told.Quiet || told.Silent || len(told.Others) > 0 {
		t.Errorf("what is not silenced: %+v", told)
	}
}

// A namespace's silence is about an incident only if all that fires in it is of silenced namespaces.
func TestHushedBy(t *testing.T) {
	start := time.Date(2026, 2, 3, 2, 14, 0, 0, time.UTC)
	of := func(namespaces ...string) (log []incident.Recorded) {
		for n, name := range namespaces {
			g := alert("Down", name, incident.Firing)
			log = append(log, incident.Recorded{Version: n + 1, At: start.Add(time.Duration(n) * time.Second), Event: incident.SignalReceived{Signal: g}})
		}
		return log
	}
	diagnosed := func(objects ...incident.Object) incident.Recorded {
		return incident.Recorded{Version: 9, At: start, Event: incident.DiagnosisMade{Diagnosis: incident.Diagnosis{
			Causes: []incident.Cause{{Code: "X", Objects: objects}}}}}
	}
	web, db, node := incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}, incident.Object{Kind: "Pod", Namespace: "data", Name: "db"},
		incident.Object{Kind: "Node", Name: "n1"}
	shop, data := incident.Silence{Hush: incident.Hush{Namespace: "shop"}, Until: start.Add(time.Hour)},
		incident.Silence{Hush: incident.Hush{Namespace: "data"}, Until: start.Add(time.Minute)}
	for name, c := range map[string]struct {
		log  []incident.Recorded
		all  []incident.Silence
		want string
	}{
		"none":                           {of("shop"), nil, ""},
		"all of it":                      {of("shop"), []incident.Silence{shop}, "namespace shop"},
		"another fires":                  {of("shop", "data"), []incident.Silence{shop}, ""},
		"both, until the first ends":     {of("shop", "data"), []incident.Silence{shop, data}, "namespace data"},
		"the cause is elsewhere":         {append(of("shop"), diagnosed(db)), []incident.Silence{shop}, "namespace shop"},
		"only the cause is silenced":     {append(of("data"), diagnosed(web)), []incident.Silence{shop}, ""},
		"a node's alert has none":        {append(of(""), diagnosed(node)), []incident.Silence{shop}, ""},
		"an alert without, but its look": {append(of(""), diagnosed(web)), []incident.Silence{shop}, "namespace shop"},
		"asked by a person":              {[]incident.Recorded{diagnosed(web)}, []incident.Silence{shop}, "namespace shop"},
		"the code":                       {append(of("data"), diagnosed(web)), []incident.Silence{{Hush: incident.Hush{Code: "X"}}}, "X"},
		"another code":                   {append(of("data"), diagnosed(web)), []incident.Silence{{Hush: incident.Hush{Code: "Y"}}}, ""},
		"the alert's name":               {of("data"), []incident.Silence{{Hush: incident.Hush{Code: "Down"}}}, "Down"},
		"itself":                         {of("data", ""), []incident.Silence{{Hush: incident.Hush{Incident: "INC-7"}}}, "INC-7"},
		"another incident":               {of("data"), []incident.Silence{{Hush: incident.Hush{Incident: "INC-70"}}}, ""},
	} {
		got := ""
		if by := incident.Fold("INC-7", c.log).HushedBy(c.all); by != nil {
			got = by.String()
		}
		if got != c.want {
			t.Errorf("%s: by %q, want %q", name, got, c.want)
		}
	}
}

// An alert that is over before what its silence held is taken in opens nothing, whenever in between word of it comes.
func TestWhatIsOverWhenASilenceEndsOpensNothing(t *testing.T) {
	shop := incident.Hush{Namespace: "shop"}
	for _, during := range []bool{false, true} {
		d := silent(t)
		d.silence(t, shop, time.Hour)
		d.hears(t, alert("A", "shop", incident.Firing))
		d.clock = d.clock.Add(time.Hour)
		receive := d.Receive
		if during { // it is over once the alert was read, and before it is taken in
			receive = func(ctx context.Context, all []incident.Signal) error {
				d.hears(t, alert("A", "shop", incident.Resolved))
				return d.Receive(ctx, all)
			}
		} else {
			d.hears(t, alert("A", "shop", incident.Resolved))
		}
		for range 3 {
			if err := d.silences.endWhatIsOver(t.Context(), receive); err != nil {
				t.Fatal(err)
			}
			receive = d.Receive
		}
		open := d.openNow(t)
		for _, id := range open[:len(open)-1] { // but INC-1
			if s, err := d.Get(t.Context(), id); err != nil || s.AlertsFiring() {
				t.Errorf("during: %t: %s fires still, %v", during, id, err)
			}
		}
		if !during && len(open) > 1 {
			t.Errorf("opened %v", open)
		}
		if log, err := d.silences.vouched(t.Context(), "silenced"); err != nil || len(incident.Silences(log)) > 0 {
			t.Errorf("left: %+v, %v", incident.Silences(log), err)
		}
	}
}

// A hundred silences that hold ten thousand alerts between them cost an alert next to nothing, and end together.
func TestManySilencesAreQuick(t *testing.T) {
	d := silent(t)
	for i := range incident.MostSilences {
		d.silence(t, incident.Hush{Namespace: fmt.Sprint("ns", i)}, time.Hour)
	}
	var all []incident.Signal
	for i := range 10000 {
		all = append(all, alert(fmt.Sprint("A", i), fmt.Sprint("ns", i%incident.MostSilences), incident.Firing))
	}
	d.hears(t, all...)
	refused(t, d.silences.Silence(t.Context(), ada, incident.Silence{Hush: incident.Hush{Namespace: "more"}, Reason: "x", Until: d.clock.Add(time.Hour)}),
		"no more than 100")
	if _, err := d.silences.InForce(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 20 {
		if list, err := d.silences.InForce(t.Context()); err != nil || len(list) != incident.MostSilences {
			t.Fatalf("%d silences, %v", len(list), err)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("asked 20 times, it took %s", took)
	}
	d.clock = d.clock.Add(time.Hour)
	began = time.Now()
	for range 2 {
		if err := d.silences.endWhatIsOver(t.Context(), d.Receive); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took > time.Minute || len(d.openNow(t)) > mostOpen+1 {
		t.Errorf("to end them took %s; %d are open", took, len(d.openNow(t)))
	}
	t.Logf("ended in %s", time.Since(began))
}
