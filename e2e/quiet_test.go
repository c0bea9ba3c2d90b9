//go:build e2e || bench

package e2e

import (
	"encoding/json"
	"testing"
	"time"
)

// settled is how long after pods are ready whatever passes by itself has passed: newcomers are looked at after 30 s, and what was started
// again while the others came up counts as well after a minute.
const settled = 75 * time.Second

// quietly looks twice, once settled and a while later, and wants nothing of severity warning or above.
func quietly(t *testing.T, l lab) {
	t.Helper()
	for _, wait := range []time.Duration{settled, 15 * time.Second} {
		time.Sleep(wait)
		out, exit := l.paramedic(t, "check", "--host-root", l.hostRoot, "--node", node, "-o", "json")
		var report struct {
			Wrong    bool
			Findings []struct{ Severity, Code, Title string }
		}
		if err := json.Unmarshal([]byte(out), &report); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if exit != 0 || report.Wrong {
			for _, f := range report.Findings {
				t.Errorf("%s %s: %s", f.Severity, f.Code, f.Title)
			}
			t.Fatalf("exit %d on a healthy cluster", exit)
		}
	}
}
