package recovery_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/trial"
)

// fromCase is a case of the evaluation, with changes to its text (old, new …), as a scene and its diagnosis.
func fromCase(t *testing.T, name string, changes []string) (scene, *incident.Diagnosis) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../diagnosis/eval/cases", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("%s has no %q", name, changes[i])
		}
		text = strings.ReplaceAll(text, changes[i], changes[i+1])
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "case.txtar"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := eval.Load(dir)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d cases, %v", len(all), err)
	}
	s, err := trial.Look(all[0])
	if err != nil {
		t.Fatal(err)
	}
	d, err := trial.Answer(all[0], s)
	if err != nil {
		t.Fatal(err)
	}
	x := stage(t, string(all[0].Manifests))
	x.snap = s
	return x, d
}

const (
	fastClass = `
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast, creationTimestamp: "2026-01-01T08:00:00Z"}
provisioner: ebs.csi.aws.com
allowVolumeExpansion: true
`
	oldClass = `
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: old, creationTimestamp: "2025-01-01T08:00:00Z"}
provisioner: example.com/old
`
	storageQuota = `
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: disks, namespace: shop}
spec: {hard: {requests.storage: 20Gi}}
status: {hard: {requests.storage: 20Gi}, used: {requests.storage: 18Gi}}
`
	off   = `{name: w1, creationTimestamp: "2026-01-01T00:00:00Z"}`
	isOff = off + "\nspec: {taints: [{key: node.cloudprovider.kubernetes.io/shutdown, effect: NoSchedule}]}"
	// begins adds to a case's manifests.
	begins = "-- manifests.yaml --"
)

func with(manifests string) []string {
	return []string{begins, begins + strings.TrimPrefix(manifests, "\n---") + "---"}
}

