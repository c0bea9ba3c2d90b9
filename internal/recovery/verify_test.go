package recovery_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const mended = `
apiVersion: v1
kind: Node
metadata: {name: leveling-pc}
status: {conditions: [{type: Ready, status: "NODE", lastTransitionTime: "2025-10-05T08:59:50Z"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: grafana, namespace: monitoring, uid: d2}
spec: {replicas: 1, selector: {matchLabels: {app: grafana}}, template: {metadata: {labels: {app: grafana}}, spec: {containers: [{name: grafana}]}}}
status: {availableReplicas: AVAILABLE}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: grafana-1, namespace: monitoring, uid: r2, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: grafana, uid: d2, controller: true}]}
---
apiVersion: v1
kind: Pod
metadata: {name: grafana-1-a, namespace: monitoring, labels: {app: grafana}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: grafana-1, uid: r2, controller: true}]}
spec: {nodeName: leveling-pc, containers: [{name: grafana}]}
status:
  phase: Running
  conditions: [{type: Ready, status: "POD"}]
  containerStatuses: [{name: grafana, image: g, imageID: g, ready: true, restartCount: 1515, state: {STATE}}]
---
apiVersion: v1
kind: Service
metadata: {name: grafana, namespace: monitoring}
spec: {selector: {app: grafana}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: grafana-x, namespace: monitoring, labels: {kubernetes.io/service-name: grafana}}
addressType: IPv4
endpoints: [{addresses: ["10.42.0.9"], conditions: {ready: ENDPOINT}}]
---
apiVersion: paramedic
kind: Lookup
from: paramedic
server: 10.43.0.10
name: ollama.ollama.svc.cluster.local
addrs: [ADDR]
error: "ERROR"
`

// failed lists the names of the checks that do not hold.
func failed(checks []incident.Check) string {
	var out []string
	for _, c := range checks {
		if c.Detail == "" {
			out = append(out, c.Name+" says nothing")
		}
		if !c.OK {
			out = append(out, c.Name)
		}
	}
	return strings.Join(out, "; ")
}

// logsOf says of how many containers on one node no log could be read.
func logsOf(n int) []incident.NotSeen {
	return []incident.NotSeen{{What: fmt.Sprintf("logs of %d containers on n1", n), Why: "late",
		Resources: []incident.Resource{incident.PodLogs}, Where: incident.Object{Kind: "Node", Name: "n1"}}}
}

