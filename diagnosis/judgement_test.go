package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// crashing is a pod that keeps crashing since a time, from an image that a log knows nothing of.
func crashing(name string, since time.Time) string {
	return fmt.Sprintf(`
---
apiVersion: v1
kind: Pod
metadata: {name: %[1]s, namespace: shop, creationTimestamp: %[2]q}
spec: {nodeName: n1, containers: [{name: main, envFrom: [{configMapRef: {name: settings}}]}]}
status:
  phase: Running
  conditions: [{type: Ready, status: "False", lastTransitionTime: %[2]q}]
  containerStatuses: [{name: main, image: x, imageID: "", ready: false, restartCount: 9, state: {waiting: {reason: CrashLoopBackOff}},
    lastState: {terminated: {exitCode: 1, reason: Error, startedAt: %[2]q, finishedAt: %[2]q}}}]
`, name, since.Format(time.RFC3339))
}

const around = `
apiVersion: v1
kind: Node
metadata: {name: n1, creationTimestamp: "2025-01-01T00:00:00Z"}
status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2025-01-01T00:00:00Z"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop, creationTimestamp: "2025-01-01T00:00:00Z", managedFields: [{manager: kubectl-edit, operation: Update, time: "2026-01-02T09:00:00Z"}]}
`

func judged(t *testing.T, scope Scope, manifests ...string) *incident.Diagnosis {
	t.Helper()
	s, err := snapshot.FromManifests(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), []byte(strings.Join(manifests, "")))
	if err != nil {
		t.Fatal(err)
	}
	return Diagnose(s, scope)
}

// What was there long before what people noticed comes last, and says so; without their word, what is a day older than the heaviest.
func TestWhatWasThereBeforeIsSetApart(t *testing.T) {
	at := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		old    time.Duration
		onset  time.Time
		before bool
	}{
		"noticed an hour ago":                         {3 * time.Hour, at.Add(-50 * time.Minute), true},
		"noticed when the old one was there already":  {65 * time.Minute, at.Add(-30 * time.Minute), false},
		"nobody said, a few hours apart":              {3 * time.Hour, time.Time{}, false},
		"nobody said, days apart":                     {72 * time.Hour, time.Time{}, true},
		"noticed after both, though the older is old": {72 * time.Hour, at, true},
	} {
		d := judged(t, Scope{Onset: c.onset}, around, crashing("new", at.Add(-40*time.Minute)), crashing("old", at.Add(-c.old)))
		if len(d.Causes) != 2 {
			t.Fatalf("%s: %d causes, want 2", name, len(d.Causes))
		}
		i := slices.IndexFunc(d.Causes, func(x incident.Cause) bool { return x.Objects[0].Name == "old" })
		if d.Causes[i].Before != c.before || c.before && i != 1 {
			t.Errorf("%s: the old one is number %d, set apart: %v, want %v", name, i+1, d.Causes[i].Before, c.before)
		}
		if d.Causes[1-i].Before {
			t.Errorf("%s: the new one is set apart", name)
		}
	}
}

// A change on the way to a symptom and just before it is evidence; one hours before, or of something else, is not.
func TestAChangeJustBeforeIsEvidence(t *testing.T) {
	at := time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC) // when the ConfigMap was changed
	for name, c := range map[string]struct {
		since time.Time
		cited bool
	}{"a minute after": {at.Add(time.Minute), true}, "before": {at.Add(-10 * time.Minute), false}} {
		d := judged(t, Scope{}, around, crashing("api", c.since))
		x := d.Causes[0]
		if cited := len(x.Changes) == 1; cited != c.cited ||
			strings.Contains(x.Reason, "Just before, at 09:00:00 UTC, ConfigMap settings was changed (kubectl-edit)") != c.cited {
			t.Errorf("%s: cites %v: %s", name, x.Changes, x.Reason)
		}
		if seen := slices.ContainsFunc(x.Evidence, func(id string) bool { return d.EvidenceByID(id).Object.Kind == "ConfigMap" }); seen != c.cited {
			t.Errorf("%s: the change is evidence: %v, want %v", name, seen, c.cited)
		}
	}
}

// A symptom without a root says what was ruled out; where something is wrong in a place, that place is not.
func TestRuledOut(t *testing.T) {
	d := judged(t, Scope{}, around, crashing("api", time.Date(2026, 1, 2, 9, 30, 0, 0, time.UTC)), `
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop, creationTimestamp: "2025-01-01T00:00:00Z"}
status: {phase: Lost}
`)
	var what []string
	for _, r := range d.RuledOut {
		what = append(what, r.What)
	}
	if !slices.Contains(what, "the nodes") || slices.Contains(what, "storage") || slices.Contains(what, "the cluster's DNS") {
		t.Errorf("ruled out %q, want the nodes, not storage (a claim is lost) and not DNS (nothing of it was seen)", what)
	}
	if i := slices.IndexFunc(d.Causes, func(c incident.Cause) bool { return c.Code == "PodCrashLoop" }); d.Causes[i].Confidence != incident.Possible {
		t.Errorf("a crash without a known reason is %s", d.Causes[i].Confidence)
	}
}

// What a cause should have brought with it and did not speaks against it and makes it less sure.
func TestMissingConsequencesCountAgainst(t *testing.T) {
	const pull = `
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-02T09:00:00Z"}
spec: {nodeName: n1, containers: [{name: main, image: "web:3"}]}
status: {phase: Pending, containerStatuses: [{name: main, image: "web:3", imageID: "", ready: false, restartCount: 0, state: {waiting: {reason: ErrImagePull, message: "web:3: not found"}}}]}
`
	const runs = `
---
apiVersion: v1
kind: Pod
metadata: {name: web-elsewhere, namespace: shop, creationTimestamp: "2026-01-02T08:00:00Z"}
spec: {nodeName: n2, containers: [{name: main, image: "web:3"}]}
status: {phase: Running, conditions: [{type: Ready, status: "True"}], containerStatuses: [{name: main, image: "web:3", imageID: "", ready: true, restartCount: 0, state: {running: {startedAt: "2026-01-02T08:00:00Z"}}}]}
`
	sure, unsure := judged(t, Scope{}, around, pull), judged(t, Scope{}, around, pull, runs)
	if c := sure.Causes[0]; c.Confidence != incident.Certain || len(c.Against) > 0 {
		t.Errorf("alone: %s, against: %q", c.Confidence, c.Against)
	}
	if c := unsure.Causes[0]; c.Confidence != incident.Likely || len(c.Against) != 1 ||
		!strings.Contains(c.Against[0], "web-elsewhere runs the same image on node n2") {
		t.Errorf("while it runs elsewhere: %s, against: %q", c.Confidence, c.Against)
	}
}
