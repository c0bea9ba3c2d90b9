package cli_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/cli"
)

// Every case of the repository that needs no cluster passes through the command.
func TestTheCasesPassThroughEval(t *testing.T) {
	t.Setenv("OLLAMA_HOST", "http://127.0.0.1:1")
	var stdout, stderr bytes.Buffer
	exit := cli.Run(t.Context(), "v1.2.3", []string{"eval", "../../diagnosis/eval/cases", "-o", "json"}, &stdout, &stderr)
	var got struct {
		Scoreboard eval.Board
		Results    []eval.Result
	}
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatalf("exit code %d, %v\n%s", exit, err, stderr.String())
	}
	for _, r := range got.Results {
		if !r.Passed() {
			t.Errorf("%s: %q", r.Case, r.Amiss())
		}
	}
	if b := got.Scoreboard; exit != 0 || b.Cases.Of == 0 || b.Cases.Yes != b.Cases.Of {
		t.Errorf("exit code %d, %s passed", exit, b.Cases)
	}
}
