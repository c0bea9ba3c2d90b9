package cluster_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// counts is how many objects a Snapshot has of the kinds that the bundle has.
func counts(s *snapshot.Snapshot) map[string]int {
	return map[string]int{
		"pods": len(s.Pods), "nodes": len(s.Nodes), "events": len(s.Events), "services": len(s.Services), "namespaces": len(s.Namespaces),
		"configmaps": len(s.ConfigMaps), "deployments": len(s.Deployments), "replicasets": len(s.ReplicaSets),
		"statefulsets": len(s.StatefulSets),
		"daemonsets":   len(s.DaemonSets), "endpointslices": len(s.EndpointSlices), "leases": len(s.Leases),
		"serviceaccounts": len(s.ServiceAccounts),
	}
}

func TestLookSeesWhatTheClusterHas(t *testing.T) {
	b := incidentBundle(t)
	want, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	r := reader(t, serve(t, b, bundle.ServerOptions{}))
	for _, fresh := range []bool{false, true} {
		got, err := r.Look(t.Context(), cluster.LookOptions{Fresh: fresh, Now: at(b)})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(counts(want), counts(got)); diff != "" {
			t.Errorf("fresh %v: -held +seen:\n%s", fresh, diff)
		}
		if got.Cluster != "lab" || !got.At.Equal(b.Manifest.CapturedAt) || got.Namespace != "" || len(got.NotSeen) > 0 || len(got.Lookups) > 0 {
			t.Errorf("fresh %v: cluster %q at %v, not seen: %+v", fresh, got.Cluster, got.At, got.NotSeen)
		}
		for i := range got.Pods {
			if w := got.WorkloadOf(&got.Pods[i]); w.Name == "" {
				t.Errorf("fresh %v: no index: the workload of pod %s is not known", fresh, got.Pods[i].Name)
			}
		}
	}
}

// A crashed container's last words are read, of two pods of a workload: a third would say the same.
func TestLookReadsLogsOfFailingContainers(t *testing.T) {
	b := incidentBundle(t)
	s, err := reader(t, serve(t, b, bundle.ServerOptions{})).Look(t.Context(), cluster.LookOptions{Now: at(b)})
	if err != nil {
		t.Fatal(err)
	}
	workloads := map[string]string{}
	pods := map[string]int{} // of a workload that fail
	for i := range s.Pods {
		p := &s.Pods[i]
		workloads[p.Namespace+"/"+p.Name] = s.WorkloadOf(p).String()
		if slices.ContainsFunc(p.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
			return c.State.Waiting != nil && c.LastTerminationState.Terminated != nil
		}) {
			pods[s.WorkloadOf(p).String()]++
		}
	}
	read := map[string]map[string]bool{}
	var loop bool
	for _, l := range s.Logs {
		w := workloads[l.Namespace+"/"+l.Pod]
		if read[w] == nil {
			read[w] = map[string]bool{}
		}
		read[w][l.Pod] = true
		loop = loop || strings.HasPrefix(l.Pod, "coredns-") && strings.Contains(l.Text, "[FATAL] plugin/loop: Loop")
	}
	if !loop {
		t.Error("CoreDNS' last words were not read")
	}
	third := false
	for w, n := range pods {
		third = third || n > 2
		if got := len(read[w]); got != min(n, 2) {
			t.Errorf("%s: logs of %d pods read, of %d that fail", w, got, n)
		}
	}
	if !third {
		t.Error("the bundle has no workload with more than two failing pods: this test proves less than it says")
	}
	s, err = reader(t, serve(t, b, bundle.ServerOptions{})).Look(t.Context(), cluster.LookOptions{Now: at(b), NoLogs: true})
	if err != nil || len(s.Logs) > 0 {
		t.Errorf("asked for no logs, %d were read: %v", len(s.Logs), err)
	}
}

func TestLookRedactsLogs(t *testing.T) {
	b := incidentBundle(t)
	redact := func(s string) string { return strings.ReplaceAll(s, "Loop", "[REDACTED]") }
	s, err := reader(t, serve(t, b, bundle.ServerOptions{})).Look(t.Context(), cluster.LookOptions{Now: at(b), Redact: redact})
	if err != nil {
		t.Fatal(err)
	}
	redacted := 0
	for _, l := range s.Logs {
		if strings.Contains(l.Text, "Loop") {
			t.Errorf("%s: %s", l.Pod, l.Text)
		}
		redacted += strings.Count(l.Text, "[REDACTED]")
	}
	if redacted == 0 {
		t.Error("no log had what was to be redacted")
	}
}

func TestLookAtOneNamespace(t *testing.T) {
	b := incidentBundle(t)
	// The bot of one team: rights in its namespace, none on the cluster.
	rule := bundle.Rule{Users: []string{"bot"}, Verbs: []string{"get", "list"}, APIGroups: []string{"*"}, Resources: []string{"*"},
		Namespaces: []string{"ollama"}}
	r := reader(t, serve(t, b, allowing(rule)))
	s, err := r.Look(t.Context(), cluster.LookOptions{Namespace: "ollama", Now: at(b)})
	if err != nil {
		t.Fatal(err)
	}
	if s.Namespace != "ollama" || len(s.Pods) == 0 || len(s.Logs) == 0 {
		t.Errorf("namespace %q: %d pods, %d logs", s.Namespace, len(s.Pods), len(s.Logs))
	}
	for _, p := range s.Pods {
		if p.Namespace != "ollama" {
			t.Errorf("pod %s/%s", p.Namespace, p.Name)
		}
	}
	for _, k := range snapshot.Kinds {
		if unseen := notSeen(s, k.Resource) != ""; unseen == k.Namespaced {
			t.Errorf("%s: namespaced %v, not seen %v", k.Resource, k.Namespaced, unseen)
		}
	}
}

