package change

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var at = time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)

const many = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, managedFields: [{manager: helm, operation: Update, time: "2026-01-02T09:30:00Z"}]}
spec: {replicas: 2}
status: {conditions: [{type: Progressing, status: "True", lastUpdateTime: "2026-01-02T09:50:00Z"}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-1, namespace: shop, creationTimestamp: "2026-01-01T09:00:00Z", annotations: {deployment.kubernetes.io/revision: "1"}, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d, controller: true}]}
spec: {template: {spec: {containers: [{name: main, image: "web:1"}]}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-2, namespace: shop, creationTimestamp: "2026-01-02T09:30:01Z", annotations: {deployment.kubernetes.io/revision: "2"}, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d, controller: true}]}
spec: {template: {spec: {containers: [{name: main, image: "web:2"}]}}}
---
apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: db-a, namespace: shop, creationTimestamp: "2026-01-01T09:00:00Z", ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s, controller: true}]}
revision: 1
data: {spec: {template: {spec: {containers: [{name: db, image: "db:1", env: [{name: MODE, value: a}]}]}}}}
---
apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: db-b, namespace: shop, creationTimestamp: "2026-01-02T09:10:00Z", ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s, controller: true}]}
revision: 2
data: {spec: {template: {spec: {containers: [{name: db, image: "db:1", env: [{name: MODE, value: b}]}]}}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T09:00:00Z", managedFields: [{manager: kubectl-edit, operation: Update, time: "2026-01-02T09:40:00Z"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: as-it-was-made, namespace: shop, creationTimestamp: "2026-01-02T09:40:00Z", managedFields: [{manager: helm, operation: Update, time: "2026-01-02T09:40:01Z"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: long-ago, namespace: shop, creationTimestamp: "2025-01-01T09:00:00Z", managedFields: [{manager: kubectl-edit, operation: Update, time: "2025-12-24T09:40:00Z"}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop, creationTimestamp: "2026-01-02T09:45:00Z", managedFields: [{manager: kubectl-create, operation: Update, time: "2026-01-02T09:45:00Z"}]}
---
apiVersion: v1
kind: Node
metadata: {name: n1, creationTimestamp: "2025-01-01T00:00:00Z", managedFields: [{manager: kubelet, operation: Update, time: "2026-01-02T09:59:00Z"}]}
spec: {taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule, timeAdded: "2026-01-02T08:00:00Z"}]}
---
apiVersion: v1
kind: Event
metadata: {name: e, namespace: default}
involvedObject: {kind: Node, name: n1}
reason: Rebooted
message: "Node n1 has been rebooted, boot id: 1"
lastTimestamp: "2026-01-02T07:00:00Z"
---
apiVersion: v1
kind: Pod
metadata: {name: old, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: a, controller: true}]}
status: {containerStatuses: [{name: main, image: "agent:latest", imageID: "docker.io/agent@sha256:aaaaaaaaaaaaaaaaaaaa", ready: true, restartCount: 0, state: {running: {startedAt: "2026-01-01T05:00:00Z"}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: young, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: a, controller: true}]}
status: {containerStatuses: [{name: main, image: "agent:latest", imageID: "docker.io/agent@sha256:bbbbbbbbbbbbbbbbbbbb", ready: true, restartCount: 0, state: {running: {startedAt: "2026-01-02T09:48:00Z"}}}]}
---
apiVersion: paramedic
kind: Host
node: n1
cniDir: /etc/cni/net.d
cniFiles: []
serviceLog: ['time="2026-01-02T06:00:00Z" level=info msg="Starting k3s auto-update"', 'time="2026-01-02T06:00:01Z" level=info msg="Waiting for it"']
changes: [{at: "2026-01-02T06:30:00Z", what: "upgrade containerd 1.7.1 to 1.7.2", where: /var/log/apt/history.log}]
`

func TestTimeline(t *testing.T) {
	s, err := snapshot.FromManifests(at, []byte(many))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range Timeline(s) {
		got = append(got, fmt.Sprintf("%s %s %s %s (%s)", c.ID, c.At.Format("15:04"), c.Object, c.What, c.By))
	}
	want := []string{
		"T1 06:00 Node/n1 Starting k3s auto-update (service log)",
		"T2 06:30 Node/n1 upgrade containerd 1.7.1 to 1.7.2 (/var/log/apt/history.log)",
		"T3 07:00 Node/n1 was rebooted: Node n1 has been rebooted, boot id: 1 ()",
		"T4 08:00 Node/n1 was cordoned ()",
		"T5 09:10 StatefulSet/shop/db revision 2 was rolled out: env MODE a → b ()",
		"T6 09:30 Deployment/shop/web revision 2 was rolled out: image web:1 → web:2 (helm)",
		"T7 09:40 ConfigMap/shop/web was changed (kubectl-edit)",
		"T8 09:45 NetworkPolicy/shop/deny was created (kubectl-create)",
		"T9 09:48 DaemonSet/shop/agent image agent:latest of container main is another than in its older pods: sha256:bbbbbbbbbbbb, not " +
			"sha256:aaaaaaaaaaaa ()",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A rollback takes an old ReplicaSet up again: its age says nothing, the Deployment's progress does.
func TestRollback(t *testing.T) {
	s, err := snapshot.FromManifests(at, []byte(many))
	if err != nil {
		t.Fatal(err)
	}
	s.ReplicaSets[0].Annotations[deploymentRevision] = "3" // web-1
	i := slices.IndexFunc(Timeline(s), func(c Change) bool { return c.Object.Kind == "Deployment" })
	if got := Timeline(s)[i]; got.What != "revision 3 was rolled out: image web:2 → web:1" ||
		!got.At.Equal(time.Date(2026, 1, 2, 9, 50, 0, 0, time.UTC)) {
		t.Errorf("got %+v", got)
	}
}
