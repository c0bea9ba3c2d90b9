package recovery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// rollout is a Deployment at revision 2, rolled out ten minutes before t0; AVAILABLE pods of revision 1 still serve.
const rollout = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: d1, annotations: {deployment.kubernetes.io/revision: "2"}}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:2"}]}}}
status: {conditions: [{type: Available, status: "CONDITION", lastTransitionTime: "TURNED"}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-1, namespace: shop, uid: r1, creationTimestamp: "FIRST", annotations: {deployment.kubernetes.io/revision: "1"}, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}]}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web, pod-template-hash: abc}}, spec: {containers: [{name: web, image: "IMAGE"}]}}}
status: {replicas: 1, availableReplicas: AVAILABLE}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-2, namespace: shop, uid: r2, creationTimestamp: "SECOND", annotations: {deployment.kubernetes.io/revision: "2"}, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}]}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web, pod-template-hash: def}}, spec: {containers: [{name: web, image: "web:2"}]}}}
`

func TestRollingBack(t *testing.T) {
	web := incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}
	at := func(before time.Duration) string { return t0.Add(-before).Format(time.RFC3339) }
	before := func(crashed, began string) string {
		return `---
apiVersion: v1
kind: Pod
metadata: {name: web-1-a, namespace: shop, labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r1, controller: true}]}
spec: {containers: [{name: web}]}
status:
  phase: Running
  conditions: [{type: Ready, status: "True", lastTransitionTime: "` + began + `"}]
  containerStatuses: [{name: web, ready: true, restartCount: 3, state: {running: {startedAt: "` + began + `"}}, lastState: {terminated: {exitCode: 1, finishedAt: "` +
			crashed + `"}}}]
`
	}
	for name, c := range map[string]struct {
		changes []string // replaces the defaults below
		since   time.Duration
		no      string // part of the reason; empty: it is rolled back
	}{
		"the revision before has crashed since": {changes: []string{"PODS", before(at(5*time.Minute), at(4*time.Minute))},
			no: "revision 1 of Deployment/shop/web fails as well: its pod web-1-a has crashed"},
		"the revision before crashed once, long before": {changes: []string{"PODS", before(at(2*time.Hour), at(2*time.Hour)),
			"CONDITION", "False", "TURNED", at(3 * time.Hour)}},
		"the revision before has been started again a moment ago": {changes: []string{"PODS", before(at(time.Hour), at(5*time.Second)),
			"CONDITION", "False", "TURNED", at(3 * time.Hour)}, no: "nothing proves that revision 1"},
		"the revision before still serves": {since: 9 * time.Minute},
		"it was available until the rollout": {changes: []string{"AVAILABLE", "0", "CONDITION", "False", "TURNED",
			at(8 * time.Minute)}},
		"it has been available since before": {changes: []string{"AVAILABLE", "0", "TURNED", at(time.Hour)}},
		"it was never available": {changes: []string{"AVAILABLE", "0", "CONDITION", "False", "TURNED", at(3 * time.Hour)},
			no: "nothing proves that revision 1"},
		"the revision before was there for a minute": {changes: []string{"AVAILABLE", "0", "FIRST", at(11 * time.Minute), "CONDITION", "False",
			"TURNED", at(8 * time.Minute)}, no: "nothing proves"},
		"the trouble began before": {since: 20 * time.Minute, no: "began before its last rollout"},
		"the rollout is long ago": {changes: []string{"SECOND", at(48 * time.Hour), "FIRST", at(96 * time.Hour)},
			no: "too long ago"},
		"the revisions differ by a restart and no more": {changes: []string{"IMAGE", "web:2"}, no: "no earlier revision"},
	} {
		manifests := strings.NewReplacer(append(c.changes, "AVAILABLE", "1", "CONDITION", "True", "TURNED", at(2*time.Hour), "FIRST",
			at(3*time.Hour), "SECOND", at(10*time.Minute), "IMAGE", "web:1", "PODS", "")...).Replace(rollout + "PODS")
		x := stage(t, manifests)
		d := &incident.Diagnosis{At: t0, Causes: []incident.Cause{{ID: "C1", Code: podproblem.PodCrashLoop, Title: "web crashes",
			Objects: []incident.Object{web}, Confidence: incident.Possible}}}
		if c.since > 0 {
			d.Causes[0].Since = t0.Add(-c.since)
		}
		p, reason, err := x.r.Propose(t.Context(), d, x.snap)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.no != "" {
			if p != nil || !strings.Contains(reason, c.no) {
				t.Errorf("%s: %+v, %q; want no plan, for %q", name, p, reason, c.no)
			}
			continue
		}
		if p == nil || len(p.Steps) != 1 || p.Steps[0].Title != "Roll Deployment shop/web back from revision 2 to 1" {
			t.Errorf("%s: %+v, %q", name, p, reason)
			continue
		}
		if d := p.Steps[0].Diff; !strings.Contains(d, "-    - image: web:2\n+    - image: web:1\n") || strings.Contains(d, "pod-template-hash") {
			t.Errorf("%s: diff\n%s", name, d)
		}
	}
}

const hung = `
apiVersion: v1
kind: Node
metadata: {name: n1, uid: n1}
status: {conditions: [{type: Ready, status: "READY", lastTransitionTime: "2025-10-01T00:00:00Z"}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop, uid: t1}
spec: {serviceName: db, selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: shop, labels: {app: db}, annotations: {kubectl.kubernetes.io/restartedAt: "RESTARTED"}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: t1, controller: true}]}
spec: {nodeName: n1, containers: [{name: db}]}
status:
  phase: Running
  conditions: [{type: Ready, status: "False", lastTransitionTime: "CEASED"}]
  containerStatuses: [{name: db, image: db, imageID: db, ready: false, restartCount: 0, state: {running: {startedAt: "STARTED"}}}]
`

func TestRestartingOnlyWhatARestartCanHelp(t *testing.T) {
	db := incident.Object{Kind: "StatefulSet", Namespace: "shop", Name: "db"}
	at := func(before time.Duration) string { return t0.Add(-before).Format(time.RFC3339) }
	for name, c := range map[string]struct {
		changes []string
		no      string
	}{
		"it was ready for hours, then stopped answering": {},
		"it was never ready":                             {[]string{"CEASED", at(5 * time.Hour)}, "was never ready since it started"},
		"it started a minute ago":                        {[]string{"STARTED", at(time.Minute)}, "not for long"},
		"it was restarted just before":                   {[]string{"RESTARTED", at(20 * time.Minute)}, "restarted within the hour"},
		"its node is not ready":                          {[]string{"READY", "Unknown"}, "node of db-0 is not ready"},
	} {
		x := stage(t, strings.NewReplacer(append(c.changes, "READY", "True", "CEASED", at(20*time.Minute), "STARTED", at(5*time.Hour),
			"RESTARTED", "")...).Replace(hung))
		d := &incident.Diagnosis{At: t0, Causes: []incident.Cause{{ID: "C1", Code: podproblem.PodProbeFailing, Title: "db does not answer",
			Objects: []incident.Object{db}}}}
		p, reason, err := x.r.Propose(t.Context(), d, x.snap)
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case c.no != "" && (p != nil || !strings.Contains(reason, c.no)):
			t.Errorf("%s: %+v, %q; want no plan, for %q", name, p, reason, c.no)
		case c.no == "" && (p == nil || len(p.Steps) != 1 || p.Steps[0].Title != "Restart StatefulSet shop/db" || p.Risk != incident.Disruptive):
			t.Errorf("%s: %+v, %q", name, p, reason)
		}
	}
}
