package eval_test

import (
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
)

// The account says what failed before what did not, and a case that was mended of something else than its fault counts as failed.
func TestRecoveriesBeginWithWhatFailed(t *testing.T) {
	sound := eval.Verdict{Top1: true, Top3: true, Right: true}
	with := func(name string, v eval.Verdict, c *eval.Recovered) eval.Result {
		v.Case = name
		return eval.Result{Verdict: v, Title: "T", Recovered: c}
	}
	results := []eval.Result{
		with("a", sound, &eval.Recovered{Codes: []string{"PVReleased"}, Runbook: "release-volume", Steps: []string{"ReleaseVolume"}, People: 1, Whole: 90}),
		with("b", sound, &eval.Recovered{Codes: []string{"JobFailed"}, NoPlan: "nothing has passed"}),
		with("c", sound, &eval.Recovered{Runbook: "allow-flow", Failed: "pods are | not ready"}),
		with("d", eval.Verdict{Missed: []string{"Pod/x/y is not named"}}, &eval.Recovered{Runbook: "roll-back"}),
		with("e", eval.Verdict{}, nil),
	}
	got := eval.Recoveries(results)
	at := -1
	for _, want := range []string{"1 cases were mended, by 1 runbooks; 3 were not, and for 1 no plan", "### Not mended", "| c: T |", "pods are ",
		"| d: T |", "Pod/x/y is not named", "| e: T |", "### No plan", "| b: T | JobFailed | nothing has passed |", "### Mended",
		"| a: T | PVReleased | release-volume | ReleaseVolume | 1 | 0 | 0 | 0 | 90 |"} {
		i := strings.Index(got[at+1:], want)
		if i < 0 {
			t.Fatalf("%q is missing, or stands before what it should follow:\n%s", want, got)
		}
		at += i
	}
}
