package incident_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// outage is a cause that many findings of some kinds follow from, each kind one step after the one before.
func outage(kinds, each int) *incident.Diagnosis {
	root := incident.Finding{ID: "F0", Code: "DNSLoop", Object: incident.Object{Kind: "Deployment", Namespace: "kube-system", Name: "coredns"}}
	c := incident.Cause{ID: "C1", Code: "DNSLoop", Title: "CoreDNS forwards to itself", Confidence: incident.Certain,
		Objects: []incident.Object{root.Object}, Explains: []string{"F0"}}
	d := &incident.Diagnosis{Findings: []incident.Finding{root}}
	for k := range kinds {
		for i := range each {
			f := incident.Finding{ID: fmt.Sprintf("F%d", k*each+i+1), Code: fmt.Sprintf("Kind%dOfTrouble", k), Title: "it fails",
				Object: incident.Object{Kind: "Deployment", Namespace: "shop", Name: fmt.Sprintf("web-%d", i)}}
			from := "F0"
			if k > 0 {
				from = fmt.Sprintf("F%d", (k-1)*each+i+1)
			}
			c.Explains = append(c.Explains, f.ID)
			c.Links = append(c.Links, incident.Link{From: from, To: f.ID, Rule: "r", Reason: fmt.Sprintf("names do not resolve for web-%d", i)})
			d.Findings = append(d.Findings, f)
		}
	}
	d.Causes = []incident.Cause{c}
	return d
}

// Everything is in a box or counted, a box stands on what it follows from, and there are no more boxes than were asked for.
func TestAGraphIsBoundedAndCountsTheRest(t *testing.T) {
	for _, c := range []struct{ kinds, each, most, boxes, more int }{
		{1, 5000, 12, 2, 0}, {3, 10, 12, 4, 0}, {30, 10, 12, 12, 190}, {1, 1, 12, 2, 0}, {3, 2, 2, 2, 4},
	} {
		g := incident.GraphOf(outage(c.kinds, c.each), c.most)
		in := 0
		known := map[string]int{}
		for _, n := range g.Nodes {
			known[n.ID] = n.Layer
			if n.Layer > 0 {
				in += n.Count
			}
		}
		if len(g.Nodes) != c.boxes || g.More != c.more || in+g.More != c.kinds*c.each {
			t.Errorf("%+v: %d boxes with %d, %d more", c, len(g.Nodes), in, g.More)
		}
		for _, e := range g.Edges {
			if from, ok := known[e.From]; !ok || known[e.To] != from+1 {
				t.Errorf("%+v: %s follows from %s", c, e.To, e.From)
			}
		}
		if alt := g.Alt(); !strings.HasPrefix(alt, "What broke what: from “CoreDNS forwards to itself” follows: ") || len([]rune(alt)) > incident.MaxAlt {
			t.Errorf("%+v: %q", c, alt)
		}
	}
	g := incident.GraphOf(outage(1, 10), 12)
	if n := g.Nodes[1]; n.Head() != "10 × Kind0 of trouble" || g.Edges[0].Reason != "names do not resolve for …" {
		t.Errorf("%q, %q", n.Head(), g.Edges[0].Reason)
	}
	if incident.GraphOf(&incident.Diagnosis{}, 12).Worth() || incident.GraphOf(outage(0, 0), 12).Worth() {
		t.Error("a graph without an edge is worth a picture")
	}
}

func TestWordsOfCodes(t *testing.T) {
	for code, want := range map[string]string{"PodCrashLoop": "Pod crash loop", "NodeCNIMissing": "Node CNI missing", "DNSLoop": "DNS loop",
		"PodOOMKilled": "Pod OOM killed", "": "", "X": "X", "ServiceNoDNS": "Service no DNS"} {
		if got := incident.Words(code); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

// What comes from a cluster can neither hide, nor turn the text around, nor be markup.
func TestLabelsAreTame(t *testing.T) {
	if got := incident.Label("a\x1b[31m\u202eb\u200b\n c\xff"+strings.Repeat("x", 300), 20); strings.ContainsAny(got, "\x1b\u202e\u200b\n") ||
		len([]rune(got)) > 20 {
		t.Errorf("%q", got)
	}
	d := outage(1, 1)
	d.Causes[0].Code = "x\"]; click C1 \"javascript:alert(1)\"\n%%{init}%%<script>`#quot;"
	text := incident.GraphOf(d, 12).Mermaid()
	if strings.Count(text, "\n") != 5 || strings.Contains(text, "<script>") || strings.Contains(text, `"]; click`) {
		t.Errorf("%s", text)
	}
}

// A course holds what was seen by all looks, and never more than was seen.
func TestACourse(t *testing.T) {
	at := time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)
	web := incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}
	look := func(minute, count int, more ...incident.Restarts) incident.DiagnosisMade {
		now := at.Add(time.Duration(minute) * time.Minute)
		return incident.DiagnosisMade{Diagnosis: incident.Diagnosis{At: now, Causes: []incident.Cause{{ID: "C1", Since: at}},
			Restarts: append(more, incident.Restarts{Workload: web, Pods: 1, Count: count, Onset: at, Last: now.Add(-time.Minute)})}}
	}
	cart := incident.Restarts{Workload: incident.Object{Kind: "Deployment", Namespace: "shop", Name: "cart"}, Count: 9, Onset: at, Last: at}
	s := incident.Fold("INC-1", []incident.Recorded{{Version: 1, At: at, Event: look(10, 4)}, {Version: 2, At: at, Event: look(20, 7, cart)},
		{Version: 3, At: at.Add(time.Hour), Event: incident.Verified{OK: true}}})
	c := incident.CourseOf(s, 1)
	if len(c.Lanes) != 1 || c.More != 1 || c.Lanes[0].Count != 9 || c.Restarts != 16 || !c.Over.Equal(at.Add(time.Hour)) || !c.Onset.Equal(at) {
		t.Errorf("%+v", c)
	}
	c = incident.CourseOf(s, 8)
	if l := c.Lanes[1]; l.Workload != web || len(l.Seen) != 3 || l.Count != 7 {
		t.Errorf("%+v", l)
	}
	const alt = "Restarts over time: 16 restarts in 2 workloads, most of Deployment/shop/cart (9). It began 2026-01-02 09:00:00 UTC. " +
		"The last restart that was seen was 2026-01-02 09:19:00 UTC. It was over 2026-01-02 10:00:00 UTC."
	if got := c.Alt(); got != alt {
		t.Errorf("%s", got)
	}
	for line := range strings.Lines(c.Text()) {
		if n := len([]rune(line)); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	log := make([]incident.Recorded, 0, 1000)
	for i := range 1000 {
		log = append(log, incident.Recorded{Version: i + 1, At: at, Event: look(10*i+10, i+1)})
	}
	if c := incident.CourseOf(incident.Fold("INC-1", log), 8); len(c.Lanes[0].Seen) > 60 || len(c.Looks) > 60 || !c.Lanes[0].Seen[0].Equal(at) {
		t.Errorf("%d moments, %d looks", len(c.Lanes[0].Seen), len(c.Looks))
	}
}
