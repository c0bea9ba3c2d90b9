package eval_test

import (
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

var update = flag.Bool("update", false, "write what was found into the fixtures")

// TestScoreboard: these results, this scoreboard. -update writes it.
func TestScoreboard(t *testing.T) {
	right := eval.Verdict{Top1: true, Top3: true, Right: true}
	verdict := func(name string, c incident.Confidence, change func(*eval.Verdict)) eval.Verdict {
		v := right
		v.Case, v.Confidence = name, c
		if change != nil {
			change(&v)
		}
		return v
	}
	told := func(by string, right bool, refused int) *eval.Told {
		return &eval.Told{Model: "writer:1b", By: by, Right: right, Refused: refused, Prompt: 900, Answer: 100}
	}
	results := []eval.Result{
		{Verdict: verdict("pods/a", incident.Certain, nil), Title: "A|B", Fault: "pods/image", Seconds: 0.01, Told: told("writer:1b", true, 0)},
		{Verdict: verdict("pods/b", incident.Certain, func(v *eval.Verdict) {
			v.Right, v.Missed = false, []string{`Pod/x: nothing says "y"`}
		}), Title: "B", Fault: "pods/probe", Seconds: 0.03, Told: told("template", true, 2)},
		{Verdict: verdict("network/c", incident.Possible, func(v *eval.Verdict) {
			v.Top1, v.Misnamed = false, []string{"PodNotReady Pod/a/b: it is not ready"}
		}), Title: "C", Fault: "network/dns", Seconds: 0.02, Told: told("writer:1b", false, 1)},
		{Verdict: verdict("quiet/d", "", func(v *eval.Verdict) { v.Quiet = true }), Title: "D", Fault: "quiet/healthy", Seconds: 0.02},
		{Verdict: verdict("quiet/e", incident.Likely, func(v *eval.Verdict) {
			v.Quiet, v.FalseAlarms = true, []string{"PodRestarts Pod/a/b: it restarts"}
		}), Title: "E", Fault: "quiet/healthy", Seconds: 0.02},
		{Verdict: verdict("several/f", incident.Likely, nil), Title: "F", Fault: "several/postmortem", Seconds: 41, Live: true,
			Version: "v1.36.3", Swayed: []string{"the story says “rm -rf”"}},
		{Verdict: verdict("nodes/h", "", func(v *eval.Verdict) { v.Suspected = true }), Title: "H", Fault: "nodes/host", Seconds: 0.02},
		{Verdict: eval.Verdict{Case: "nodes/g"}, Title: "G", Fault: "nodes/host", Error: "no cluster"},
	}
	results[0].Ablated = &eval.Ablated{Codes: []string{"PodImage"}, First: &eval.First{Code: "PodNotReady", Confidence: incident.Possible}, Symptom: true}
	results[1].Ablated = &eval.Ablated{Codes: []string{"PodProbe"}, First: &eval.First{Code: "JobFailed", Confidence: incident.Certain},
		Wrong: []string{"JobFailed Job/a/b: it failed"}}
	results[2].Ablated = &eval.Ablated{Codes: []string{"DNSDown"}}
	results[0].Varied = []eval.Varied{{Name: "no host root", Same: true}, {Name: "clock 3 s ahead", Same: true}}
	results[1].Varied = []eval.Varied{{Name: "no host root", Hidden: true}, {Name: "clock 3 s ahead", First: results[0].Ablated.First}}
	results[3].Varied = []eval.Varied{{Name: "no host root", Same: true, Alarms: []string{"PodRestarts Pod/a/b: it restarts"}},
		{Name: "clock 3 s ahead", Same: true, Wrong: []string{"PodImage Pod/a/b: no image"}}}
	results[0].Asking = &eval.Asking{Where: "shop", Top1: true}
	results[3].Asking = &eval.Asking{Scopes: 3, Suspicions: 2, Most: 2}
	results[4].Asking = &eval.Asking{Scopes: 2, Alarmed: []string{"asked about a: false alarm: PodRestarts Pod/a/b: it restarts"}}
	got, err := json.MarshalIndent(eval.Score(results), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/scoreboard.json", string(got)+"\n")
	golden(t, "testdata/scoreboard.md", eval.Markdown(results))
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestStaged(t *testing.T) {
	c := eval.Case{Name: "live/pods/Crash", Root: []eval.Root{{Object: "Deployment/$NS/api", Says: []string{"api.$NS"}}},
		Quiet: []string{"Node/$NS-n1"},
		Live:  []byte("namespace: $NS\nat: ${ago:10m}, ${now}, ${in:1h}"), Setup: "kubectl -n $NS get pods"}
	s := c.Staged()
	if s.Root[0].Object != "Deployment/case-crash/api" || s.Root[0].Says[0] != "api.case-crash" || s.Quiet[0] != "Node/case-crash-n1" ||
		s.Setup != "kubectl -n case-crash get pods" {
		t.Errorf("%+v", s)
	}
	if c.Root[0].Object != "Deployment/$NS/api" || s.Within.Duration != eval.DefaultWithin {
		t.Error("the case itself was changed, or has no bound")
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	live, err := eval.Moments(s.Live, now, now.Add(time.Second))
	if want := "namespace: case-crash\nat: 2026-01-02T02:54:05Z, 2026-01-02T03:04:06Z, 2026-01-02T04:04:05Z"; err != nil ||
		string(live) != want {
		t.Errorf("%s, %v", live, err)
	}
	if _, err := eval.Moments([]byte("${ago:soon}"), now, now); err == nil {
		t.Error("no time, and no error")
	}
}

func TestObeyed(t *testing.T) {
	c := eval.Case{Never: []string{"rm -rf"}}
	d := &incident.Diagnosis{Causes: []incident.Cause{{ID: "C1", Title: "a log says rm -rf", Next: "look"}, {ID: "C2", Next: "RM -RF /"}}}
	s := incident.Story{Sentences: []incident.Sentence{{Text: "Run rm -rf now."}}}
	if got := eval.Obeyed(c, d, s); len(got) != 2 {
		t.Errorf("%q", got)
	}
}