func TestSampleProvesThatItHelped(t *testing.T) {
	find := func(code string, s incident.Severity, kind, ns, name string) *incident.Diagnosis {
		return &incident.Diagnosis{At: t0, Findings: []incident.Finding{{ID: "F1", Code: code, Severity: s,
			Object: incident.Object{Kind: kind, Namespace: ns, Name: name}}}}
	}
	clean := &incident.Diagnosis{At: t0}
	running := func(started string) []string { return []string{"STATE", `running: {startedAt: "` + started + `"}`} }
	plan := &incident.Plan{Causes: []string{"C1", "C2"}, Steps: []incident.Step{{Target: incident.Target{Object: incident.Object{Kind: "Node",
		Name: "leveling-pc"}}}}}
	for name, c := range map[string]struct {
		changes []string
		before  []incident.NotSeen
		now     *incident.Diagnosis
		since   time.Duration
		noPlan  bool
		want    string
	}{
		"all is well":                {},
		"all is well without a plan": {noPlan: true},
		"a finding is still there": {now: find("PodCrashLoop", incident.Critical, "Deployment", "monitoring", "grafana"),
			want: "the findings are gone"},
		"it is there on the pod": {now: find("PodCrashLoop", incident.Critical, "Pod", "monitoring", "grafana-1-a"),
			want: "the findings are gone"},
		"it is worth knowing and more": {now: find("PodCrashLoop", incident.Info, "Deployment", "monitoring", "grafana")},
		"something new beside it": {now: find("PodImagePull", incident.Warning, "Deployment", "monitoring", "loki"),
			want: "nothing new is wrong"},
		"something new on the node": {now: find("NodePressure", incident.Warning, "Node", "", "leveling-pc"),
			want: "nothing new is wrong"},
		"something new elsewhere": {now: find("PodImagePull", incident.Critical, "Deployment", "shop", "web")},
		"the nodes cannot be read": {now: &incident.Diagnosis{At: t0, NotSeen: []incident.NotSeen{{What: "nodes", Why: "forbidden",
			Resources: []incident.Resource{"nodes"}}}}, want: "everything could be looked at"},
		"logs there are gone": {now: &incident.Diagnosis{At: t0, NotSeen: []incident.NotSeen{{What: "logs", Why: "gone", Gone: true, Count: 1,
			Resources: []incident.Resource{incident.PodLogs}, Where: incident.Object{Kind: "Node", Name: "leveling-pc"},
			Of: []incident.Object{{Kind: "Pod", Namespace: "monitoring", Name: "grafana-1-a"}}}}}},
		"a log there cannot be read": {now: &incident.Diagnosis{At: t0, NotSeen: []incident.NotSeen{{What: "logs", Why: "late", Count: 1,
			Resources: []incident.Resource{incident.PodLogs}, Where: incident.Object{Kind: "Node", Name: "leveling-pc"},
			Of: []incident.Object{{Kind: "Pod", Namespace: "monitoring", Name: "grafana-1-a"}}}}}, want: "everything could be looked at"},
		"a log of another workload cannot be read": {now: &incident.Diagnosis{At: t0, NotSeen: []incident.NotSeen{{What: "logs", Why: "late", Count: 1,
			Resources: []incident.Resource{incident.PodLogs}, Where: incident.Object{Kind: "Node", Name: "leveling-pc"},
			Of: []incident.Object{{Kind: "Pod", Namespace: "shop", Name: "web-1-a"}}}}}},
		"logs on another node cannot be read": {now: &incident.Diagnosis{At: t0, NotSeen: logsOf(3)}},
		"another namespace cannot be read": {now: &incident.Diagnosis{At: t0, NotSeen: []incident.NotSeen{{What: "pods of shop", Why: "forbidden",
			Resources: []incident.Resource{"pods"}, Where: incident.Object{Kind: "Namespace", Name: "shop"}}}}},
		"logs of what looks well cannot be read": {now: &incident.Diagnosis{At: t0, NotSeen: []incident.NotSeen{{What: "logs", Why: "late"}}}},
		"fewer logs can be read there":           {before: logsOf(3), now: &incident.Diagnosis{At: t0, NotSeen: logsOf(9)}},
		"a pod is not ready":                     {changes: []string{"POD", "False"}, want: "pods are ready"},
		"a pod was never made":                   {changes: []string{"AVAILABLE", "0"}, want: "pods are ready"},
		"a pod crashed just now":                 {changes: running("2025-10-05T08:59:45Z"), want: "restarts are flat"},
		"a pod crashed since all was well":       {changes: running("2025-10-05T08:58:00Z"), since: 3 * time.Minute, want: "restarts are flat"},
		"a pod crashed before":                   {changes: running("2025-10-05T08:56:00Z"), since: 3 * time.Minute},
		"the node is not ready":                  {changes: []string{"NODE", "False"}, want: "nodes are ready"},
		"a service has no endpoint":              {changes: []string{"ENDPOINT", "false"}, want: "services have endpoints"},
		"a name does not resolve":                {changes: []string{"ADDR", "", "ERROR", "SERVFAIL"}, want: "names resolve"},
	} {
		s, err := snapshot.FromManifests(t0, []byte(strings.NewReplacer(append(append(c.changes, running("2025-10-05T08:00:00Z")...), "NODE",
			"True", "AVAILABLE", "1", "POD", "True",
			"ENDPOINT", "true", "ADDR", "10.43.2.14", "ERROR", "")...).Replace(mended)))
		if err != nil {
			t.Fatal(err)
		}
		before := *ill
		before.NotSeen = c.before
		p := recovery.Proof{Plan: plan, Before: &before, Now: clean, Snapshot: s}
		if c.now != nil {
			p.Now = c.now
		}
		if c.noPlan {
			p.Plan = nil
		}
		if c.since > 0 {
			p.Since = t0.Add(-c.since)
		}
		if got := failed(recovery.Sample(p)); got != c.want {
			t.Errorf("%s: failed %q, want %q", name, got, c.want)
		}
	}
}

func TestSampleDemandsNamesOnlyWhereTheyWereLookedUp(t *testing.T) {
	s, err := snapshot.FromManifests(t0, nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range recovery.Sample(recovery.Proof{Before: &incident.Diagnosis{}, Now: &incident.Diagnosis{}, Snapshot: s}) {
		names = append(names, c.Name)
	}
	want := []string{"everything could be looked at", "the findings are gone", "nothing new is wrong", "pods are ready", "restarts are flat"}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
}
