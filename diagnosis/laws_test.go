package diagnosis

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func everyFixture(t *testing.T, test func(t *testing.T, file string)) {
	t.Helper()
	for _, pattern := range []string{"testdata/*.txtar", "checks/testdata/*.txtar"} {
		files, _ := filepath.Glob(pattern)
		if len(files) == 0 {
			t.Fatalf("no fixtures at %s", pattern)
		}
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { test(t, file) })
		}
	}
}

// The same evidence gives the same bytes, in whatever order it came.
func TestOrderOfArrivalNeverShows(t *testing.T) {
	everyFixture(t, func(t *testing.T, file string) {
		_, at, manifests := load(t, file)
		want := encode(t, Diagnose(snapshotOf(t, file), Scope{}))
		docs := bytes.Split(manifests, []byte("---\n"))
		for seed := range uint64(5) {
			rand.New(rand.NewPCG(seed, 1)).Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
			s, err := snapshot.FromManifests(at, bytes.Join(docs, []byte("\n---\n")))
			if err != nil {
				t.Fatal(err)
			}
			if got := encode(t, Diagnose(s, Scope{})); !bytes.Equal(want, got) {
				t.Fatalf("shuffled (seed %d):\n%s\nnot:\n%s", seed, got, want)
			}
		}
	})
}

func encode(t *testing.T, d *incident.Diagnosis) []byte {
	t.Helper()
	b, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What every diagnosis promises to those who read it.
func TestEveryDiagnosisHolds(t *testing.T) {
	everyFixture(t, func(t *testing.T, file string) {
		d := Diagnose(snapshotOf(t, file), Scope{})
		if b := encode(t, d); bytes.Contains(b, []byte(": null")) {
			t.Errorf("a list is null:\n%s", b)
		}
		explained := map[string]bool{}
		for i, c := range d.Causes {
			if c.ID != fmt.Sprintf("C%d", i+1) || c.Title == "" || c.Reason == "" || len(c.Objects) == 0 || len(c.Explains) == 0 {
				t.Errorf("an incomplete cause: %+v", c)
			}
			if root := d.Finding(c.Explains[0]); root == nil || root.Code != c.Code || root.Severity == incident.Info {
				t.Errorf("%s does not begin with its own finding: %+v", c.ID, root)
			}
			for _, id := range c.Explains {
				explained[id] = true
				if d.Finding(id) == nil {
					t.Errorf("%s explains %s, which is not there", c.ID, id)
				}
			}
			for _, id := range c.Evidence {
				if d.EvidenceByID(id) == nil {
					t.Errorf("%s cites %s, which is not there", c.ID, id)
				}
			}
			for _, b := range c.Blocks {
				if d.Cause(b.Cause) == nil || b.Cause == c.ID || b.Reason == "" {
					t.Errorf("%s blocks %+v", c.ID, b)
				}
			}
		}
		for _, f := range d.Findings {
			if len(f.Evidence) == 0 {
				t.Errorf("no evidence, no finding: %+v", f)
			}
			if f.Severity != incident.Info && !explained[f.ID] {
				t.Errorf("%s %s is neither a cause nor explained by one", f.ID, f.Code)
			}
		}
		for _, e := range d.Evidence {
			if e.Excerpt == "" || len(e.Excerpt) > incident.MaxExcerpt || e.Object.IsZero() {
				t.Errorf("evidence %+v", e)
			}
		}
	})
}

// The founding incident, as the issue asks for it: two roots first, the second blocks the first's remedy, the dependants folded.
func TestFoundingIncident(t *testing.T) {
	s := snapshotOf(t, "testdata/founding.txtar")
	d := Diagnose(s, Scope{})
	if len(d.Causes) != 2 {
		t.Fatalf("%d causes, want the loop and the lost CNI configuration alone", len(d.Causes))
	}
	loop, cni := d.Causes[0], d.Causes[1]
	if loop.Code != "DNSLoop" || !slices.Contains(loop.Objects, snapshot.ObjectOf("ConfigMap", "kube-system", "coredns")) {
		t.Errorf("first cause %s at %v", loop.Code, loop.Objects)
	}
	if cni.Code != "NodeCNIMissing" || !slices.Contains(cni.Objects, snapshot.ObjectOf("Node", "", "leveling-pc")) {
		t.Errorf("second cause %s at %v", cni.Code, cni.Objects)
	}
	if len(cni.Blocks) != 1 || cni.Blocks[0].Cause != loop.ID {
		t.Errorf("the second blocks %v, want %s", cni.Blocks, loop.ID)
	}
	crashes := 0
	for _, f := range d.Findings {
		if f.Code == "PodCrashLoop" {
			crashes++
			if !slices.Contains(loop.Explains, f.ID) || slices.Contains(cni.Explains, f.ID) {
				t.Errorf("%s %s is not folded under the loop alone", f.Code, f.Object)
			}
		}
	}
	if crashes != 11 { // ten workloads that need a name, and CoreDNS
		t.Errorf("%d workloads crash, want 11", crashes)
	}
	if trace := d.Trace; !strings.Contains(strings.Join(trace, "\n"),
		"names-unresolved: DNSLoop ConfigMap/kube-system/coredns -> PodCrashLoop Deployment/convocanvas/convocanvas:") {
		t.Errorf("trace: %q", trace)
	}
}

// A namespace's diagnosis names what explains it, though that lies elsewhere.
func TestScope(t *testing.T) {
	d := Diagnose(snapshotOf(t, "testdata/founding.txtar"), Scope{Namespace: "ollama"})
	if len(d.Causes) != 1 || d.Causes[0].Code != "DNSLoop" {
		t.Fatalf("causes %+v", d.Causes)
	}
	for _, f := range d.Findings {
		if f.Object.Namespace != "ollama" && f.Code != "DNSLoop" {
			t.Errorf("%s %s is not of the namespace", f.Code, f.Object)
		}
	}
	for _, r := range d.Restarts {
		if r.Workload.Namespace != "ollama" {
			t.Errorf("restarts of %s", r.Workload)
		}
	}
}

// What is asked of an Examination before does not show in what is asked next.
func TestOneExaminationAnswersEveryScopeAlike(t *testing.T) {
	s := snapshotOf(t, "testdata/founding.txtar")
	scopes := []Scope{{}, {Namespace: "ollama"}, Resolve(s, incident.Asked{Words: []string{"grafana"}}), {Onset: s.At.Add(-time.Hour)}}
	x := Examine(s)
	x.Probes(Scope{})
	for i := range 2 * len(scopes) {
		scope := scopes[i%len(scopes)]
		if want, got := encode(t, Diagnose(s, scope)), encode(t, x.Diagnose(scope)); !bytes.Equal(want, got) {
			t.Errorf("%+v: what was asked before changed the answer", scope)
		}
	}
}
