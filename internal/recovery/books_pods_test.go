package recovery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

// betweenKills lets a liveness probe fail where the readiness probe does not, and the pod be ready, as it is between two kills.
var betweenKills = []string{
	`readinessProbe: {httpGet: {path: "/healthz", port: 8080}, periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3, successThreshold: 1}}`,
	`readinessProbe: {httpGet: {path: /ready, port: 8080}}, livenessProbe: {httpGet: {path: /healthz, port: 8080}}}`,
	"Readiness probe failed", "Liveness probe failed",
	"kind: Service\nmetadata: {name: api,", "kind: Event\nmetadata: {name: api-7d9f-abcde.5, namespace: shop}\ninvolvedObject: {kind: Pod, namespace: shop, " +
		"name: api-7d9f-abcde, uid: p-api-7d9f-abcde}\ntype: Warning\nreason: Unhealthy\nmessage: \"Readiness probe failed: Get " +
		"\\\"http://10.42.0.8:8080/ready\\\": dial tcp 10.42.0.8:8080: connect: connection refused\"\nfirstTimestamp: \"2026-03-04T09:58:06Z\"\n" +
		"lastTimestamp: \"2026-03-04T09:58:06Z\"\ncount: 1\nsource: {component: kubelet}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: api,",
	`type: Ready, status: "False", reason: ContainersNotReady, message: "containers with unready status: [main]"`, `type: Ready, status: "True"`,
	`ready: false, restartCount: 0, started: true, state: {running: {startedAt: "2026-03-04T09:30:05Z"}}`,
	`ready: true, restartCount: 9, started: true, state: {running: {startedAt: "2026-03-04T09:58:05Z"}}, lastState: {terminated: {exitCode: 137, ` +
		`reason: Error, startedAt: "2026-03-04T09:55:05Z", finishedAt: "2026-03-04T09:58:04Z"}}`,
}

