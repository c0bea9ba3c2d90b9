package cluster_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// watching runs a watch of what is at config until the test ends.
func watching(t *testing.T, r *cluster.Reader, now func() time.Time) *cluster.Watch {
	t.Helper()
	w := r.NewWatch(now)
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { defer close(over); w.Run(ctx) }()
	t.Cleanup(func() { stop(); <-over })
	return w
}

// until waits until something holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited 30 s for: %s", what)
		}
	}
}

func current(w *cluster.Watch) func() bool { return func() bool { return w.State().Current } }

// A look by the watch sees what a look that lists sees, byte for byte, of everything and of a namespace; and a namespace alone is what a
// look at it lists.
func TestTheWatchSeesWhatALookLists(t *testing.T) {
	b := incidentBundle(t)
	r := reader(t, serve(t, b, bundle.ServerOptions{}))
	w := watching(t, r, at(b))
	until(t, "the watch is current", current(w))
	for _, namespace := range []string{"", "kube-system"} {
		o := cluster.LookOptions{Namespace: namespace, Now: at(b)}
		listed, err := r.Look(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		o.Watch = w
		watched, err := r.Look(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		same := cmp.Options{cmpopts.IgnoreUnexported(snapshot.Snapshot{}), cmpopts.EquateEmpty()}
		if diff := cmp.Diff(listed, watched, same); diff != "" {
			t.Errorf("namespace %q: -listed +watched:\n%s", namespace, diff)
		}
		if namespace == "" {
			continue
		}
		alone, ok := w.Namespace(namespace)
		if !ok {
			t.Fatal("the watch is no longer current")
		}
		if diff := cmp.Diff(listed, alone, same, cmpopts.IgnoreFields(snapshot.Snapshot{}, "Logs", "NotSeen", "ServerVersion", "Health",
			"Customs", "At")); diff != "" {
			t.Errorf("namespace %q alone: -listed +kept:\n%s", namespace, diff)
		}
	}
}

// What changes is taken in and said by its namespace, once; what only says that somebody is alive is not.
func TestTheWatchSaysWhereSomethingChanged(t *testing.T) {
	b := incidentBundle(t)
	config := serve(t, b, bundle.ServerOptions{})
	w := watching(t, reader(t, config), at(b))
	until(t, "the watch is current", current(w))
	w.Take()
	core, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	node, err := core.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil || len(node.Items) == 0 {
		t.Fatal(err)
	}
	alive := node.Items[0]
	for i := range alive.Status.Conditions {
		alive.Status.Conditions[i].LastHeartbeatTime = metav1.Now()
	}
	if _, err := core.CoreV1().Nodes().UpdateStatus(t.Context(), &alive, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	pods, err := core.CoreV1().Pods("ollama").List(t.Context(), metav1.ListOptions{})
	if err != nil || len(pods.Items) == 0 {
		t.Fatal(err)
	}
	if err := core.CoreV1().Pods("ollama").Delete(t.Context(), pods.Items[0].Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	<-w.Changed()
	got := w.Take()
	if _, ok := got["ollama"]; !ok || len(got) != 1 {
		t.Errorf("it says that something changed in %v", got)
	}
	until(t, "the pod is gone", func() bool {
		s, ok := w.Namespace("ollama")
		return ok && s.Pod("ollama", pods.Items[0].Name) == nil
	})
}

// broken is an API server that can be taken away.
func broken(t *testing.T, b *bundle.Bundle, o bundle.ServerOptions) (config *rest.Config, down *atomic.Bool, cut func()) {
	s := bundle.NewServer(b, o)
	down = new(atomic.Bool)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			http.Error(w, "gone", http.StatusServiceUnavailable)
			return
		}
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { h.CloseClientConnections(); s.Close(); h.Close() })
	return &rest.Config{Host: h.URL}, down, h.CloseClientConnections
}

// While the API server is away the watch is not current, and says since when; a look lists then, and says what is the matter. What is
// known is not forgotten, and when the server is back nothing seems to have changed.
func TestTheWatchWhileTheServerIsAway(t *testing.T) {
	b := incidentBundle(t)
	config, down, cut := broken(t, b, bundle.ServerOptions{KeepTimes: true})
	r := reader(t, config)
	w := watching(t, r, time.Now)
	until(t, "the watch is current", current(w))
	w.Take()
	down.Store(true)
	cut()
	until(t, "the watch notices", func() bool { return !w.State().Current })
	if st := w.State(); st.Lost.IsZero() || len(st.Waits) == 0 || st.Objects == 0 {
		t.Errorf("away: %+v", st)
	}
	if _, err := r.Look(t.Context(), cluster.LookOptions{Watch: w}); err == nil {
		t.Error("a look at what is away sees something")
	}
	if _, ok := w.Namespace("ollama"); ok {
		t.Error("a namespace of what is away is said to be known")
	}
	down.Store(false)
	until(t, "the watch is current again", current(w))
	if changed := w.Take(); len(changed) > 0 {
		t.Errorf("it says that something changed in %v", changed)
	}
}

// What may not be read is left out and said, and the rest is known; a right that is granted counts, and one that is withdrawn, too.
func TestTheWatchOfWhatMayBeRead(t *testing.T) {
	b := incidentBundle(t)
	var may atomic.Bool
	o := allowing(except("configmaps")...)
	some := o.Authorize
	o.Authorize = func(a bundle.Attributes) (allowed bool, reason string) {
		if a.Resource == "configmaps" && may.Load() {
			return true, ""
		}
		return some(a)
	}
	config := serve(t, b, o)
	r := reader(t, config)
	w := watching(t, r, at(b))
	until(t, "the watch is current", current(w))
	left := func() string {
		var names []string
		for _, n := range w.State().Left {
			names = append(names, n.What+": "+n.Why)
		}
		return strings.Join(names, "\n")
	}
	if said := left(); !strings.HasPrefix(said, "configmaps: forbidden: grant the bot list") || strings.Contains(said, "\n") {
		t.Errorf("left out: %s", said)
	}
	s, err := r.Look(t.Context(), cluster.LookOptions{Watch: w, Now: at(b)})
	if err != nil || notSeen(s, "configmaps") == "" || len(s.Pods) == 0 {
		t.Errorf("a look by the watch: %v, %+v", err, s.NotSeen)
	}
	may.Store(true)
	until(t, "the right that was granted counts", func() bool { return left() == "" })
	s, err = r.Look(t.Context(), cluster.LookOptions{Watch: w, Now: at(b)})
	if err != nil || len(s.ConfigMaps) == 0 {
		t.Errorf("a look by the watch: %v, %d ConfigMaps", err, len(s.ConfigMaps))
	}
}
