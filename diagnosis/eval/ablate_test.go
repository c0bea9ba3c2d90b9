package eval_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// A node is at fault and a Deployment suffers. What is said once that is unknown is wrong where it is certain of something else.
func TestAblationsAreJudged(t *testing.T) {
	c := eval.Case{Root: []eval.Root{{Object: "Node/n1", Codes: []string{"NodeCNIMissing", "NodeNotReady"}}}, Also: []string{"Deployment/shop/old"}}
	codes := eval.RootCodes(c, lostCNI())
	if !slices.Equal(codes, []string{"NodeCNIMissing", "NodeNotReady"}) {
		t.Fatalf("%q", codes)
	}
	deployment := func(name string) incident.Object { return snapshot.ObjectOf("Deployment", "shop", name) }
	for name, x := range map[string]struct {
		d             *incident.Diagnosis
		root, symptom bool
		unknown       bool
		wrong         int
	}{
		"nothing is left":               {nothing(), false, false, true, 0},
		"a symptom, possible":           {first("PodCreating", incident.Possible, web), false, true, true, 0},
		"a symptom, certain":            {first("PodCreating", incident.Certain, web), false, true, false, 0},
		"what may be named, certain":    {first("PodImage", incident.Certain, deployment("old")), false, true, false, 0},
		"the root by another code":      {first("NodePressure", incident.Likely, nodeOne), true, false, false, 0},
		"something else, likely":        {first("PodImage", incident.Likely, deployment("x")), false, false, false, 0},
		"something else, certain":       {first("PodImage", incident.Certain, deployment("x")), false, false, false, 1},
		"something else, certain, last": {both(first("PodCreating", incident.Possible, web), first("PodImage", incident.Certain, deployment("x"))), false, true, true, 1},
	} {
		got := eval.JudgeAblated(c, codes, lostCNI(), x.d)
		if got.Root != x.root || got.Symptom != x.symptom || got.Unknown() != x.unknown || len(got.Wrong) != x.wrong {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func both(a, b *incident.Diagnosis) *incident.Diagnosis {
	return &incident.Diagnosis{Causes: append(slices.Clone(a.Causes), b.Causes...), Findings: append(slices.Clone(a.Findings), b.Findings...)}
}

func variation(t *testing.T, name string) eval.Variation {
	t.Helper()
	i := slices.IndexFunc(eval.Variations, func(v eval.Variation) bool { return v.Name == name })
	if i < 0 {
		t.Fatalf("no variation %s", name)
	}
	return eval.Variations[i]
}

// The first cause may change only where something that it rests on is out of sight, and then it is neither certain and wrong nor blames what is
// well.
func TestVariationsAreJudged(t *testing.T) {
	c := eval.Case{Root: []eval.Root{{Object: "Node/n1"}}, Quiet: []string{"Deployment/shop/well"}, Needs: []string{"storageclasses"}}
	well := snapshot.ObjectOf("Deployment", "shop", "well")
	for name, x := range map[string]struct {
		of           string
		d            *incident.Diagnosis
		hidden, same bool
		amiss        string // part of; empty: nothing is
	}{
		"the same":                         {"clock 3 s ahead", lostCNI(), false, true, ""},
		"the same, less sure":              {"no host root", first("NodeCNIMissing", incident.Likely, nodeOne), true, true, ""},
		"another, and nothing is hidden":   {"clock 3 s ahead", first("PodCreating", incident.Possible, web), false, false, "though all that it rests on is in sight"},
		"none, and nothing is hidden":      {"no right to list services", nothing("services"), false, false, "though all that it rests on"},
		"none without the node":            {"no right to list nodes", nothing("nodes"), true, false, ""},
		"another without what it explains": {"no right to list deployments", nothing("deployments"), true, false, ""},
		"another without events":           {"events have expired", first("PodCreating", incident.Possible, web), true, false, ""},
		"another without what it needs":    {"no right to list storageclasses", nothing("storageclasses"), true, false, ""},
		"logs are no source of it":         {"no right to read logs", nothing("logs"), false, false, "though all that it rests on"},
		"certain of something else":        {"no right to list nodes", first("PodImage", incident.Certain, snapshot.ObjectOf("Deployment", "shop", "x")), true, false, "certain, and wrong"},
		"another without what it rests on": {"no right to list leases", nothing("leases"), true, false, ""},
		"what is well":                     {"no right to list nodes", first("PodImage", incident.Possible, well), true, false, "false alarm"},
	} {
		got := variation(t, x.of).Compare(c, lostCNI(), x.d)
		amiss := strings.Join(eval.Result{Varied: []eval.Varied{got}}.Unsteady(), "; ")
		if got.Hidden != x.hidden || got.Same != x.same || x.amiss == "" != (amiss == "") || !strings.Contains(amiss, x.amiss) {
			t.Errorf("%s: %+v: %s", name, got, amiss)
		}
	}
}

// Each variation takes away what it says, notes what may not be seen, and leaves the Snapshot that it is made from alone.
func TestVariationsTakeAwayWhatTheySay(t *testing.T) {
	s, err := snapshot.FromManifests(moment, []byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range eval.Variations {
		seen := v.See(s)
		if strings.HasPrefix(v.Name, "no right") && len(seen.NotSeen) != 1 {
			t.Errorf("%s: %d notes", v.Name, len(seen.NotSeen))
		}
		gone := len(s.Pods) + len(s.Nodes) + len(s.Events) + len(s.Logs) + len(s.Secrets) + len(s.Hosts) + len(s.Customs) -
			len(seen.Pods) - len(seen.Nodes) - len(seen.Events) - len(seen.Logs) - len(seen.Secrets) - len(seen.Hosts) - len(seen.Customs)
		takes := slices.Contains([]string{"Secrets were not read", "no host root", "no right to read logs", "events have expired",
			"no right to list custom resources", "no right to list pods", "no right to list nodes", "no right to list events"}, v.Name)
		if gone != 0 != takes || takes && gone != 1 {
			t.Errorf("%s takes away %d objects", v.Name, gone)
		}
		if off := seen.At.Sub(s.At).Abs(); off != 0 != strings.HasPrefix(v.Name, "clock") || off > eval.ClockOff {
			t.Errorf("%s: the clock is off by %s", v.Name, off)
		}
	}
	if len(s.Pods)*len(s.Nodes)*len(s.Events)*len(s.Logs)*len(s.Secrets)*len(s.Hosts)*len(s.Customs) != 1 || len(s.NotSeen) != 0 {
		t.Errorf("it was changed: %+v", s)
	}
}

var moment = time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)

// everything is one object of each sort.
const everything = `
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {nodeName: n1, containers: [{name: main, image: x}]}
status: {phase: Running, containerStatuses: [{name: main, image: x, imageID: "", ready: false, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, reason: Error}}}]}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
---
apiVersion: v1
kind: Event
metadata: {name: e, namespace: shop}
involvedObject: {kind: Pod, namespace: shop, name: web}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: web, namespace: shop}
---
apiVersion: paramedic
kind: Log
namespace: shop
pod: web
container: main
text: it ends
---
apiVersion: paramedic
kind: Secret
namespace: shop
name: web
---
apiVersion: paramedic
kind: Host
node: n1
`
