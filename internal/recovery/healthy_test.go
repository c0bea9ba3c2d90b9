package recovery_test

import (
	"strings"
	"testing"

	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest"
)

func TestHealthy(t *testing.T) {
	const deployment = `
metadata: {generation: 3}
spec: {replicas: 1, selector: {matchLabels: {app: web}}}
status: {observedGeneration: SEEN, updatedReplicas: UPDATED, availableReplicas: 1}`
	const statefulSet = `
spec: {selector: {matchLabels: {app: web}}}
status: {updatedReplicas: UPDATED, availableReplicas: 1}`
	const daemonSet = `
spec: {selector: {matchLabels: {app: web}}}
status: {desiredNumberScheduled: 1, updatedNumberScheduled: UPDATED, numberAvailable: 1}`
	const pod = `
metadata: {labels: {app: web}}
status:
  phase: Running
  conditions: [{type: Ready, status: "READY"}]
  containerStatuses: [{name: web, restartCount: 7, state: {STATE}}]`
	const steady, fresh = `running: {startedAt: "2025-10-05T08:00:00Z"}`, `running: {startedAt: "2025-10-05T08:59:50Z"}`
	for name, c := range map[string]struct {
		kind, workload string
		changes        []string
		no             string
	}{
		"a Deployment that serves":  {kind: "Deployment", workload: deployment},
		"a StatefulSet that serves": {kind: "StatefulSet", workload: statefulSet},
		"a DaemonSet that serves":   {kind: "DaemonSet", workload: daemonSet},
		"scaled to nothing on purpose": {kind: "Deployment", workload: strings.Replace(deployment, "replicas: 1,", "replicas: 0,", 1),
			changes: []string{"UPDATED", "0"}},
		"the controller lags behind":        {"Deployment", deployment, []string{"SEEN", "2"}, "has not seen"},
		"a rollout under way":               {"Deployment", deployment, []string{"UPDATED", "0"}, "1 of 1 pods available, 0 up to date"},
		"a StatefulSet's rollout under way": {"StatefulSet", statefulSet, []string{"UPDATED", "0"}, "0 up to date"},
		"a DaemonSet's rollout under way":   {"DaemonSet", daemonSet, []string{"UPDATED", "0"}, "0 up to date"},
		"a crash loop between two crashes":  {"Deployment", deployment, []string{"STATE", fresh}, "web-1 restarted 10 s ago, for the 7th time"},
		"a crash loop that the status hides": {"Deployment", deployment,
			[]string{"READY", "False", "STATE", "waiting: {reason: CrashLoopBackOff}"}, "web-1 waits: CrashLoopBackOff"},
		"a pod whose readiness fails": {"Deployment", deployment, []string{"READY", "False"}, "web-1 is not ready"},
	} {
		cluster := steptest.NewCluster()
		o := incident.Object{Kind: c.kind, Namespace: "shop", Name: "web"}
		rep := strings.NewReplacer(append(c.changes, "SEEN", "3", "UPDATED", "1", "READY", "True", "STATE", steady)...)
		for object, y := range map[incident.Object]string{o: c.workload, {Kind: "Pod", Namespace: "shop", Name: "web-1"}: pod} {
			var m map[string]any
			if err := sigsyaml.Unmarshal([]byte(rep.Replace(y)), &m); err != nil {
				t.Fatal(err)
			}
			cluster.Put(object, m)
		}
		r := newRecovery(t, recovery.Options{Reader: cluster, WriterFor: cluster.WriterFor, Blobs: &steptest.Memory{},
			LastGood: &steptest.Memory{}})
		ok, detail, err := r.Healthy(t.Context(), incident.Step{Target: incident.Target{Object: o}})
		if err != nil || ok != (c.no == "") || !strings.Contains(detail, c.no) || detail == "" {
			t.Errorf("%s: %v, %q, %v; want %q", name, ok, detail, err, c.no)
		}
	}
	r := newRecovery(t, recovery.Options{Reader: steptest.NewCluster(), WriterFor: steptest.NewCluster().WriterFor, Blobs: &steptest.Memory{},
		LastGood: &steptest.Memory{}})
	if ok, _, err := r.Healthy(t.Context(), incident.Step{Target: incident.Target{Object: coredns}}); ok || err == nil {
		t.Error("a ConfigMap that does not exist is healthy")
	}
}
