package recovery_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/dns"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/nodes"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/storage"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const founding = `
apiVersion: v1
kind: Node
metadata: {name: leveling-pc, uid: n1}
status: {conditions: [{type: Ready, status: "False", lastTransitionTime: "2025-10-03T02:16:00Z"}]}
---
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system, uid: s1}
spec: {selector: {k8s-app: kube-dns}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system, uid: c1}
data: {Corefile: "forward . 127.0.0.1\nloop\n"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns, namespace: kube-system, uid: d1}
spec: {selector: {matchLabels: {k8s-app: kube-dns}}, template: {metadata: {labels: {k8s-app: kube-dns}}, spec: {containers: [{name: coredns}]}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: coredns-1, namespace: kube-system, uid: r1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: coredns, uid: d1, controller: true}]}
---
apiVersion: v1
kind: Pod
metadata: {name: coredns-1-a, namespace: kube-system, labels: {k8s-app: kube-dns}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: coredns-1, uid: r1, controller: true}]}
spec: {nodeName: leveling-pc, containers: [{name: coredns}], volumes: [{name: config, configMap: {name: coredns}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: grafana, namespace: monitoring, uid: d2}
spec: {selector: {matchLabels: {app: grafana}}, template: {metadata: {labels: {app: grafana}}, spec: {containers: [{name: grafana}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: prometheus-server, namespace: monitoring, uid: t1}
spec: {serviceName: prometheus-server, selector: {matchLabels: {app: prometheus-server}}, template: {metadata: {labels: {app: prometheus-server}}, spec: {containers: [{name: prometheus}]}}}
---
apiVersion: paramedic
kind: Host
node: leveling-pc
cniDir: /etc/cni/net.d
`

var (
	loop = incident.Cause{ID: "C1", Code: dns.DNSLoop, Title: "CoreDNS forwards to itself", Confidence: incident.Certain,
		Objects:  []incident.Object{coredns},
		Explains: []string{"F1", "F3", "F4", "F5", "F6"}}
	cniLost = incident.Cause{ID: "C2", Code: nodes.NodeCNIMissing, Title: "leveling-pc has lost its CNI configuration",
		Objects:  []incident.Object{{Kind: "Node", Name: "leveling-pc"}},
		Explains: []string{"F2"}, Blocks: []incident.Block{{Cause: "C1",
			Reason: "nothing can start on leveling-pc until it has a CNI configuration"}}}
	ill = &incident.Diagnosis{At: t0, Causes: []incident.Cause{loop, cniLost}, Findings: []incident.Finding{
		{ID: "F1", Code: dns.DNSLoop, Severity: incident.Critical, Object: coredns},
		{ID: "F2", Code: nodes.NodeCNIMissing, Severity: incident.Critical, Object: incident.Object{Kind: "Node", Name: "leveling-pc"}},
		{ID: "F3", Code: podproblem.PodCrashLoop, Severity: incident.Critical,
			Object: incident.Object{Kind: "StatefulSet", Namespace: "monitoring", Name: "prometheus-server"}},
		{ID: "F4", Code: podproblem.PodCrashLoop, Severity: incident.Critical,
			Object: incident.Object{Kind: "Deployment", Namespace: "monitoring", Name: "grafana"}},
		{ID: "F5", Code: podproblem.PodCrashLoop, Severity: incident.Critical, Object: incident.Object{Kind: "Pod", Namespace: "kube-system",
			Name: "coredns-1-a"}},
		{ID: "F6", Code: services.ServiceNoEndpoints, Severity: incident.Warning,
			Object: incident.Object{Kind: "Service", Namespace: "kube-system", Name: "kube-dns"}},
	}}
	goodCNI = host.Archive{Files: []host.File{{Name: "10-lab.conflist", Mode: 0o600, Content: []byte("{\"name\": \"lab\"}\n")}}}
)

// scene is a cluster, a host and a Snapshot of both, with the copies given.
type scene struct {
	cluster *steptest.Cluster
	memory  *steptest.Memory
	host    *host.Host
	snap    *snapshot.Snapshot
	r       *recovery.Recovery
}

func stage(t *testing.T, manifests string, copies ...recovery.Copy) scene {
	t.Helper()
	return stageAt(t, t0, manifests, copies...)
}

func stageAt(t *testing.T, at time.Time, manifests string, copies ...recovery.Copy) scene {
	t.Helper()
	s, err := snapshot.FromManifests(at, []byte(manifests))
	if err != nil {
		t.Fatal(err)
	}
	x := scene{cluster: steptest.NewCluster(), memory: &steptest.Memory{}, snap: s}
	for _, doc := range strings.Split(manifests, "---\n") {
		var o map[string]any
		if err := sigsyaml.Unmarshal([]byte(doc), &o); err != nil {
			t.Fatal(err)
		}
		if meta, ok := o["metadata"].(map[string]any); ok {
			ns, _ := meta["namespace"].(string)
			x.cluster.Put(incident.Object{Kind: o["kind"].(string), Namespace: ns, Name: meta["name"].(string)}, o)
		}
	}
	if x.host, err = host.New(host.Config{Root: t.TempDir(), Node: "leveling-pc"}); err != nil {
		t.Fatal(err)
	}
	x.memory.Keep(copies, t0.Add(-48*time.Hour))
	x.r = newRecovery(t, recovery.Options{Reader: x.cluster, WriterFor: x.cluster.WriterFor, Blobs: x.memory, LastGood: x.memory,
		Hosts: map[string]recovery.Host{"leveling-pc": x.host}, Redact: func(s string) string {
			return strings.ReplaceAll(s, "hunter2",
				"[REDACTED]")
		}})
	return x
}

var (
	copyOfCorefile = recovery.Copy{Key: recovery.ConfigMapKey("kube-system", "coredns", "Corefile"),
		Content: []byte("forward . 10.99.0.1\nloop\n")}
	copyOfCNI = recovery.Copy{Key: recovery.HostKey("leveling-pc", "/etc/cni/net.d"), Content: goodCNI.Encode()}
)

func titles(p *incident.Plan) string {
	var out []string
	for _, s := range p.Steps {
		out = append(out, s.ID+" "+strings.SplitN(s.Title, " to the copy last seen good ", 2)[0])
	}
	return strings.Join(out, "\n")
}

func TestTheFoundingIncidentHasOnePlan(t *testing.T) {
	x := stage(t, founding, copyOfCorefile, copyOfCNI)
	p, reason, err := x.r.Propose(t.Context(), ill, x.snap)
	if err != nil || p == nil || reason != "" {
		t.Fatalf("%v, %q, %v", p, reason, err)
	}
	want := "1 Restore /etc/cni/net.d on node leveling-pc\n2 Set Corefile of ConfigMap kube-system/coredns\n3 Restart Deployment kube-system/coredns\n" +
		"4 Restart Deployment monitoring/grafana unless it is well within 6 min\n5 Restart StatefulSet monitoring/prometheus-server unless it " +
		"is well within 6 min"
	if d := cmp.Diff(want, titles(p)); d != "" {
		t.Error(d)
	}
	if p.Risk != incident.Disruptive || p.Runbook != "restore-cni+restore-dns" || p.Hash != p.ComputeHash() ||
		!cmp.Equal(p.Causes, []string{"C2", "C1"}) {
		t.Errorf("plan %+v", p)
	}
	if p.Title != "Restore the CNI configuration of node leveling-pc, then restore the Corefile and restart coredns" {
		t.Error(p.Title)
	}
	for _, want := range []string{"2025-10-03 09:00 UTC", "It comes first: nothing can start on leveling-pc"} {
		if !strings.Contains(p.Why, want) {
			t.Errorf("%q does not say %q", p.Why, want)
		}
	}
	wantDiff := "--- ConfigMap/kube-system/coredns (now)\n+++ ConfigMap/kube-system/coredns (after)\n@@ -1,2 +1,2 @@\n-forward . " +
		"127.0.0.1\n+forward . 10.99.0.1\n loop\n"
	if d := cmp.Diff(wantDiff, p.Steps[1].Diff); d != "" {
		t.Error(d)
	}
	again, _, err := x.r.Propose(t.Context(), ill, x.snap)
	if err != nil || again.Hash != p.Hash {
		t.Errorf("made again it is another plan: %v", err)
	}
}

// What holds a secret is not copied into the state, and so nothing is offered that would need the copy; that is said.
func TestNothingIsDoneThatWouldNeedACopyOfASecret(t *testing.T) {
	secret := recovery.Copy{Key: copyOfCNI.Key, Content: host.Archive{Files: []host.File{{Name: "10-lab.conflist", Mode: 0o600,
		Content: []byte("{\"key\": \"hunter2\"}\n")}}}.Encode()}
	x := stage(t, founding, copyOfCorefile, secret)
	p, reason, err := x.r.Propose(t.Context(), ill, x.snap)
	if err != nil || p != nil || !strings.Contains(reason, "10-lab.conflist looks like a secret") || strings.Contains(reason, "hunter2") {
		t.Errorf("%v, %q, %v", p, reason, err)
	}
	mask := func(s string) string { return strings.ReplaceAll(s, "hunter2", "[REDACTED]") }
	for content, want := range map[string]string{"forward . 10.0.0.1": "", "token hunter2": "its content",
		string(secret.Content): "10-lab.conflist"} {
		if got := recovery.Withheld([]byte(content), mask); got != want {
			t.Errorf("%q: %q, want %q", content, got, want)
		}
	}
}

func TestThePlanRunsAndIsUndone(t *testing.T) {
	x := stage(t, founding, copyOfCorefile, copyOfCNI)
	p, _, err := x.r.Propose(t.Context(), ill, x.snap)
	if err != nil {
		t.Fatal(err)
	}
	if checks := x.r.Review(t.Context(), p, ada); len(checks) != 2*len(p.Steps) || !incident.AllOK(checks) {
		t.Errorf("review %+v", checks)
	}
	begun, undo := map[string]bool{}, []incident.Step{}
	for _, s := range p.Steps {
		if ok, why, err := x.r.Recheck(t.Context(), p, begun); !ok || err != nil {
			t.Fatalf("before step %s: %q, %v", s.ID, why, err)
		}
		begun[s.ID] = true
		_, inverse, err := x.r.Apply(t.Context(), p, s, ada)
		if err != nil {
			t.Fatal(err)
		}
		if inverse != nil {
			undo = append([]incident.Step{*inverse}, undo...)
		}
	}
	a, _, err := x.host.Archive(t.Context(), "/etc/cni/net.d")
	if err != nil || a.Hash() != goodCNI.Hash() {
		t.Errorf("CNI directory %+v, %v", a, err)
	}
	back := recovery.Inverse(p, undo)
	if back == nil || len(back.Steps) != 2 || back.Steps[0].Kind != recovery.SetConfigMapKey || back.Steps[1].Params["remove"] == "" ||
		back.Risk != incident.Disruptive {
		t.Fatalf("inverse %+v", back)
	}
	for _, s := range back.Steps {
		if _, _, err := x.r.Apply(t.Context(), back, s, ada); err != nil {
			t.Fatal(err)
		}
	}
	if a, _, err := x.host.Archive(t.Context(), "/etc/cni/net.d"); err != nil || len(a.Files) != 0 {
		t.Errorf("undone, the CNI directory has %+v, %v", a, err)
	}
	if recovery.Inverse(p, nil) != nil {
		t.Error("a plan that undoes nothing")
	}
}

func TestWithoutACopyThereIsNoPlanAndTheReasonIsSaid(t *testing.T) {
	unrelated := incident.Cause{ID: "C3", Code: storage.PVCLost, Title: "a claim waits"}
	alone := func(c incident.Cause) *incident.Diagnosis { d := *ill; d.Causes = []incident.Cause{c}; return &d }
	same := recovery.Copy{Key: copyOfCorefile.Key, Content: []byte("forward . 127.0.0.1\nloop\n")}
	for name, c := range map[string]struct {
		d      *incident.Diagnosis
		copies []recovery.Copy
		steps  int
		want   []string
	}{
		"no copies": {ill, nil, 0, []string{"no last-good copy of /etc/cni/net.d on node leveling-pc",
			`blocked as long as "leveling-pc has lost`}},
		"no copy of the blocker": {ill, []recovery.Copy{copyOfCorefile}, 0,
			[]string{"no last-good copy of /etc/cni/net.d", "blocked"}},
		"no copy of the Corefile": {ill, []recovery.Copy{copyOfCNI}, 1,
			[]string{"no last-good copy of the Corefile in ConfigMap kube-system/coredns"}},
		"the copy is what is there": {alone(loop), []recovery.Copy{same}, 0, []string{"as the last-good copy has it already"}},
		"a cause that no runbook treats": {alone(unrelated), nil, 0,
			[]string{`No remedy for "a claim waits": no runbook treats PVCLost.`}},
		"nothing wrong":                       {&incident.Diagnosis{At: t0}, nil, 0, []string{"nothing was found"}},
		"a Corefile, the blocker not in play": {alone(loop), []recovery.Copy{copyOfCorefile}, 4, nil},
	} {
		x := stage(t, founding, c.copies...)
		p, reason, err := x.r.Propose(t.Context(), c.d, x.snap)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if (p == nil) != (c.steps == 0) || p != nil && len(p.Steps) != c.steps {
			t.Errorf("%s: plan %+v", name, p)
		}
		for _, w := range c.want {
			if !strings.Contains(reason, w) {
				t.Errorf("%s: %q does not say %q", name, reason, w)
			}
		}
		if p != nil && reason != "" && !strings.Contains(p.Why, reason) {
			t.Errorf("%s: the plan does not say what it leaves out: %q", name, p.Why)
		}
	}
}

func TestAHostOutOfReachIsSaid(t *testing.T) {
	x := stage(t, founding, copyOfCNI)
	r := newRecovery(t, recovery.Options{Reader: x.cluster, WriterFor: x.cluster.WriterFor, Blobs: x.memory, LastGood: x.memory})
	p, reason, err := r.Propose(t.Context(), ill, x.snap)
	if p != nil || err != nil || !strings.Contains(reason, "out of reach") {
		t.Errorf("%v, %q, %v", p, reason, err)
	}
}

func TestAnUnreadableClusterIsAnErrorAndNoReason(t *testing.T) {
	x := stage(t, founding, copyOfCorefile, copyOfCNI)
	r := newRecovery(t, recovery.Options{Reader: down{}, WriterFor: x.cluster.WriterFor, Blobs: x.memory, LastGood: x.memory,
		Hosts: map[string]recovery.Host{"leveling-pc": x.host}})
	if p, reason, err := r.Propose(t.Context(), ill, x.snap); p != nil || reason != "" || err == nil {
		t.Errorf("%v, %q, %v", p, reason, err)
	}
}

type down struct{ recovery.Reader }

func (down) Get(context.Context, incident.Object) ([]byte, error) { return nil, errors.New("refused") }

func TestADependantThatIsGoneIsLeftOut(t *testing.T) {
	x := stage(t, founding, copyOfCorefile, copyOfCNI)
	x.cluster.Delete(incident.Object{Kind: "Deployment", Namespace: "monitoring", Name: "grafana"})
	p, _, err := x.r.Propose(t.Context(), ill, x.snap)
	if err != nil || len(p.Steps) != 4 || !strings.Contains(p.Why, "Deployment/monitoring/grafana is left out") {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestCausesThatBlockEachOtherAreBothTreated(t *testing.T) {
	a, b := loop, cniLost
	a.Blocks = []incident.Block{{Cause: "C2"}}
	x := stage(t, founding, copyOfCorefile, copyOfCNI)
	d := *ill
	d.Causes = []incident.Cause{a, b}
	p, reason, err := x.r.Propose(t.Context(), &d, x.snap)
	if err != nil || p == nil || !cmp.Equal(p.Causes, []string{"C2", "C1"}) {
		t.Errorf("%+v, %q, %v", p, reason, err)
	}
}

func TestRunbooksNameCodesThatChecksReport(t *testing.T) {
	for _, b := range recovery.Runbooks {
		for _, code := range b.Codes {
			if _, ok := checks.CodeOf(code); !ok {
				t.Errorf("runbook %s: no check reports %s", b.Name, code)
			}
		}
	}
}
