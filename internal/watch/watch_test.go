package watch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/watch"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC) // a Monday

// ill is a diagnosis with a cause for each of the codes, critical unless it ends in "?", which is then cut off. Each is in the namespace
// shop, as a Deployment of the code's name.
func ill(at time.Time, codes ...string) *incident.Diagnosis {
	d := &incident.Diagnosis{At: at}
	for _, code := range codes {
		code, minor := strings.CutSuffix(code, "?")
		severity := incident.Critical
		if minor {
			severity = incident.Warning
		}
		id := "F-" + code
		d.Findings = append(d.Findings, incident.Finding{ID: id, Code: code, Severity: severity})
		d.Causes = append(d.Causes, incident.Cause{Code: code, Title: code + " it is", Explains: []string{id},
			Objects: []incident.Object{{Kind: "Deployment", Namespace: "shop", Name: strings.ToLower(code)}}})
	}
	return d
}

func held(string) bool { return true }

func told(signals []incident.Signal) string {
	var out []string
	for _, g := range signals {
		out = append(out, string(g.Status)+" "+g.Labels["alertname"])
	}
	return strings.Join(out, ", ")
}

// At minute n the look finds some causes; what is told then.
func TestLooks(t *testing.T) {
	type look struct {
		minute int
		found  string // codes
		want   string
		next   int // minutes until it is to be looked again; 0: whenever something changes
	}
	for name, c := range map[string]struct {
		policy func(*watch.Policy)
		looks  []look
	}{
		"what is critical at once, once": {looks: []look{{0, "A", "firing A", 0}, {1, "A", "", 0}, {9, "A", "", 0}}},
		"a warning after five minutes":   {looks: []look{{0, "A?", "", 5}, {3, "A?", "", 2}, {5, "A?", "firing A", 0}}},
		"a warning that passes":          {looks: []look{{0, "A?", "", 5}, {3, "", "", 0}, {6, "", "", 0}, {7, "A?", "", 5}}},
		"a warning that grows worse":     {looks: []look{{0, "A?", "", 5}, {1, "A", "firing A", 0}}},
		"over, once it has been gone for two minutes": {looks: []look{{0, "A", "firing A", 0}, {1, "", "", 1}, {2, "", "resolved A", 0},
			{3, "", "", 0}, {9, "A", "firing A", 0}}},
		"what flaps is one": {looks: []look{{0, "A", "firing A", 0}, {1, "", "", 1}, {2, "A", "", 0}, {3, "", "", 1}, {4, "A", "", 0}}},
		"each by itself":    {looks: []look{{0, "A B", "firing A, firing B", 0}, {1, "B C", "firing C", 1}, {3, "C", "resolved A, resolved B", 0}}},
		"never, by a rule": {policy: func(p *watch.Policy) {
			p.Rules = append([]watch.Rule{{Codes: []string{"A*"}, Never: true}}, p.Rules...)
		},
			looks: []look{{0, "Ab B", "firing B", 0}}},
		"another namespace's rule": {policy: func(p *watch.Policy) {
			p.Rules = append([]watch.Rule{{Namespaces: []string{"dev-*"}, Never: true}}, p.Rules...)
		}, looks: []look{{0, "A", "firing A", 0}}},
		"longer, by a rule": {policy: func(p *watch.Policy) {
			p.Rules = append([]watch.Rule{{Namespaces: []string{"sh*"}, For: 10 * time.Minute}}, p.Rules...)
		}, looks: []look{{0, "A", "", 10}, {10, "A", "firing A", 0}}},
		"not while it is maintained": {policy: func(p *watch.Policy) {
			p.Maintenance = []watch.Window{{From: 11 * time.Hour, To: 12*time.Hour + 30*time.Minute, Days: []time.Weekday{time.Monday}}}
		}, looks: []look{{0, "A", "", 30}, {29, "A", "", 1}, {30, "A", "firing A", 0}}},
		"maintained elsewhere": {policy: func(p *watch.Policy) {
			p.Maintenance = []watch.Window{{From: 0, To: 23 * time.Hour, Namespaces: []string{"other"}}}
		}, looks: []look{{0, "A", "firing A", 0}}},
		"maintained over midnight, since yesterday": {policy: func(p *watch.Policy) {
			p.Maintenance = []watch.Window{{From: 22 * time.Hour, To: 12*time.Hour + time.Minute, Days: []time.Weekday{time.Sunday}}}
		}, looks: []look{{0, "A", "", 1}, {1, "A", "firing A", 0}}},
		"maintained once": {policy: func(p *watch.Policy) {
			p.Maintenance = []watch.Window{{Begin: noon.Add(-time.Hour), End: noon.Add(2 * time.Minute)}}
		}, looks: []look{{0, "A", "", 2}, {2, "A", "firing A", 0}}},
	} {
		t.Run(name, func(t *testing.T) {
			p := watch.Default()
			if c.policy != nil {
				c.policy(&p)
			}
			if err := p.Validate(nil); err != nil {
				t.Fatal(err)
			}
			w := watch.New(p, nil)
			for _, l := range c.looks {
				now := noon.Add(time.Duration(l.minute) * time.Minute)
				signals, next := w.Look(ill(now, strings.Fields(l.found)...), now, held)
				if got := told(signals); got != l.want {
					t.Errorf("minute %d: %q, want %q", l.minute, got, l.want)
				}
				if got := max(0, int(next.Sub(now).Minutes())); got != l.next {
					t.Errorf("minute %d: to be looked again in %d minutes, want %d", l.minute, got, l.next)
				}
			}
		})
	}
}

