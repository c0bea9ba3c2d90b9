package trial_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/ollama"
	"github.com/paramedic-bot/paramedic/internal/trial"
)

// writer is a model that gives one answer after the other.
type writer struct{ answers []string }

func (w *writer) Name() string { return "writer:1b" }

func (w *writer) Chat(_ context.Context, r ollama.Request) (string, ollama.Stats, error) {
	if len(w.answers) == 0 {
		return "", ollama.Stats{}, errors.New("no answer from Ollama")
	}
	a := w.answers[0]
	w.answers = w.answers[1:]
	return a, ollama.Stats{PromptTokens: 900, Tokens: 100}, nil
}

func image(t *testing.T) eval.Case {
	t.Helper()
	dir := t.TempDir()
	text := `An image that does not exist
-- case.yaml --
fault: pods/image
at: 2026-01-02T10:00:00Z
root: [{object: Pod/shop/web}]
-- manifests.yaml --
apiVersion: v1
kind: Node
metadata: {name: n1, creationTimestamp: "2026-01-01T00:00:00Z"}
status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T00:00:10Z"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-02T08:00:00Z"}
spec: {nodeName: n1, containers: [{name: main, image: "shop/web:9"}]}
status:
  phase: Pending
  containerStatuses:
  - {name: main, image: "shop/web:9", imageID: "", ready: false, restartCount: 0, state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "shop/web:9": not found'}}}
`
	if err := os.WriteFile(filepath.Join(dir, "image.txtar"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cases, err := eval.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return cases[0]
}

const (
	good = `{"cause":"C1","sentences":[{"text":"Back-off pulling the image: it is not found.","cites":["E1"]}]}`
	bad  = `{"cause":"C1","sentences":[{"text":"Back-off pulling the image: it is not found.","cites":["E99"]}]}`
)

// What a model chose is judged beside the rules, with what it cost and how often its citations were refused.
func TestAModelIsJudgedBesideTheRules(t *testing.T) {
	for name, c := range map[string]struct {
		answers []string
		want    eval.Told
	}{
		"right at once": {[]string{good}, eval.Told{Model: "writer:1b", By: "writer:1b", Cause: "C1", Right: true, Prompt: 900,
			Answer: 100}},
		"refused once": {[]string{bad, good}, eval.Told{Model: "writer:1b", By: "writer:1b", Cause: "C1", Right: true, Refused: 1,
			Prompt: 1800, Answer: 200}},
		"the template speaks": {[]string{bad, bad}, eval.Told{Model: "writer:1b", By: "template", Cause: "C1", Right: true, Refused: 2,
			Prompt: 1800, Answer: 200}},
		"nobody answers": {nil, eval.Told{Model: "writer:1b", By: "template", Cause: "C1", Right: true}},
	} {
		r := trial.Runner{Teller: trial.Teller{Model: &writer{c.answers}}}
		got := r.Run(t.Context(), image(t))
		if !got.Passed() || got.Told == nil {
			t.Fatalf("%s: %+v", name, got)
		}
		told := *got.Told
		told.Seconds, told.Note = 0, ""
		if told != c.want {
			t.Errorf("%s: got %+v, want %+v (%s)", name, told, c.want, got.Told.Note)
		}
	}
	r := trial.Runner{}
	if got := r.Run(t.Context(), image(t)); got.Told.Model != "" || got.Told.By != "template" {
		t.Errorf("without a model: %+v", got.Told)
	}
}

// A run that breaks off goes on where it ended, also after half a line.
func TestAnInterruptedRunGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "done.jsonl")
	var ran atomic.Int32
	cases := []eval.Case{{Name: "a"}, {Name: "b"}, {Name: "c", Exclusive: true}, {Name: "d"}}
	all := func(fails string) []eval.Result {
		t.Helper()
		ledger, err := trial.OpenLedger(path)
		if err != nil {
			t.Fatal(err)
		}
		defer ledger.Close()
		results, err := trial.Plan{Parallel: 2, Ledger: ledger, Run: func(_ context.Context, c eval.Case) eval.Result {
			ran.Add(1)
			r := eval.Result{Verdict: eval.Verdict{Case: c.Name, Top1: true}}
			if c.Name == fails {
				r.Error = "no cluster"
			}
			return r
		}}.All(t.Context(), cases)
		if err != nil || len(results) != len(cases) || results[0].Case != "a" || results[3].Case != "d" {
			t.Fatalf("%+v, %v", results, err)
		}
		return results
	}
	all("b")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"case":"a","top`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	all("")
	all("")
	if ran.Load() != 5 {
		t.Errorf("%d runs, want four, and again the one that could not be run", ran.Load())
	}
	var last eval.Result
	b, _ := os.ReadFile(path)
	if err := json.Unmarshal(b[lastLine(b):], &last); err != nil || last.Case != "b" {
		t.Errorf("the last line is %+v, %v", last, err)
	}
}

// lastLine is where the last line that says something begins.
func lastLine(b []byte) int {
	start := 0
	for i := range len(b) - 1 {
		if b[i] == '\n' && b[i+1] != '\n' {
			start = i + 1
		}
	}
	return start
}

// Exclusive cases have the cluster for themselves.
func TestExclusiveCasesRunAlone(t *testing.T) {
	var now, most atomic.Int32
	cases := []eval.Case{{Name: "x", Exclusive: true}, {Name: "a"}, {Name: "b"}, {Name: "y", Exclusive: true}, {Name: "c"}}
	_, err := trial.Plan{Parallel: 3, Run: func(_ context.Context, c eval.Case) eval.Result {
		n := now.Add(1)
		defer now.Add(-1)
		if c.Exclusive && n > 1 {
			t.Errorf("%s ran beside %d others", c.Name, n-1)
		}
		most.Store(max(most.Load(), n))
		return eval.Result{Verdict: eval.Verdict{Case: c.Name}}
	}}.All(t.Context(), cases)
	if err != nil || most.Load() > 3 {
		t.Errorf("%d side by side, %v", most.Load(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if results, err := (trial.Plan{Run: nil}).All(ctx, cases); !errors.Is(err, context.Canceled) || len(results) > 0 {
		t.Errorf("after the end: %v, %v", results, err)
	}
}
