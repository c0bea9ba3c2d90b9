package diagnosis

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// What could not be looked at is said, and its absence proves nothing: on a healthy cluster of which one kind may not be read, nothing
// is wrong.
func TestNotSeen(t *testing.T) {
	for kind, hide := range map[incident.Resource]func(*snapshot.Snapshot){
		"pods":                            func(s *snapshot.Snapshot) { s.Pods = nil },
		"configmaps":                      func(s *snapshot.Snapshot) { s.ConfigMaps = nil },
		"services":                        func(s *snapshot.Snapshot) { s.Services = nil },
		"nodes":                           func(s *snapshot.Snapshot) { s.Nodes = nil },
		"deployments.apps":                func(s *snapshot.Snapshot) { s.Deployments = nil },
		"replicasets.apps":                func(s *snapshot.Snapshot) { s.ReplicaSets = nil },
		"events":                          func(s *snapshot.Snapshot) { s.Events = nil },
		"leases.coordination.k8s.io":      func(s *snapshot.Snapshot) { s.Leases = nil },
		"endpointslices.discovery.k8s.io": func(s *snapshot.Snapshot) { s.EndpointSlices = nil },
		incident.HostFiles:                func(s *snapshot.Snapshot) { s.Hosts = nil },
	} {
		t.Run(string(kind), func(t *testing.T) {
			s := snapshotOf(t, "testdata/healthy.txtar")
			hide(s)
			s.NotSeen = []incident.NotSeen{{What: "what a person calls it", Why: "forbidden", Resources: []incident.Resource{kind}}}
			s.Index()
			if d := Diagnose(s, Scope{}); len(d.NotSeen) != 1 || d.Wrong() {
				t.Errorf("%s", words(d))
			}
		})
	}
}

// ofOthers are notes about what no check judges by, in words that name everything: of the files of hosts, of logs on a node, of a group of
// custom resources, of an older version that did not say what it is about.
var ofOthers = []incident.NotSeen{
	{What: "files on the nodes", Why: "no host root is configured", Resources: []incident.Resource{incident.HostFiles}},
	{What: "logs of 3 containers on gke-prod-pods-services-1a2b", Why: "nodes, events", Resources: []incident.Resource{incident.PodLogs},
		Where: incident.Object{Kind: "Node", Name: "gke-prod-pods-services-1a2b"}},
	{What: "custom resources of s3.services.k8s.aws", Why: "pods: forbidden", Resources: []incident.Resource{"*.s3.services.k8s.aws"}},
	{What: "pods of namespace services", Why: "configmaps", Resources: []incident.Resource{"services.example.com"}},
	{What: "nodes, pods, services, deployments.apps", Why: "an older version said so"},
}

// A note about something else switches nothing off and rules nothing in, whatever names, groups and namespaces its words hold.
func TestNotesOfOtherThingsChangeNothing(t *testing.T) {
	everyFixture(t, func(t *testing.T, file string) {
		s := snapshotOf(t, file)
		plain := Diagnose(s, Scope{})
		s = snapshotOf(t, file)
		s.NotSeen = append(s.NotSeen, ofOthers...)
		s.Index()
		noted := Diagnose(s, Scope{})
		if len(noted.NotSeen) != len(plain.NotSeen)+len(ofOthers) {
			t.Errorf("%d notes are told, want %d more than %d", len(noted.NotSeen), len(ofOthers), len(plain.NotSeen))
		}
		noted.NotSeen = plain.NotSeen
		if want, got := encode(t, plain), encode(t, noted); !bytes.Equal(want, got) {
			t.Errorf("with notes about other things:\n%s\nwithout:\n%s", got, want)
		}
	})
}

// What a check asks about is a resource that can be noted: a name that is none would never be not seen.
func TestChecksAskForResourcesThatThereAre(t *testing.T) {
	known := map[string]bool{"gatewayclasses." + snapshot.GatewayGroup: true, "gateways." + snapshot.GatewayGroup: true}
	for _, k := range snapshot.Kinds {
		known[k.GroupResource().String()] = true
	}
	var files []string
	for _, floor := range []string{"finding", "kube", "facts", "checks", "cause"} {
		if err := filepath.WalkDir(floor, func(path string, _ fs.DirEntry, err error) error {
			if filepath.Ext(path) == ".go" && !strings.HasSuffix(path, "_test.go") {
				files = append(files, path)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	asked := 0
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !slices.Contains([]string{"NotSeen", "SeenWhole", "NotSeenIn", "Judges"}, nameOf(call.Fun)) {
				return true
			}
			for _, arg := range call.Args {
				if lit, ok := arg.(*ast.BasicLit); ok && lit.Value != `""` {
					asked++
					if r, err := strconv.Unquote(lit.Value); err != nil || !known[r] {
						t.Errorf("%s asks for %s, which is no resource", file, lit.Value)
					}
				}
			}
			return true
		})
	}
	if asked < 40 {
		t.Errorf("only %d questions were found", asked)
	}
}

func nameOf(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}

// What was not seen, or not wholly, or cannot be judged without what was not seen, is not ruled out.
func TestNothingUnseenIsRuledOut(t *testing.T) {
	const services, storage, nodes, config = "the Services", "storage", "the nodes", "ConfigMaps that pods refer to"
	healthy := func() *snapshot.Snapshot {
		s := snapshotOf(t, "testdata/healthy.txtar")
		s.PersistentVolumeClaims = append(s.PersistentVolumeClaims, corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Namespace: s.Pods[0].Namespace, Name: "data"},
			Status:     corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound},
		})
		s.Health = append(s.Health, snapshot.Health{Name: "ping", OK: true})
		s.Index()
		return s
	}
	everything := ruledOutOf(Diagnose(healthy(), Scope{}))
	for _, place := range []string{services, storage, nodes, config, "the cluster's DNS", "the API server"} {
		if !slices.Contains(everything, place) {
			t.Errorf("of a healthy cluster that was seen whole, %q are ruled out, not %s", everything, place)
		}
	}
	for resource, places := range map[incident.Resource][]string{
		"services":                        {services, "the cluster's DNS"},
		incident.ServerHealth:             {"the API server"},
		"endpointslices.discovery.k8s.io": {services},
		"pods":                            {services, config, "the cluster's DNS"},
		"nodes":                           {nodes},
		"configmaps":                      {config},
		"persistentvolumeclaims":          {storage},
		"persistentvolumes":               {storage},
		"storageclasses.storage.k8s.io":   {storage},
	} {
		s := healthy()
		s.NotSeen = []incident.NotSeen{{What: "something", Why: "half of it was left out", Resources: []incident.Resource{resource}}}
		s.Index()
		out := ruledOutOf(Diagnose(s, Scope{}))
		for _, place := range places {
			if slices.Contains(out, place) {
				t.Errorf("without %s, %s are ruled out", resource, place)
			}
		}
		if len(out) != len(everything)-len(places) {
			t.Errorf("without %s, %q are ruled out, of %q", resource, out, everything)
		}
	}
}