// What is proposed for cases of the diagnosis' evaluation: the steps by their titles, and what the diff of the first one holds; or part of the
// reason why there is none.
func TestPlansForPods(t *testing.T) {
	for _, c := range []struct {
		name   string
		change []string
		titles []string
		diff   []string
		no     string
	}{
		{name: "pods/configmap-missing", titles: []string{"Set envFrom of main in Deployment shop/api"},
			diff: []string{"-      name: db-config", "+      name: database-config"}},
		{name: "pods/configmap-missing", change: []string{"name: database-config", "name: ledger"}, no: "not exactly one whose name looks like it"},
		{name: "pods/configmap-key-missing", titles: []string{"Set env URL in Deployment shop/api"}, diff: []string{"+        key: db-url"}},
		{name: "pods/projected-configmap-missing", titles: []string{"Set volumes all in Deployment shop/api"}, diff: []string{"name: api-config"}},
		{name: "pods/secret-missing", titles: []string{"Set env PASSWORD in Deployment shop/api"}, diff: []string{"+        name: database"}},
		{name: "pods/secret-unseen-missing", no: "what Secrets there are in namespace shop could not be seen"},
		{name: "pods/image-tag", titles: []string{"Set image of main in Deployment shop/api to registry.example.com/shop/web:1"},
			diff: []string{"-  image: registry.example.com/shop/web:v2"}},
		{name: "pods/image-platform", no: "no pod of Deployment/shop/api shows an architecture on which its image runs"},
		{name: "pods/image-repository", no: "nobody in namespace shop shows with which Secret it can be pulled"},
		{name: "pods/image-pull-secret", titles: []string{"Set spec.imagePullSecrets in Deployment shop/api"}, diff: []string{"+  - name: reg-cred"}},
		{name: "workloads/rollout-image", titles: []string{"Roll Deployment shop/api back from revision 4 to 3"}},
		{name: "pods/oom-limit", titles: []string{"Set resources of main in Deployment shop/cart"}, diff: []string{"-      memory: 64Mi", "+      memory: 96Mi"}},
		{name: "pods/oom-node", no: "was killed at a memory limit of its own"},
		{name: "pods/evicted-own-limit", titles: []string{"Set volumes scratch in Deployment shop/cache", "Delete pod shop/cache-7d9f-abcde"}, diff: []string{"+      sizeLimit: 1536Mi"}},
		{name: "pods/probe-port", titles: []string{"Set readinessProbe of main in Deployment shop/api"}, diff: []string{"+      port: 8080"}},
		{name: "pods/probe-port-name", titles: []string{"Set readinessProbe of main in Deployment shop/api"}, diff: []string{"+      port: http"}},
		{name: "pods/probe-scheme-https", titles: []string{"Set readinessProbe of main in Deployment shop/api"}, diff: []string{"+      scheme: HTTP\n"}},
		{name: "pods/probe-scheme-http", titles: []string{"Set readinessProbe of main in Deployment shop/api"}, diff: []string{"+      scheme: HTTPS\n"}},
		{name: "pods/listens-elsewhere", titles: []string{"Set readinessProbe of main in Deployment shop/front"}, diff: []string{"+      port: 8080"}},
		{name: "pods/probe-path", no: "nothing shows how the readinessProbe of container main should ask"},
		{name: "pods/probe-path", change: betweenKills, titles: []string{"Set livenessProbe of main in Deployment shop/api"}, diff: []string{"+      path: /ready"}},
		{name: "pods/pending-selector", titles: []string{"Set spec.nodeSelector in Deployment shop/db"}, diff: []string{"+    disktype: ssd1"}},
		{name: "pods/pending-selector-key", titles: []string{"Set spec.nodeSelector in Deployment shop/db"}, diff: []string{"+    disktype: ssd"}},
		{name: "pods/pending-taints", titles: []string{"Set spec.tolerations in Deployment shop/batch"}, diff: []string{"+    value: gpu"}},
		{name: "pods/pending-unknown-scheduler", titles: []string{"Set spec.schedulerName in Deployment shop/batch to default-scheduler"}},
		{name: "pods/pending-mixed", titles: []string{"Remove taints dedicated from Node n2"}},
		{name: "scenarios/architecture-of-one-node", titles: []string{"Set spec.nodeSelector in Deployment edge/relay"},
			diff: []string{"kubernetes.io/arch: amd64"}},
		{name: "pods/command-not-found", no: "nothing shows what container of Deployment/shop/api should start"},
		{name: "pods/terminating-node-gone", titles: []string{"Delete pod shop/db-0 at once, though its node n9 cannot confirm that it has ended"}},
		{name: "pods/terminating-finalizer", no: "may be that of Pod shop/quick"},
		{name: "pods/terminating-finalizer", change: []string{"registry.example.com", "registry.test/exampleinc"}, no: "may be that of Pod shop/quick"},
		{name: "pods/terminating-finalizer", change: []string{"registry.example.com", "registry.test"},
			titles: []string{"Take finalizer example.com/backup from Pod shop/db, so that it can go"}},
		{name: "pods/rejected-devices", no: "has not replaced Pod/shop/train"},
		{name: "pods/creating-unknown-event", no: "a new one would wait as well"},
		{name: "pods/secret-rotated", titles: []string{"Restart Deployment shop/orders"}},
		{name: "pods/environment-stale", titles: []string{"Restart Deployment shop/api"}},
		{name: "scenarios/service-links", titles: []string{"Set spec.enableServiceLinks in Deployment chat/hub to false"}},
		{name: "workloads/rollout-crash", titles: []string{"Set env DB_HOST in Deployment shop/cart"}, diff: []string{"+    name: DB_HOST"}},
		{name: "workloads/rollout-paused", titles: []string{"Resume the rollout of Deployment shop/billing"}},
		{name: "workloads/statefulset-held", titles: []string{"Delete pod shop/queue-2"}},
		{name: "workloads/statefulset-no-service", titles: []string{"Make Service shop/mesh-headless"}, diff: []string{"+  clusterIP: None"}},
		{name: "workloads/daemonset-selector", no: "not exactly one value of it looks like that (there is hdd, ssd)"},
		{name: "workloads/daemonset-selector", change: []string{"disktype: hdd", "disktype: nvme"},
			titles: []string{"Set spec.nodeSelector in DaemonSet infra/warmer"}, diff: []string{"+    disktype: ssd"}},
		{name: "workloads/rollout-deadline", titles: []string{"Roll Deployment shop/mail back from revision 4 to 3"}},
	} {
		x, d := loadCase(t, c.name, c.change...)
		p, reason, err := x.r.Propose(t.Context(), d, x.snap)
		switch {
		case err != nil:
			t.Errorf("%s %q: %v", c.name, c.change, err)
			continue
		case c.no != "":
			if p != nil || !strings.Contains(reason, c.no) {
				t.Errorf("%s %q: %+v, %q; want no plan, for %q", c.name, c.change, p, reason, c.no)
			}
			continue
		case p == nil:
			t.Errorf("%s %q: no plan, for %q", c.name, c.change, reason)
			continue
		}
		var got []string
		for _, s := range p.Steps {
			got = append(got, s.Title)
		}
		if strings.Join(got, "\n") != strings.Join(c.titles, "\n") {
			t.Errorf("%s %q: steps %q, want %q", c.name, c.change, got, c.titles)
		}
		for _, want := range c.diff {
			if !strings.Contains(p.Steps[0].Diff, want) {
				t.Errorf("%s %q: the diff lacks %q:\n%s", c.name, c.change, want, p.Steps[0].Diff)
			}
		}
		if p.Steps[0].Source == "" || p.Risk == incident.Safe && !strings.HasPrefix(got[0], "Make ") {
			t.Errorf("%s %q: risk %s, source %q", c.name, c.change, p.Risk, p.Steps[0].Source)
		}
	}
}