func TestTheClustersRunbooks(t *testing.T) {
	for _, c := range []struct {
		what, from string
		change     []string
		steps      string // their titles, or
		no         string // part of the reason
		diff       string // part of the first step's
	}{
		{"a cordon that was forgotten", "nodes/cordoned-and-forgotten", nil, "1 Uncordon Node w1", "", "-  unschedulable: true"},
		{"a cordon of this hour", "nodes/cordoned-and-forgotten", []string{"2025-12-30T08:00:00Z", "2026-01-02T09:30:00Z"}, "", "within the hour", ""},
		{"a cordoned node that is to go", "nodes/cordoned-and-forgotten", []string{"taints: [", "taints: [{key: ToBeDeletedByClusterAutoscaler, effect: NoSchedule}, "},
			"", "has taint ToBeDeletedByClusterAutoscaler besides", ""},
		{"a full disk, and pods that have ended", "nodes/disk-full", nil, "1 Delete pod shop/api-5c-x", "", "node: w1"},
		{"a full disk, and nothing to remove", "nodes/disk-full", []string{"phase: Failed, reason: Evicted", "phase: Running, reason: X"}, "1 Restart Deployment shop/api",
			"no pod that has ended", ""},
		{"a silent node", "nodes/node-silent", nil, "", "kubectl taint node w1 node.kubernetes.io/out-of-service", ""},
		{"a machine that is off", "nodes/node-silent", []string{off, isOff, "kind: ReplicaSet, name: api-5c, uid: rs-api", "kind: StatefulSet, name: api, uid: s"},
			"1 Delete pod shop/api-5c-x at once, though its node w1 cannot confirm that it has ended", "", ""},
		{"a machine that is off, and pods that others replace", "nodes/node-silent", []string{off, isOff}, "", "nothing waits for the pods", ""},
		{"a driver that does not match", "nodes/gpu-driver", nil, "1 Drain node gpu-1 of 1 pod", "", "-takes new pods: true"},
		{"a GPU whose plugin does not run", "nodes/gpu-without-plugin", nil, "", "no agent for it runs", ""},
		{"a volume of a deleted claim", "storage/volume-released", nil,
			"1 Let claim shop/data-db-0 bind PersistentVolume pv-db, with the data that it holds", "", "-    uid: uid-old"},
		{"a full volume", "storage/volume-full-log", with(fastClass), "1 Set requests.storage in PersistentVolumeClaim shop/data-db-0 to 15Gi", "",
			"+  storage: 15Gi"},
		{"a full volume that cannot grow", "storage/volume-full-log", nil, "", "allowVolumeExpansion", ""},
		{"a full volume, and no quota for more", "storage/volume-full-log", with(fastClass + storageQuota), "", "leaves 2Gi of storage, and 5Gi more", ""},
		{"a file system that waits", "storage/resize-waits", nil, "1 Restart StatefulSet shop/db", "", "restartedAt"},
		{"no default class, and one to take", "storage/claim-no-default-class", nil,
			"1 Set annotations.storageclass.kubernetes.io/is-default-class in StorageClass fast-ssd to true", "", "is-default-class: \"true\""},
		{"no default class, and claims of one", "storage/claim-no-default-class", with(oldClass),
			"1 Set annotations.storageclass.kubernetes.io/is-default-class in StorageClass fast-ssd to true", "", ""},
		{"a class that there is not", "storage/claim-class-missing", nil, "", "cannot be changed; make claim", ""},
		{"a provisioner at 0, and nothing that tells of before", "storage/claim-provisioner-scaled-to-0", nil, "", "nothing tells how many pods it had", ""},
		{"a provisioner at 0, and its manifest", "storage/claim-provisioner-scaled-to-0", []string{
			`{name: local-path-provisioner, namespace: kube-system, creationTimestamp: "2026-01-01T08:00:00Z"}`,
			`{name: local-path-provisioner, namespace: kube-system, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"spec":{"replicas":2}}'}}`},
			"1 Scale Deployment kube-system/local-path-provisioner from 0 to 2", "", "+  replicas: 2"},
		{"a claim of another name", "storage/claim-missing", nil, "1 Set volumes data in Deployment shop/web", "", "+      claimName: web-data"},
		{"a claim like no other", "storage/claim-missing", []string{"name: web-data,", "name: archive,"}, "", "0 bound claims", ""},
		{"a volume of a node that may live", "storage/multi-attach", nil, "1 Set spec.strategy in Deployment shop/web", "", "+    type: Recreate"},
		{"a volume of a machine that is gone", "storage/multi-attach", []string{`{name: n1, creationTimestamp: "2026-01-01T00:00:00Z"}`,
			`{name: n9, creationTimestamp: "2026-01-01T00:00:00Z"}`}, "1 Delete pod shop/web-7f9c-x2k4p at once, though its node n1 cannot confirm that it has ended", "", ""},
		{"a volume of a machine that is off, and no pod on it", "storage/multi-attach-node-gone", []string{
			`{name: n1, creationTimestamp: "2026-01-01T00:00:00Z"}`, `{name: n1, creationTimestamp: "2026-01-01T00:00:00Z"}` +
				"\nspec: {taints: [{key: node.cloudprovider.kubernetes.io/shutdown}]}"}, "", "nothing waits for the pods of n1", ""},
		{"a taint that somebody left", "nodes/cordoned-and-forgotten", []string{
			`{unschedulable: true, taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule, timeAdded: "2025-12-30T08:00:00Z"}]}`,
			"{taints: [{key: bench, value: x, effect: NoSchedule}]}", "1 node(s) were unschedulable", "1 node(s) had untolerated taint {bench: x}"},
			"1 Remove taints bench from Node w1", "", "-    value: x"},
		{"a taint that a pod is meant for", "nodes/cordoned-and-forgotten", []string{
			`{unschedulable: true, taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule, timeAdded: "2025-12-30T08:00:00Z"}]}`,
			"{taints: [{key: bench, value: x, effect: NoSchedule}]}", "1 node(s) were unschedulable", "1 node(s) had untolerated taint {bench: x}",
			"spec: {nodeName: w1,", "spec: {tolerations: [{key: bench, operator: Exists}], nodeName: w1,"},
			"1 Set spec.tolerations in Deployment shop/api", "", ""},
		{"a taint that a nightly Job is meant for", "nodes/cordoned-and-forgotten", append([]string{
			`{unschedulable: true, taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule, timeAdded: "2025-12-30T08:00:00Z"}]}`,
			"{taints: [{key: bench, value: x, effect: NoSchedule}]}", "1 node(s) were unschedulable", "1 node(s) had untolerated taint {bench: x}"},
			with(nightlyBench)...), "", "no taint that somebody has left", ""},
		{"a label that a node has lost", "nodes/cordoned-and-forgotten", []string{
			`{unschedulable: true, taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule, timeAdded: "2025-12-30T08:00:00Z"}]}`, "{}",
			"1 node(s) were unschedulable", "1 node(s) didn't match Pod's node affinity/selector",
			"spec: {nodeName: w1,", "spec: {nodeSelector: {disk: ssd}, nodeName: w1,",
			`spec: {containers: [{name: main, image: "shop/api:1"}]}` + "\nstatus: {phase: Pending", `spec: {nodeSelector: {disk: ssd}, containers: [{name: main, image: "shop/api:1"}]}` + "\nstatus: {phase: Pending"},
			"1 Set labels.disk in Node w1 to ssd", "", "disk: ssd"},
		{"a driver that no node has", "storage/csi-driver-not-registered", nil, "", "no agent for it runs", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			x, d := fromCase(t, c.from, c.change)
			p, reason, err := x.r.Propose(t.Context(), d, x.snap)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if p != nil {
				got = titles(p)
				if !strings.Contains(p.Steps[0].Diff, c.diff) {
					t.Errorf("no %q in\n%s", c.diff, p.Steps[0].Diff)
				}
			}
			if got != c.steps || !strings.Contains(reason, c.no) {
				var codes []string
				for _, cause := range d.Causes {
					codes = append(codes, cause.Code+" "+cause.Objects[0].String())
				}
				t.Errorf("got %q, want %q; %q, want %q; causes %v", got, c.steps, reason, c.no, codes)
			}
		})
	}
}

const nightlyBench = `
apiVersion: batch/v1
kind: CronJob
metadata: {name: bench, namespace: lab}
spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, tolerations: [{key: bench, operator: Exists}], containers: [{name: main, image: "lab/bench:1"}]}}}}}
`
