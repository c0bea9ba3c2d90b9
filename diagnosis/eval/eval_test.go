package eval_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// fault is one row of what goes wrong in clusters.
type fault struct {
	ID   string `json:"id"`            // "area/name"
	Lab  bool   `json:"lab,omitempty"` // also runs on a real cluster
	What string `json:"what"`
}

func faults(t *testing.T) []fault {
	t.Helper()
	raw, err := os.ReadFile("faults.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var list []fault
	if err := sigsyaml.UnmarshalStrict(raw, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func cases(t *testing.T) []eval.Case {
	t.Helper()
	list, err := eval.Load("cases")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// scopeOf is what a case asks about.
func scopeOf(c eval.Case, s *snapshot.Snapshot) diagnosis.Scope {
	scope := diagnosis.Resolve(s, c.Asked.Question())
	scope.Onset = c.Onset
	return scope
}

// TestCases: each case's root is named first, for the right reason, nothing else is blamed, and its neighbours stay quiet.
func TestCases(t *testing.T) {
	for _, c := range cases(t) {
		if len(c.Manifests) == 0 {
			continue // who can open bundles, or has a cluster, runs these
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			if !slices.ContainsFunc(faults(t), func(f fault) bool { return f.ID == c.Fault }) {
				t.Errorf("fault %q is not in faults.yaml", c.Fault)
			}
			for _, r := range c.Root {
				for _, code := range r.Codes {
					if _, ok := checks.CodeOf(code); !ok {
						t.Errorf("no check reports %s", code)
					}
				}
			}
			s, err := c.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			scope := scopeOf(c, s)
			d := diagnosis.Diagnose(s, scope)
			for _, f := range d.Failures {
				t.Errorf("%s panics: %s\n%s", f.What, f.Panic, f.Stack)
			}
			v := eval.Judge(c, d)
			for _, amiss := range eval.Blind(c, len(s.Hosts) > 0, d, diagnosis.Diagnose(s.WithoutHosts(), scope)) {
				t.Error(amiss)
			}
			if c.Misses != "" {
				if v.Passed() {
					t.Errorf("it passes: take out that it %s", c.Misses)
				}
				return
			}
			if !v.Passed() {
				t.Errorf("%s\nmissed: %s\nfalse alarms: %s\nmisnamed: %s\n%s", c.Title, strings.Join(v.Missed, "; "), strings.Join(v.FalseAlarms, "; "),
					strings.Join(v.Misnamed, "; "), retold(d))
			}
		})
	}
}

// retold is a diagnosis in a few lines, for whoever mends a case.
func retold(d *incident.Diagnosis) string {
	var b strings.Builder
	for _, c := range d.Causes {
		fmt.Fprintf(&b, "%s %s %s %v: %s\n", c.ID, c.Confidence, c.Code, c.Objects, c.Reason)
	}
	for _, f := range d.Findings {
		fmt.Fprintf(&b, "  %s %s %s %s: %s\n", f.ID, f.Severity, f.Code, f.Object, f.Title)
	}
	return b.String()
}

// Every row of what goes wrong has a case that shows it, and a neighbour that looks like it and must stay quiet; the rows of what is
// well have a case without a root.
func TestEveryFaultIsShown(t *testing.T) {
	shown, quiet := map[string]bool{}, map[string]bool{}
	for _, c := range cases(t) {
		if len(c.Live) > 0 {
			continue
		}
		shown[c.Fault] = shown[c.Fault] || len(c.Root) > 0
		quiet[c.Fault] = quiet[c.Fault] || len(c.Quiet) > 0 || len(c.Root) == 0
	}
	for _, f := range faults(t) {
		if !shown[f.ID] && !strings.HasPrefix(f.ID, "quiet/") {
			t.Errorf("no case shows %s (%s)", f.ID, f.What)
		}
		if !quiet[f.ID] {
			t.Errorf("no case holds a neighbour of %s (%s) to silence", f.ID, f.What)
		}
	}
}
