package recovery_test

import (
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

const hungWorld = `
apiVersion: v1
kind: Node
metadata: {name: n1, uid: n1, creationTimestamp: "2025-09-01T00:00:00Z"}
status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2025-09-01T00:00:00Z"}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop, uid: t1}
spec: {replicas: 2, serviceName: db, selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop, uid: s1}
spec: {selector: {app: db}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: db, namespace: shop, uid: p1}
spec: {minAvailable: 1, selector: {matchLabels: {app: db}}}
status: {disruptionsAllowed: 0}
---
`

func pod(name, ready, started, changed string) string {
	return `
apiVersion: v1
kind: Pod
metadata: {name: ` + name + `, namespace: shop, labels: {app: db}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: t1, controller: true}]}
spec: {nodeName: n1, containers: [{name: db}], volumes: [{name: cache, emptyDir: {}}]}
status:
  phase: Running
  startTime: "` + started + `"
  conditions: [{type: Ready, status: "` + ready + `", lastTransitionTime: "` + changed + `"}]
  containerStatuses: [{name: db, ready: ` + strings.ToLower(ready) + `, state: {running: {startedAt: "` + started + `"}}}]
---
`
}

// What a restart interrupts, which guards speak against it, and what is lost with the pods, is worked out from what is there.
func TestAPlanSaysWhatItInterrupts(t *testing.T) {
	const long, lately = "2025-10-04T00:00:00Z", "2025-10-05T09:00:00Z"
	db := incident.Object{Kind: "StatefulSet", Namespace: "shop", Name: "db"}
	d := &incident.Diagnosis{At: t0, Causes: []incident.Cause{{ID: "C1", Code: podproblem.PodNotReady, Title: "db is not ready",
		Objects: []incident.Object{db}}}}
	two := hungWorld + pod("db-0", "False", long, lately) + pod("db-1", "True", long, "2025-10-04T00:00:20Z")
	x := stage(t, two)
	p, reason, err := x.r.Propose(t.Context(), d, x.snap)
	if err != nil || p == nil {
		t.Fatal(reason, err)
	}
	if p.Pods != 2 || p.Risk != incident.Disruptive {
		t.Errorf("%d pods, %s", p.Pods, p.Risk)
	}
	says := strings.Join(p.Impact, "\n")
	for _, want := range []string{"2 pods of StatefulSet shop/db restart one after another", "PodDisruptionBudget shop/db allows no disruption now",
		"What 2 pods keep in emptyDir volumes is lost (cache)"} {
		if !strings.Contains(says, want) {
			t.Errorf("%q does not say %q", says, want)
		}
	}
	if strings.Contains(says, "has no endpoint") {
		t.Errorf("one pod serves meanwhile: %q", says)
	}

	tight := newRecovery(t, recovery.Options{Reader: x.cluster, WriterFor: x.cluster.WriterFor, Blobs: x.memory, LastGood: x.memory, CeilingPods: 1})
	if p, reason, err := tight.Propose(t.Context(), d, x.snap); p != nil || err != nil || !strings.Contains(reason, "plans.ceiling.pods") {
		t.Errorf("above the ceiling: %+v, %q, %v", p, reason, err)
	}
}

// A Deployment that goes back keeps the pods that are of that revision already: only the others end.
func TestAPlanSaysWhatStaysWhenItRollsBack(t *testing.T) {
	manifests := strings.NewReplacer("AVAILABLE", "1", "CONDITION", "True", "TURNED", "2025-10-05T07:00:00Z", "FIRST", "2025-10-05T06:00:00Z",
		"SECOND", "2025-10-05T08:50:00Z", "IMAGE", "web:1").Replace(rollout) + "---"
	pod := func(name, revision, ready string) string {
		return `
apiVersion: v1
kind: Pod
metadata: {name: ` + name + `, namespace: shop, labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-` + revision +
			`, uid: r` + revision + `, controller: true}]}
spec: {containers: [{name: web}]}
status: {phase: Running, conditions: [{type: Ready, status: "` + ready + `"}]}
---`
	}
	d := &incident.Diagnosis{At: t0, Causes: []incident.Cause{{ID: "C1", Code: podproblem.PodCrashLoop, Title: "web crashes",
		Objects: []incident.Object{{Kind: "Deployment", Namespace: "shop", Name: "web"}}}}}
	for _, c := range []struct {
		pods, want string
		ends       int
	}{
		{pod("a", "1", "True") + pod("b", "2", "False"),
			"1 pod of Deployment shop/web of revision 1 stays as it is; 1 pod of another revision ends (not ready)", 1},
		{pod("a", "1", "True") + pod("b", "1", "True") + pod("c", "2", "False") + pod("d", "2", "True"),
			"2 pods of Deployment shop/web of revision 1 stay as they are; 2 pods of another revision end (1 of them ready)", 2},
		{pod("a", "1", "True"), "1 pod of Deployment shop/web of revision 1 stays as it is", 0},
		{pod("a", "2", "True") + pod("b", "2", "False"), "2 pods of Deployment shop/web restart one after another", 2},
	} {
		x := stage(t, manifests+c.pods)
		p, reason, err := x.r.Propose(t.Context(), d, x.snap)
		if err != nil || p == nil {
			t.Fatal(reason, err)
		}
		if says := strings.Join(p.Impact, "; "); says != c.want || p.Pods != c.ends {
			t.Errorf("%q, %d pods, want %q, %d", says, p.Pods, c.want, c.ends)
		}
	}
}

// A target that neither the cause nor its evidence names is flagged; one that they name is not.
func TestWhatNoEvidenceSpeaksOfIsFlagged(t *testing.T) {
	for _, c := range []struct {
		explains []string
		want     string
	}{{loop.Explains, ""}, {nil, "nothing that was found speaks of Deployment/kube-system/coredns"}} {
		x := stage(t, founding, copyOfCorefile)
		d, cause := *ill, loop
		cause.Explains = c.explains
		d.Causes = []incident.Cause{cause}
		p, reason, err := x.r.Propose(t.Context(), &d, x.snap)
		if err != nil || p == nil {
			t.Fatal(reason, err)
		}
		if p.Steps[0].Unmentioned != "" || p.Steps[1].Unmentioned != c.want {
			t.Errorf("explaining %v: %q, %q", c.explains, p.Steps[0].Unmentioned, p.Steps[1].Unmentioned)
		}
	}
}