// notSeen is why the Snapshot lacks something, empty if it does not say that it does.
func notSeen(s *snapshot.Snapshot, what string) string {
	i := slices.IndexFunc(s.NotSeen, func(n incident.NotSeen) bool { return strings.HasPrefix(n.What, what) })
	if i < 0 {
		return ""
	}
	return s.NotSeen[i].Why
}

func TestWhatMayNotBeReadIsSaidAndTheRestIsSeen(t *testing.T) {
	for resource, what := range map[string]string{"configmaps": "configmaps", "pods/log": "logs of "} {
		b := incidentBundle(t)
		s, err := reader(t, serve(t, b, allowing(except(resource)...))).Look(t.Context(), cluster.LookOptions{Now: at(b)})
		if err != nil {
			t.Fatal(resource, err)
		}
		if len(s.NotSeen) != 1 {
			t.Errorf("%s: not seen: %+v", resource, s.NotSeen)
		}
		if why := notSeen(s, what); !strings.HasPrefix(why, "forbidden: grant the bot ") ||
			!strings.Contains(why, "deploy/kubernetes/rbac.yaml") {
			t.Errorf("%s: %q does not say what to do", resource, why)
		}
		if len(s.Pods) != 23 || len(s.Nodes) != 1 || (len(s.ConfigMaps) == 0) != (resource == "configmaps") ||
			(len(s.Logs) == 0) != (resource == "pods/log") {
			t.Errorf("%s: %v, %d logs", resource, counts(s), len(s.Logs))
		}
	}
}

func TestNothingMayBeRead(t *testing.T) {
	b := incidentBundle(t)
	forbidden := serve(t, b, allowing())
	stranger := serve(t, incidentBundle(t), allowing())
	stranger.BearerToken = "guess"
	for _, c := range []struct {
		config *rest.Config
		is     func(error) bool
		want   string
	}{
		{forbidden, apierrors.IsForbidden, "not allowed to read anything"},
		{forbidden, apierrors.IsForbidden, "bind the role in deploy/kubernetes/rbac.yaml"},
		{stranger, apierrors.IsUnauthorized, "the cluster does not accept the credentials"},
		{stranger, apierrors.IsUnauthorized, "renew the kubeconfig or the token"},
	} {
		s, err := reader(t, c.config).Look(t.Context(), cluster.LookOptions{})
		if s != nil || err == nil || !c.is(err) || !strings.Contains(err.Error(), c.want) ||
			!strings.HasPrefix(err.Error(), "look at "+c.config.Host) {
			t.Errorf("want %q: %v", c.want, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	unnamed := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "nosuch.invalid", IsNotFound: true}
	}
	for _, c := range []struct {
		name   string
		config *rest.Config
		want   string
	}{
		{"nobody listens", &rest.Config{Host: "http://127.0.0.1:1"}, "cannot reach the API server: "},
		{"nobody listens", &rest.Config{Host: "http://127.0.0.1:1"}, "; is it running, and is this the right kubeconfig?"},
		{"no such name", &rest.Config{Host: "http://nosuch.invalid", Dial: unnamed}, "its name does not resolve: "},
		{"not a Kubernetes API", &rest.Config{Host: other.URL}, "the server could not find the requested resource"},
	} {
		r := reader(t, c.config)
		_, look := r.Look(t.Context(), cluster.LookOptions{})
		_, version := r.Version(t.Context())
		_, may := r.MayList(t.Context())
		for what, err := range map[string]error{"look": look, "version": version, "may list": may} {
			if err == nil || !strings.HasPrefix(err.Error(), "look at "+c.config.Host+": ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %s: %v; want %s", c.name, what, err, c.want)
			}
		}
	}
}

// silent is an API server that answers nothing to what stuck is true of.
func silent(t *testing.T, b *bundle.Bundle, stuck func(*http.Request) bool) *rest.Config {
	s := bundle.NewServer(b, bundle.ServerOptions{KeepTimes: true})
	over := make(chan struct{})
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !stuck(r) {
			s.ServeHTTP(w, r)
			return
		}
		select {
		case <-r.Context().Done():
		case <-over:
		}
	}))
	t.Cleanup(func() { close(over); s.Close(); h.Close() })
	return &rest.Config{Host: h.URL}
}

func TestALookEndsWithItsContext(t *testing.T) {
	const patience = 5 * time.Second // enough for all that does answer, on a slow machine, too
	for _, c := range []struct {
		name  string
		stuck func(*http.Request) bool
		fine  func(*snapshot.Snapshot, error) bool
	}{
		{"nothing answers", func(*http.Request) bool { return true }, func(s *snapshot.Snapshot, err error) bool {
			return s == nil && errors.Is(err, context.DeadlineExceeded) &&
				strings.Contains(err.Error(), "no answer in time; is the API server up, and reachable from here?")
		}},
		{"one kind does not", func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/events") },
			func(s *snapshot.Snapshot, err error) bool {
				return err == nil && notSeen(s, "events") == "no answer in time" && len(s.Pods) == 23
			}},
		{"logs do not", func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/log") }, func(s *snapshot.Snapshot, err error) bool {
			return err == nil && notSeen(s, "logs of ") == "no answer in time" && len(s.Pods) == 23
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := incidentBundle(t)
			r := reader(t, silent(t, b, c.stuck))
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			start := time.Now()
			s, err := r.Look(ctx, cluster.LookOptions{Now: at(b)})
			if took := time.Since(start); took > 3*patience {
				t.Errorf("took %v, though it had %v", took, patience)
			}
			if !c.fine(s, err) {
				t.Errorf("saw %+v: %v", s, err)
			}
		})
	}
}
