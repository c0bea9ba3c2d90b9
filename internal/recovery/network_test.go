package recovery_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest"
)

// proposed is the plan, or the reason why there is none, for the cause of a code in a case of diagnosis/eval, told apart from all others. What is only
// suspected there is taken for a cause. The manifests are the cluster.
func proposed(t *testing.T, c eval.Case, code string, copies ...recovery.Copy) (*incident.Plan, string) {
	t.Helper()
	s, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	cluster, memory := steptest.NewCluster(), &steptest.Memory{}
	for _, doc := range strings.Split(string(c.Manifests), "\n---") {
		var o map[string]any
		if err := sigsyaml.Unmarshal([]byte(strings.TrimLeft(doc, "-")), &o); err != nil {
			t.Fatal(err)
		}
		if meta, ok := o["metadata"].(map[string]any); ok {
			ns, _ := meta["namespace"].(string)
			cluster.Put(incident.Object{Kind: o["kind"].(string), Namespace: ns, Name: meta["name"].(string)}, o)
		}
	}
	memory.Keep(copies, s.At)
	r := newRecovery(t, recovery.Options{Reader: cluster, WriterFor: cluster.WriterFor, Blobs: memory, LastGood: memory})
	scope := diagnosis.Resolve(s, c.Asked.Question())
	if c.Asked == (eval.Asked{}) {
		scope = diagnosis.Scope{Onset: c.Onset}
	}
	d := diagnosis.Examine(s).Diagnose(scope)
	var cause *incident.Cause
	for i := range d.Causes {
		if d.Causes[i].Code == code {
			cause = &d.Causes[i]
		}
	}
	for i, x := range d.Suspicions {
		if x.Code == code && cause == nil {
			cause = &incident.Cause{ID: fmt.Sprint("S", i), Code: code, Title: x.Title, Objects: x.Objects}
		}
	}
	if cause == nil {
		t.Fatalf("%s: there is no cause of code %s", c.Name, code)
	}
	d.Causes = []incident.Cause{*cause}
	plan, reason, err := r.Propose(t.Context(), d, s)
	if err != nil {
		t.Fatal(err)
	}
	return plan, reason
}

func TestPrint(t *testing.T) {
	all, err := eval.Load("../../diagnosis/eval/cases")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile("/tmp/b1-pairs")
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		f := strings.Fields(line)
		i := slices.IndexFunc(all, func(c eval.Case) bool { return strings.ReplaceAll(c.Name, "/", "_") == f[0] })
		t.Run(line, func(t *testing.T) {
			p, reason := proposed(t, all[i], f[1])
			fmt.Println("=====", line)
			if p == nil {
				fmt.Println("  NO:", reason)
				return
			}
			fmt.Println("  ", p.Title, "|", p.Why)
			for _, s := range p.Steps {
				fmt.Println("   -", s.Title)
				fmt.Println("      " + strings.ReplaceAll(s.Diff, "\n", "\n      "))
			}
		})
	}
}
