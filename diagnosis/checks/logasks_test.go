package checks

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// readyPod is the manifest of a pod that is well.
func readyPod(namespace, name, node, owner, spec string) string {
	kind, by, _ := strings.Cut(owner, "/")
	return fmt.Sprintf(`---
apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: %s, creationTimestamp: "2026-01-01T00:00:00Z", ownerReferences: [{apiVersion: apps/v1, kind: %s, name: %s, uid: u-%s, controller: true}]}
spec: {nodeName: %s, containers: [{name: main}]%s}
status: {phase: Running, conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T00:00:00Z"}], containerStatuses: [{name: main, image: x, imageID: "", ready: true, restartCount: 0, state: {running: {startedAt: "2026-01-01T00:00:00Z"}}}]}
`, name, namespace, kind, by, by, node, spec)
}

const unmounted = `---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: csi-disk-node, namespace: csi, uid: u-csi-disk-node}
spec: {template: {spec: {containers: [{name: main, args: [--driver=disk.csi.example.com]}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: shop, creationTimestamp: "2026-01-02T09:00:00Z"}
spec: {nodeName: n2, containers: [{name: main}], volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}
status: {phase: Pending, conditions: [{type: PodScheduled, status: "True", lastTransitionTime: "2026-01-02T09:00:00Z"}], containerStatuses: [{name: main, image: x, imageID: "", ready: false, restartCount: 0, state: {waiting: {reason: ContainerCreating}}}]}
---
apiVersion: v1
kind: Event
metadata: {name: db-0.1, namespace: shop, creationTimestamp: "2026-01-02T09:01:00Z"}
involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: db-0}
type: Warning
reason: FailedMount
message: "MountVolume.MountDevice failed for volume \"pv\" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name disk.csi.example.com not found in the list of registered CSI drivers"
firstTimestamp: "2026-01-02T09:01:00Z"
lastTimestamp: "2026-01-02T09:59:00Z"
count: 30
`

const untaken = `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: keeper}
rules: [{apiGroups: [store.example.com], resources: [buckets/status], verbs: [update]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: keeper}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: keeper}
subjects: [{kind: ServiceAccount, namespace: buckets, name: keeper}]
---
apiVersion: store.example.com/v1
kind: Bucket
metadata: {name: images, namespace: shop, creationTimestamp: "2026-01-02T09:00:00Z"}
`

// Who should have done what is missing is asked for its log: the driver's pod on the very node, and who has the right to write the status
// that a resource has none of. Nobody is asked where all is well, and of pods that are alike only a few.
func TestAsksLogs(t *testing.T) {
	drivers := readyPod("csi", "disk-a", "n1", "DaemonSet/csi-disk-node", "") + readyPod("csi", "disk-b", "n2", "DaemonSet/csi-disk-node", "") +
		readyPod("csi", "disk-c", "n3", "DaemonSet/csi-disk-node", "")
	keepers := readyPod("buckets", "keeper-0", "n1", "StatefulSet/keeper", ", serviceAccountName: keeper") +
		readyPod("tools", "buckets-ui", "n1", "StatefulSet/buckets-ui", "")
	taken := strings.Replace(untaken, "kind: Bucket", "kind: Bucket\nstatus: {ready: true}", 1)
	for name, c := range map[string]struct {
		manifests string
		want      []string
	}{
		"a driver":          {unmounted + drivers, []string{"disk-a", "disk-b"}},
		"who should tend":   {untaken + keepers, []string{"keeper-0"}},
		"nothing is wrong":  {drivers + keepers, nil},
		"taken up long ago": {taken + keepers, nil},
	} {
		s, err := snapshot.FromManifests(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), []byte(c.manifests))
		if err != nil {
			t.Fatal(err)
		}
		pods, failed := AsksLogs(s, Run(s).Findings)
		var got []string
		for _, p := range pods {
			if p.Namespace != "shop" {
				got = append(got, p.Name)
			}
		}
		if name == "a driver" && (len(got) == 0 || got[0] != "disk-b") {
			t.Errorf("%s: the pod of the node comes first, not of %v", name, got)
		}
		slices.Sort(got)
		if diff := cmp.Diff(c.want, got); diff != "" || len(failed) > 0 {
			t.Errorf("%s: (-want +got)\n%s%v", name, diff, failed)
		}
	}
}
