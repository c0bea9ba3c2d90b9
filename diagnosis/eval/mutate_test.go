package eval_test

import (
	"bufio"
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// mostTime is what a diagnosis of a small cluster may take, however odd its objects: generous, for a busy machine is no failure.
const mostTime = 20 * time.Second

// documents are a case's manifests, one by one.
func documents(c eval.Case) [][]byte {
	var out [][]byte
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(c.Manifests)))
	for {
		doc, err := reader.Read()
		if err != nil {
			return out
		}
		out = append(out, doc)
	}
}

// mutant is a seed's odd version of a case's cluster: objects gone, fields gone, emptied, or with values that belong elsewhere. What the
// API server would not take stays as it was.
func mutant(c eval.Case, seed uint64) (s *snapshot.Snapshot, odd int, err error) {
	r := rand.New(rand.NewPCG(seed, 0))
	var out bytes.Buffer
	for _, doc := range documents(c) {
		if r.IntN(8) == 0 {
			odd++
			continue // what refers to it refers to nothing
		}
		out.WriteString("---\n")
		if m := mutateDocument(r, doc); m != nil {
			if _, err := snapshot.FromManifests(c.At, m); err == nil {
				odd++
				out.Write(m)
				continue
			}
		}
		out.Write(doc)
	}
	s, err = snapshot.FromManifests(c.At, out.Bytes())
	return s, odd, err
}

// mutateDocument changes up to three fields; nil: none.
func mutateDocument(r *rand.Rand, doc []byte) []byte {
	var o map[string]any
	n := r.IntN(4)
	if n == 0 || sigsyaml.Unmarshal(doc, &o) != nil {
		return nil
	}
	for range n {
		for _, top := range slices.Sorted(maps.Keys(o)) {
			if top != "apiVersion" && top != "kind" {
				o[top] = mutate(r, o[top])
			}
		}
	}
	b, err := sigsyaml.Marshal(o)
	if err != nil {
		return nil
	}
	return b
}

func mutate(r *rand.Rand, v any) any {
	switch x := v.(type) {
	case map[string]any:
		if len(x) == 0 {
			return x
		}
		k := slices.Sorted(maps.Keys(x))[r.IntN(len(x))]
		switch r.IntN(6) {
		case 0:
			delete(x, k)
		default:
			x[k] = mutate(r, x[k])
		}
		return x
	case []any:
		switch {
		case len(x) == 0 || r.IntN(8) == 0:
			return []any{}
		case r.IntN(8) == 0:
			return append(x, x[r.IntN(len(x))])
		}
		i := r.IntN(len(x))
		x[i] = mutate(r, x[i])
		return x
	case string:
		odd := []string{"", " ", "-1", "0", "a/b", "..", "%s%d", "\n", "\x00", "9999999999999999999", "2026-01-02T10:00:00Z", x + x, "é€", "*",
			"[", "10.0.0.0/33", "{{"}
		return odd[r.IntN(len(odd))]
	case float64, int64:
		return []any{0, -1, 1 << 30, -(1 << 31)}[r.IntN(4)]
	case bool:
		return !x
	}
	return nil
}

func diagnoseMutant(t *testing.T, c eval.Case, seed uint64) (odd int) {
	t.Helper()
	s, odd, err := mutant(c, seed)
	if err != nil {
		t.Fatalf("%s, seed %d: %v", c.Name, seed, err)
	}
	began := time.Now()
	x := diagnosis.Examine(s)
	d := x.Diagnose(diagnosis.Scope{})
	if took := time.Since(began); took > mostTime {
		t.Errorf("%s, seed %d: took %v", c.Name, seed, took)
	}
	for _, f := range d.Findings {
		if f.Code == "" || f.Title == "" || len(f.Evidence) == 0 {
			t.Errorf("%s, seed %d: an incomplete finding: %+v", c.Name, seed, f)
		}
	}
	x.Probes(diagnosis.Scope{})
	for _, f := range append(d.Failures, s.Failures...) {
		t.Errorf("%s, seed %d: %s panics: %s\n%s", c.Name, seed, f.What, f.Panic, f.Stack)
	}
	return odd
}

// TestOddObjects: whatever is missing from objects or odd about them, no check panics, hangs or reports half a finding.
func TestOddObjects(t *testing.T) {
	odd := 0
	for _, c := range cases(t) {
		if len(c.Manifests) == 0 {
			continue
		}
		for seed := range uint64(3) {
			odd += diagnoseMutant(t, c, seed)
		}
	}
	if odd < 1000 {
		t.Errorf("only %d odd objects were looked at", odd)
	}
}

// FuzzOddObjects is the same without an end.
func FuzzOddObjects(f *testing.F) {
	list, err := eval.Load("cases")
	if err != nil {
		f.Fatal(err)
	}
	list = slices.DeleteFunc(list, func(c eval.Case) bool { return len(c.Manifests) == 0 })
	for i := range list {
		f.Add(uint64(i), uint64(i))
	}
	f.Fuzz(func(t *testing.T, which, seed uint64) {
		diagnoseMutant(t, list[which%uint64(len(list))], seed)
	})
}
