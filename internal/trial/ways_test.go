package trial

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// program is a shell script in the place of paramedic.
func program(t *testing.T, script string) Program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "paramedic")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return Program{Path: path, Args: []string{"--kubeconfig", "kc"}, Viewer: "viewer", Context: "lab", HostRoot: "/n1", Node: "n1",
		May: map[string]bool{"pods": true, "deployments": true}}
}

// Each way is a command that a user could type.
func TestTheCommandsOfTheFourWays(t *testing.T) {
	p := program(t, "")
	for way, want := range map[string]string{
		eval.WithHost:    "why -o json --kubeconfig kc --host-root /n1 --node n1 --context lab",
		eval.WithoutHost: "why -o json --kubeconfig kc --context lab",
		eval.AsViewer:    "why -o json --kubeconfig kc --context viewer",
		eval.ByNamespace: "why -o json --kubeconfig kc -n shop --context lab",
	} {
		args, sight := p.arguments(way, "shop")
		if got := strings.Join(args, " "); got != want {
			t.Errorf("%s: %s, want %s", way, got, want)
		}
		if sight.Way != way || sight.Host != (way == eval.WithHost) || (sight.May != nil) != (way == eval.AsViewer) ||
			(sight.Namespace != "") != (way == eval.ByNamespace) {
			t.Errorf("%s: %+v", way, sight)
		}
	}
}

// What the program prints: a Deployment of the case's that the administrator finds, and the viewer finds otherwise.
const printed = `case "$*" in
*viewer*) code=PodPending ;;
*) code=PodImage ;;
esac
echo looking >&2
cat <<END
{"wrong": true, "causes": [{"id": "C1", "code": "$code", "title": "t", "confidence": "certain", "objects": [{"kind": "Deployment", "namespace": "case-image", "name": "web"}],
  "explains": ["F1"], "evidence": ["E1"]},
 {"id": "C2", "code": "Other", "objects": [{"kind": "Deployment", "namespace": "somebody-elses", "name": "x"}], "explains": ["F2"], "evidence": []}],
 "findings": [{"id": "F1", "code": "$code", "severity": "critical", "object": {"kind": "Deployment", "namespace": "case-image", "name": "web"}, "evidence": ["E1"]},
 {"id": "F2", "code": "Other", "severity": "critical", "object": {"kind": "Deployment", "namespace": "somebody-elses", "name": "x"}, "evidence": []}],
 "evidence": [{"id": "E1", "source": "api", "object": {"kind": "Pod", "namespace": "case-image", "name": "web-1"}}], "notSeen": []}
END
exit 1
`

func TestAFaultIsLookedAtInFourWays(t *testing.T) {
	root := []eval.Root{{Object: "Deployment/case-image/web", Codes: []string{"PodImage"}}}
	c := eval.Case{Name: "live/pods/image", Root: root, Live: []byte(sceneManifests)}.Staged()
	set, err := parseScene(c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	views, err := program(t, printed).views(t.Context(), c, set)
	if err != nil || len(views) != 4 {
		t.Fatalf("%+v, %v", views, err)
	}
	for i, v := range views {
		if v.Way != eval.Ways[i] || v.First == nil || v.Error != "" {
			t.Errorf("%+v", v)
		}
		if as := v.Way == eval.AsViewer; v.Same == as || (v.Wrong != "") != as {
			t.Errorf("%s: same %v, wrong %q", v.Way, v.Same, v.Wrong)
		}
	}
	// A whole look that is wrong is not made right by agreeing with itself, and a program that cannot look says why.
	c.Root[0].Codes = []string{"PodProbe"}
	if views, err = program(t, printed).views(t.Context(), c, set); err != nil || !strings.Contains(views[0].Wrong, "is blamed for PodImage") {
		t.Errorf("%+v, %v", views, err)
	}
	views, err = program(t, "echo cannot reach the API server >&2; exit 2").views(t.Context(), c, set)
	if err != nil || !strings.Contains(views[3].Error, "exit status 2: cannot reach the API server") {
		t.Errorf("%+v, %v", views, err)
	}
	if slices.ContainsFunc(views, func(v eval.View) bool { return v.Error == "" }) {
		t.Errorf("%+v", views)
	}
}

// A fault is looked at where it is felt.
func TestTheNamespaceOfAFault(t *testing.T) {
	c := eval.Case{Name: "live/network/dns-scaled"}
	at := func(namespaces ...string) *incident.Diagnosis {
		d := &incident.Diagnosis{Causes: []incident.Cause{{}}}
		for i, ns := range namespaces {
			id := string(rune('a' + i))
			d.Causes[0].Explains = append(d.Causes[0].Explains, id)
			d.Findings = append(d.Findings, incident.Finding{ID: id, Object: incident.Object{Kind: "Pod", Namespace: ns, Name: "x"}})
		}
		return d
	}
	for want, d := range map[string]*incident.Diagnosis{
		"case-dns-scaled": at("kube-system", "case-dns-scaled"), "kube-system": at("", "kube-system", "shop"), "case-dns-scaled ": at(""),
		"case-dns-scaled  ": {},
	} {
		if got := spot(c, d); got != strings.TrimSpace(want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