// ordered is a StatefulSet whose second revision fails at its last pod, and a DaemonSet that does at one node.
const ordered = `
apiVersion: apps/v1
kind: KIND
metadata: {name: db, namespace: shop, uid: t1}
spec: {serviceName: db, podManagementPolicy: "POLICY", selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: "db:2"}]}}}
status: {replicas: 2, currentRevision: db-1, updateRevision: db-2}
---
apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: db-1, namespace: shop, uid: c1, creationTimestamp: "FIRST", labels: {controller-revision-hash: "HASH1"}, ownerReferences: [{apiVersion: apps/v1, kind: KIND, name: db, uid: t1, controller: true}]}
revision: 1
data: {spec: {template: {$patch: replace, metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: "db:1"}]}}}}
---
apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: db-2, namespace: shop, uid: c2, creationTimestamp: "SECOND", labels: {controller-revision-hash: "HASH2"}, ownerReferences: [{apiVersion: apps/v1, kind: KIND, name: db, uid: t1, controller: true}]}
revision: 2
data: {spec: {template: {$patch: replace, metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: "db:2"}]}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: shop, uid: p0, labels: {app: db, controller-revision-hash: "HASH1"}, ownerReferences: [{apiVersion: apps/v1, kind: KIND, name: db, uid: t1, controller: true}]}
spec: {nodeName: n1, containers: [{name: db, image: "db:1"}]}
status: {phase: Running, conditions: [{type: Ready, status: "SERVES"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db-1, namespace: shop, uid: p1, labels: {app: db, controller-revision-hash: "HASH2"}, ownerReferences: [{apiVersion: apps/v1, kind: KIND, name: db, uid: t1, controller: true}]}
spec: {nodeName: n2, containers: [{name: db, image: "db:2"}]}
status: {phase: Running, conditions: [{type: Ready, status: "False"}]}
`

func TestRollingBackWhatKeepsControllerRevisions(t *testing.T) {
	at := func(before time.Duration) string { return t0.Add(-before).Format(time.RFC3339) }
	for name, c := range map[string]struct {
		changes []string
		titles  []string
		no      string
	}{
		"a StatefulSet that goes by order": {titles: []string{"Roll StatefulSet shop/db back from revision 2 to 1", "Delete pod shop/db-1"}},
		"a StatefulSet that does not": {changes: []string{"POLICY", "Parallel"},
			titles: []string{"Roll StatefulSet shop/db back from revision 2 to 1"}},
		"a StatefulSet whose first revision may never have worked": {changes: []string{"SERVES", "False"}, no: "nothing proves that revision 1"},
		"a DaemonSet": {changes: []string{"KIND", "DaemonSet", "HASH1", "aaa", "HASH2", "bbb",
			`serviceName: db, podManagementPolicy: "POLICY", `, "", "replicas: 2, currentRevision: db-1, updateRevision: db-2", ""},
			titles: []string{"Roll DaemonSet shop/db back from revision 2 to 1"}},
		"a rollout of long ago": {changes: []string{"SECOND", at(48 * time.Hour), "FIRST", at(96 * time.Hour)}, no: "too long ago"},
	} {
		x := stage(t, strings.NewReplacer(append(c.changes, "KIND", "StatefulSet", "POLICY", "OrderedReady", "HASH1", "db-1", "HASH2", "db-2", "SERVES",
			"True", "FIRST", at(3*time.Hour), "SECOND", at(10*time.Minute))...).Replace(ordered))
		kind := "StatefulSet"
		if strings.Contains(name, "DaemonSet") {
			kind = "DaemonSet"
		}
		d := &incident.Diagnosis{At: t0, Causes: []incident.Cause{{ID: "C1", Code: podproblem.PodCrashLoop, Title: "db crashes",
			Objects: []incident.Object{{Kind: kind, Namespace: "shop", Name: "db"}}}}}
		p, reason, err := x.r.Propose(t.Context(), d, x.snap)
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
			continue
		case c.no != "":
			if p != nil || !strings.Contains(reason, c.no) {
				t.Errorf("%s: %+v, %q; want no plan, for %q", name, p, reason, c.no)
			}
			continue
		case p == nil:
			t.Errorf("%s: no plan, for %q", name, reason)
			continue
		}
		var got []string
		for _, s := range p.Steps {
			got = append(got, s.Title)
		}
		if strings.Join(got, "\n") != strings.Join(c.titles, "\n") {
			t.Errorf("%s: steps %q, want %q", name, got, c.titles)
		}
		if d := p.Steps[0].Diff; !strings.Contains(d, "-    - image: db:2\n+    - image: db:1\n") || strings.Contains(d, "$patch") {
			t.Errorf("%s: diff\n%s", name, d)
		}
	}
}

// Every code has a runbook, or says why there is none and what a person does.
func TestEveryCodeIsSpokenFor(t *testing.T) {
	treated := map[string]bool{}
	for _, b := range recovery.Runbooks {
		for _, code := range b.Codes {
			treated[code] = true
		}
	}
	for _, check := range checks.All {
		for _, c := range check.Codes {
			if by := recovery.ByHand[c.Code]; treated[c.Code] == (by != "") {
				t.Errorf("%s has a runbook: %v, and is done by hand: %q; want one of the two", c.Code, treated[c.Code], by)
			}
		}
	}
}