// What lies in the namespaces that were seen can be ruled out there, and only there.
func TestRuledOutWhereItWasSeen(t *testing.T) {
	s := snapshotOf(t, "testdata/healthy.txtar")
	ns := s.Services[0].Namespace
	for i := range s.Services {
		if n := s.Services[i].Namespace; n != "kube-system" && n != "default" {
			ns = n
		}
	}
	partial := func(besides ...string) *snapshot.Snapshot {
		s := snapshotOf(t, "testdata/healthy.txtar")
		s.NotSeen = []incident.NotSeen{{What: "all else", Why: "a dump of some namespaces", Resources: []incident.Resource{"services", "pods",
			"endpointslices.discovery.k8s.io"}, Besides: besides}}
		s.Index()
		return s
	}
	if out := ruledOutOf(Diagnose(partial(ns), Scope{})); slices.ContainsFunc(out,
		func(s string) bool { return strings.HasPrefix(s, "the Services") }) {
		t.Errorf("some namespaces were seen, and %q are ruled out of all", out)
	}
	if out := ruledOutOf(Diagnose(partial(ns), Scope{Namespace: ns})); !slices.Contains(out, "the Services in namespace "+ns) {
		t.Errorf("asked about the namespace that was seen, %q are ruled out", out)
	}
	if out := ruledOutOf(Diagnose(partial("another"), Scope{Namespace: ns})); slices.ContainsFunc(out,
		func(s string) bool { return strings.HasPrefix(s, "the Services") }) {
		t.Errorf("asked about a namespace that was not seen, %q are ruled out", out)
	}
	s = snapshotOf(t, "testdata/healthy.txtar")
	s.Namespace = ns
	s.Index()
	if out := ruledOutOf(Diagnose(s, Scope{})); slices.Contains(out, "the Services") {
		t.Errorf("one namespace was looked at, and %q are ruled out of all", out)
	}
}

func ruledOutOf(d *incident.Diagnosis) []string {
	var out []string
	for _, r := range d.RuledOut {
		out = append(out, r.What)
	}
	return out
}

// Where the nodes were not seen, the scheduler's words are all that is known: they are told by whole reasons, and prove no cause.
func TestTheSchedulerIsQuotedWholeWhereNodesAreNotSeen(t *testing.T) {
	const said = "0/9 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient memory, " +
		"3 Insufficient cpu, 3 node(s) didn't match Pod's node affinity/selector, 2 node(s) had volume node affinity conflict. " +
		"preemption: 0/9 nodes are available: 9 Preemption is not helpful for scheduling."
	s, err := snapshot.FromManifests(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), fmt.Appendf(nil, `
apiVersion: v1
kind: Pod
metadata: {name: train, namespace: shop, creationTimestamp: "2026-01-02T08:00:00Z"}
spec: {nodeSelector: {environment: production-gpu}, containers: [{name: main, image: x}]}
status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: %q, lastTransitionTime: "2026-01-02T08:00:00Z"}]}
`, said))
	if err != nil {
		t.Fatal(err)
	}
	s.NotSeen = []incident.NotSeen{{What: "nodes", Why: "forbidden", Resources: []incident.Resource{"nodes"}, Forbidden: true}}
	s.Index()
	d := Diagnose(s, Scope{})
	if len(d.Causes) != 1 || d.Causes[0].Confidence != incident.Possible {
		t.Fatalf("%+v", d.Causes)
	}
	title := d.Causes[0].Title
	for _, want := range []string{"untolerated taint {node-role.kubernetes.io/control-plane: }", ", and 3 more reasons",
		"; the nodes were not seen"} {
		if !strings.Contains(title, want) {
			t.Errorf("no %q in %s", want, title)
		}
	}
	if strings.Contains(title, "…") || strings.Contains(title, "preemption") {
		t.Errorf("cut within a reason: %s", title)
	}
}
