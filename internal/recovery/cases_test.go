package recovery_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/trial"
)

const casesDir = "../../diagnosis/eval/cases"

// loadCase reads a case of the diagnosis' evaluation and what it is diagnosed as.
func loadCase(t *testing.T, name string, change ...string) (scene, *incident.Diagnosis) {
	t.Helper()
	dir := t.TempDir()
	b, err := os.ReadFile(filepath.Join(casesDir, name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for i := 0; i+1 < len(change); i += 2 {
		if !strings.Contains(text, change[i]) {
			t.Fatalf("%s has no %q to change", name, change[i])
		}
		text = strings.ReplaceAll(text, change[i], change[i+1])
	}
	if err := os.WriteFile(filepath.Join(dir, "case.txtar"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := eval.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := all[0]
	c.Manifests = withTemplates(t, c.Manifests)
	s, err := trial.Look(c)
	if err != nil {
		t.Fatal(err)
	}
	d, err := trial.Answer(c, s)
	if err != nil {
		t.Fatal(err)
	}
	x := stage(t, string(c.Manifests))
	x.snap = s
	return x, d
}

// withTemplates gives each workload of one revision the template that its newest pod was made from: the cases' own are often cut short, since a
// diagnosis looks at the pods.
func withTemplates(t *testing.T, manifests []byte) []byte {
	t.Helper()
	type tree = map[string]any
	var docs []tree
	for _, doc := range strings.Split(string(manifests), "---\n") {
		var o tree
		if err := sigsyaml.Unmarshal([]byte(doc), &o); err != nil {
			t.Fatal(err)
		}
		if o != nil {
			docs = append(docs, o)
		}
	}
	meta := func(o tree, key string) any { m, _ := o["metadata"].(tree); return m[key] }
	owner := func(o tree) (uid any) {
		refs, _ := meta(o, "ownerReferences").([]any)
		if len(refs) == 1 {
			uid = refs[0].(tree)["uid"]
		}
		return uid
	}
	byUID := map[any]tree{}
	sets := map[any]int{}
	for _, o := range docs {
		if uid := meta(o, "uid"); uid != nil {
			byUID[uid] = o
		}
		if o["kind"] == "ReplicaSet" {
			sets[owner(o)]++
		}
	}
	for _, pod := range docs {
		if pod["kind"] != "Pod" || owner(pod) == nil {
			continue
		}
		spec, _ := pod["spec"].(tree)
		for o := byUID[owner(pod)]; o != nil; o = byUID[owner(o)] {
			if sets[meta(o, "uid")] > 1 || sets[owner(o)] > 1 || o["kind"] == "Job" {
				continue
			}
			of, _ := o["spec"].(tree)
			if of["paused"] == true {
				continue
			}
			if template, ok := of["template"].(tree); ok {
				mine := tree{}
				for k, v := range spec {
					if !slices.Contains([]string{"nodeName", "hostname"}, k) {
						mine[k] = v
					}
				}
				template["spec"] = mine
			}
		}
	}
	var out []string
	for _, o := range docs {
		b, err := sigsyaml.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	return []byte(strings.Join(out, "---\n"))
}
