package demo

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/webhook"
)

func TestWhoMayDoWhat(t *testing.T) {
	allowed := authorizer()
	for _, c := range []struct {
		token, verb, group, resource, name string
		want                               bool
	}{
		{"demo-bot", "list", "", "pods", "", true},
		{"demo-bot", "get", "", "pods/log", "x", true},
		{"demo-bot", "list", "", "secrets", "", false},
		{"demo-bot", "patch", "", "configmaps", "coredns", false},
		{"demo-bot", "impersonate", "", "users", "ada", true},
		{"demo-bot", "impersonate", "", "groups", "operators", true},
		{"demo-bot", "impersonate", "", "users", "admin", false},
		{"demo-bot", "impersonate", "", "groups", "system:masters", false},
		{"demo-ada", "patch", "", "configmaps", "coredns", true},
		{"demo-ada", "patch", "apps", "deployments", "coredns", true},
		{"demo-ada", "patch", "", "nodes", "leveling-pc", true},
		{"demo-ada", "list", "", "secrets", "", false},
		{"demo-ada", "impersonate", "", "users", "ben", false},
		{"demo-ben", "list", "", "pods", "", true},
		{"demo-ben", "patch", "", "configmaps", "coredns", false},
		{"demo-ben", "patch", "apps", "deployments", "coredns", false},
		{"demo-ben", "delete", "", "pods", "x", false},
		{"demo-admin", "delete", "", "pods", "x", true},
	} {
		a := bundle.Attributes{User: tokens[c.token], Verb: c.verb, Group: c.group, Resource: c.resource, Namespace: "kube-system", Name: c.name}
		if got, _ := allowed(a); got != c.want {
			t.Errorf("%s may %s %s %s: %v, want %v", c.token, c.verb, c.resource, c.name, got, c.want)
		}
	}
}

// TestEachBreakIsANewOnsetOfTheSameAlerts: what Alertmanager would post is what the webhook understands.
func TestEachBreakIsANewOnsetOfTheSameAlerts(t *testing.T) {
	broken, err := Broken()
	if err != nil {
		t.Fatal(err)
	}
	var got [][]incident.Signal
	deaf := 1 // for the first post
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if deaf > 0 {
			deaf--
			http.Error(w, "later", http.StatusInternalServerError)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("%v, %v", err, r.Header)
		}
		signals, err := webhook.Parse(body, nil)
		if err != nil {
			t.Error(err)
		}
		got = append(got, signals)
	}))
	defer server.Close()
	a := newAlertmanager(server.URL, "secret")
	first := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	second := first.Add(time.Hour)
	for _, p := range [][2]time.Time{{first}, {first, first.Add(time.Minute)}, {second}} {
		if err := a.deliver(context.Background(), ring{ofTheNight(broken), p[0]}, p[1]); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 3 || len(got[0]) < 12 {
		t.Fatalf("%d posts arrived, the first with %d alerts", len(got), len(got[0]))
	}
	seen := map[string]bool{}
	for i, s := range got[0] {
		over, again := got[1][i], got[2][i]
		if seen[s.Fingerprint] || s.Status != incident.Firing || !s.Since.Equal(first) || s.Labels["pod"] == "" || s.Labels["namespace"] == "" {
			t.Errorf("alert %d: %+v", i, s)
		}
		seen[s.Fingerprint] = true
		if over.Status != incident.Resolved || over.Fingerprint != s.Fingerprint || !over.Since.Equal(first) {
			t.Errorf("its end: %+v", over)
		}
		if again.Status != incident.Firing || again.Fingerprint != s.Fingerprint || !again.Since.Equal(second) {
			t.Errorf("the second onset: %+v", again)
		}
	}
}

var home = regexp.MustCompile(`/(root|home|work)/`)

func TestTheBundlesNameNoMachineAndAskNobodyElsesDNS(t *testing.T) {
	for name, load := range map[string]func() (*bundle.Bundle, error){"healthy": Healthy, "broken": Broken} {
		b, err := load()
		if err != nil {
			t.Fatal(err)
		}
		if node, dir, err := nodeOf(b); err != nil || node == "" || dir == "" {
			t.Errorf("%s: the node is %q, its CNI directory %q (%v)", name, node, dir, err)
		}
		for key, content := range b.HostFiles {
			if home.Match(content) {
				t.Errorf("%s: %s names a machine's folder: %s", name, key.Path, content)
			}
		}
		for _, svc := range b.List(servicesGVR) {
			if svc.GetNamespace() == dnsNamespace && svc.GetLabels()[dnsLabel] != "" {
				t.Errorf("%s: Service %s would be asked for names", name, svc.GetName())
			}
		}
	}
}
