package cli_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/cli"
)

// Every case of the repository that needs no cluster passes through the command, but for those that say why they do not.
func TestTheCasesPassThroughEval(t *testing.T) {
	t.Setenv("OLLAMA_HOST", "http://127.0.0.1:1")
	var stdout, stderr bytes.Buffer
	exit := cli.Run(t.Context(), "v1.2.3", []string{"paramedic", "eval", "../../diagnosis/eval/cases", "-o", "json"}, &stdout, &stderr)
	var got struct {
		Scoreboard eval.Board
		Results    []eval.Result
	}
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatalf("exit code %d, %v\n%s", exit, err, stderr.String())
	}
	misses := map[string]bool{}
	cases, err := eval.Load("../../diagnosis/eval/cases")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		misses[c.Name] = c.Misses != ""
	}
	passed := true
	for _, r := range got.Results {
		passed = passed && r.Passed()
		if !r.Passed() && !misses[r.Case] {
			t.Errorf("%s: %q", r.Case, r.Amiss())
		}
	}
	if b := got.Scoreboard; (exit == 0) != passed || b.Cases.Of == 0 {
		t.Errorf("exit code %d, %s passed", exit, b.Cases)
	}
}