// What a look could not see may be there still: it is not over.
func TestWhatIsNotSeenIsNotOver(t *testing.T) {
	w := watch.New(watch.Default(), nil)
	w.Look(ill(noon, "A"), noon, held)
	blind := ill(noon)
	blind.NotSeen = []incident.NotSeen{{What: "pods", Resources: []incident.Resource{"pods"}}}
	for minute := 1; minute < 30; minute++ {
		if signals, _ := w.Look(blind, noon.Add(time.Duration(minute)*time.Minute), held); len(signals) > 0 {
			t.Fatalf("minute %d: %s", minute, told(signals))
		}
	}
	seeing := ill(noon)
	w.Look(seeing, noon.Add(30*time.Minute), held)
	if signals, _ := w.Look(seeing, noon.Add(32*time.Minute), held); told(signals) != "resolved A" {
		t.Errorf("seen again: %q", told(signals))
	}
}

// While the cluster can't be seen that is the incident; what seems wrong when it is back gets its time to settle.
func TestAnOutage(t *testing.T) {
	w := watch.New(watch.Default(), nil)
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	for _, c := range []struct {
		minute int
		found  string
		dark   bool
		want   string
	}{{0, "", false, ""}, {1, "Away", true, "firing Away"}, {5, "Away", true, ""}, {6, "NodeNotReady", false, ""},
		{7, "NodeNotReady Crash", false, "firing NodeNotReady, firing Crash, resolved Away"}, {8, "Crash", false, ""}} {
		d := ill(minute(c.minute), strings.Fields(c.found)...)
		if c.dark {
			d.NotSeen = []incident.NotSeen{{What: "everything", Resources: []incident.Resource{"pods", "nodes"}}}
		}
		signals, _ := w.Look(d, minute(c.minute), held)
		if got := told(signals); got != c.want {
			t.Errorf("minute %d: %q, want %q", c.minute, got, c.want)
		}
	}
}

// What open incidents hold to be so from before the program was started ends, if it is gone, and is not told again, if it is not.
func TestAfterAStart(t *testing.T) {
	first, _ := watch.New(watch.Default(), nil).Look(ill(noon, "A", "B"), noon, held)
	w := watch.New(watch.Default(), first)
	later := noon.Add(time.Hour)
	signals, _ := w.Look(ill(later, "A"), later, held)
	if told(signals) != "resolved B" || signals[0].Fingerprint != first[1].Fingerprint {
		t.Errorf("after a start: %q", told(signals))
	}
}

// What comes back after its incident has ended is told anew, though it was away for less than what flaps may be; what was never away is not.
func TestWhatComesBack(t *testing.T) {
	w := watch.New(watch.Default(), nil)
	ended := func(string) bool { return false }
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	for n, c := range []struct{ found, want string }{{"A", "firing A"}, {"A", ""}, {"", ""}, {"A", "firing A"}, {"A", ""}} {
		signals, _ := w.Look(ill(minute(n), strings.Fields(c.found)...), minute(n), ended)
		got := told(signals)
		if got != c.want {
			t.Errorf("minute %d: %q, want %q", n, got, c.want)
		}
		if got != "" && !signals[0].Since.Equal(minute(n)) {
			t.Errorf("minute %d: since %s", n, signals[0].Since)
		}
	}
}

// What could not be recorded is told again by the next look.
func TestWhatCouldNotBeRecorded(t *testing.T) {
	w := watch.New(watch.Default(), nil)
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	for n, c := range []struct {
		found, want string
		fails       bool
	}{{"A", "firing A", true}, {"A", "firing A", false}, {"A", "", false}, {"", "", false}, {"", "resolved A", true}, {"", "resolved A", false},
		{"", "", false}} {
		signals, _ := w.Look(ill(minute(n), strings.Fields(c.found)...), minute(n), held)
		if got := told(signals); got != c.want {
			t.Errorf("minute %d: %q, want %q", n, got, c.want)
		}
		if c.fails {
			w.Unsaid(signals)
		}
	}
}

// What a signal says leads to its channel, its silences and its incident.
func TestWhatASignalSays(t *testing.T) {
	signals, _ := watch.New(watch.Default(), nil).Look(ill(noon, "A"), noon, held)
	g := signals[0]
	if g.Kind != incident.WatchSignal || !g.Alarms() || g.Fingerprint != "watch/A/Deployment/shop/a" || g.Labels["namespace"] != "shop" ||
		g.Labels["deployment"] != "a" || g.Labels["alertname"] != "A" || g.Title != "A it is" || len(g.About) != 1 || !g.Since.Equal(noon) {
		t.Errorf("%+v", g)
	}
}

// A cause that thousands share is no flood, and what is remembered is bounded.
func TestManyCauses(t *testing.T) {
	var codes []string
	for i := range 10_000 {
		codes = append(codes, "Code"+strings.Repeat("x", i%7)+string(rune('a'+i%26))+time.Duration(i).String())
	}
	w := watch.New(watch.Default(), nil)
	signals, _ := w.Look(ill(noon, codes...), noon, held)
	if len(signals) == 0 || len(signals) > 1000 {
		t.Errorf("%d signals", len(signals))
	}
}

func TestEverythingThatIsWrongWithAPolicyIsSaidAtOnce(t *testing.T) {
	p := watch.Policy{GoneFor: -1, Rules: []watch.Rule{{Codes: []string{"[", "Nonsense", "Pod*"}, Severity: "info", For: -1}},
		Maintenance: []watch.Window{{}, {Begin: noon, End: noon}}}
	err := p.Validate(func(code string) bool { return false })
	for _, want := range []string{`rules[0].codes: "[" is no name`, "rules[0].codes: there is no code Nonsense",
		"rules[0].severity: must be warning or critical", "rules[0].for:", "maintenance[0]: from and to must differ", "maintenance[1]: its end", "goneFor:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("does not say %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "Pod*") {
		t.Errorf("a pattern is taken for a code: %v", err)
	}
}
