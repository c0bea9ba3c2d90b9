package checks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/workloads"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const heldSet = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop, uid: t1, creationTimestamp: "2026-01-01T10:00:00Z"}
spec: {replicas: 1, serviceName: "", selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: main}]}}}
status: {replicas: 1, readyReplicas: 1, currentRevision: db-old, updateRevision: db-new}
---
apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: db-new, namespace: shop, creationTimestamp: "2026-01-02T09:50:00Z", ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: t1, controller: true}]}
revision: 2
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: shop, creationTimestamp: "2026-01-02T09:40:00Z", labels: {app: db, controller-revision-hash: REVISION}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: t1, controller: true}]}
spec: {nodeName: n1, containers: [{name: main}]}
status:
  phase: Running
  conditions: [{type: Ready, status: "True", lastTransitionTime: "BEGAN"}]
  containerStatuses: [{name: main, ready: true, restartCount: 6, state: {running: {startedAt: "BEGAN"}}, lastState: {terminated: {exitCode: 1, finishedAt: "2026-01-02T09:55:00Z"}}}]
`

// A pod that crashes over and over is ready for a moment after each start; a StatefulSet that waits for it is held at such a moment as well.
func TestAStatefulSetIsHeldByAPodThatIsReadyForAMoment(t *testing.T) {
	for name, c := range map[string]struct {
		began, revision string
		held            bool
	}{
		"started a moment ago": {"2026-01-02T09:59:58Z", "db-old", true},
		"runs for minutes":     {"2026-01-02T09:55:00Z", "db-old", false},
		"of the new revision":  {"2026-01-02T09:59:58Z", "db-new", false},
	} {
		s, err := snapshot.FromManifests(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC),
			[]byte(strings.NewReplacer("BEGAN", c.began, "REVISION", c.revision).Replace(heldSet)))
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(Run(s).Findings, func(f *finding.Finding) bool { return f.Code == workloads.StatefulSetHeld })
		if (i >= 0) != c.held {
			t.Errorf("%s: held %v, want %v", name, i >= 0, c.held)
		}
	}
}
