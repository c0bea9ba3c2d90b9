package bundle_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// next is the following event, in a form to compare: "ADDED coredns-1".
func next(t testing.TB, w watch.Interface) string {
	t.Helper()
	select {
	case e, ok := <-w.ResultChan():
		if !ok {
			return "closed"
		}
		if e.Type == watch.Error {
			return fmt.Sprint("ERROR ", apierrors.ReasonForError(apierrors.FromObject(e.Object)))
		}
		name := e.Object.(metav1.Object).GetName()
		if e.Object.(metav1.Object).GetAnnotations()[metav1.InitialEventsAnnotationKey] == "true" {
			name = "of initial events"
		}
		return strings.TrimSpace(string(e.Type) + " " + name)
	case <-time.After(time.Minute):
		t.Fatal("no event")
		return ""
	}
}

func TestWatch(t *testing.T) {
	for _, form := range []string{"application/json", "application/vnd.kubernetes.protobuf"} {
		s, config := serve(t, healthy(t), asCaptured)
		c := config("")
		c.AcceptContentTypes, c.ContentType = form, form
		client := clientFor(t, c)
		list, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		w, err := client.CoreV1().Pods("").Watch(t.Context(), metav1.ListOptions{ResourceVersion: list.ResourceVersion})
		if err != nil {
			t.Fatal(form, err)
		}
		fresh, err := client.CoreV1().Pods("").Watch(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(form, err)
		}
		// Of the pods on a node only: one that comes there is added, one that leaves is deleted.
		selected, err := client.CoreV1().Pods("convocanvas").Watch(t.Context(), metav1.ListOptions{ResourceVersion: list.ResourceVersion,
			LabelSelector: "app=convocanvas"})
		if err != nil {
			t.Fatal(form, err)
		}
		relabel := func(label string) {
			if _, err := client.CoreV1().Pods("convocanvas").Patch(t.Context(), "convocanvas-1", types.MergePatchType,
				[]byte(`{"metadata":{"labels":{"app":"`+label+`"}}}`), metav1.PatchOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		relabel("other")
		relabel("convocanvas")
		relabel("convocanvas2")
		s.Delete(pods, "kube-system", "coredns-1")
		for _, c := range []struct {
			w    watch.Interface
			want []string
		}{
			{w, []string{"MODIFIED convocanvas-1", "MODIFIED convocanvas-1", "MODIFIED convocanvas-1", "DELETED coredns-1"}},
			{fresh, []string{"ADDED convocanvas-1", "ADDED coredns-1", "MODIFIED convocanvas-1", "MODIFIED convocanvas-1", "MODIFIED convocanvas-1",
				"DELETED coredns-1"}},
			{selected, []string{"DELETED convocanvas-1", "ADDED convocanvas-1", "DELETED convocanvas-1"}},
		} {
			for _, want := range c.want {
				if got := next(t, c.w); got != want {
					t.Errorf("%s: %s, want %s", form, got, want)
				}
			}
			c.w.Stop()
		}
	}
}

func TestWatchVersionsRise(t *testing.T) {
	s, config := serve(t, healthy(t), asCaptured)
	client := clientFor(t, config(""))
	list, _ := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	w, err := client.CoreV1().Pods("").Watch(t.Context(), metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	if _, err := s.Transition(broken(t), bundle.TransitionOptions{}); err != nil {
		t.Fatal(err)
	}
	var last int
	for range 3 {
		e := <-w.ResultChan()
		var v int
		fmt.Sscan(e.Object.(metav1.Object).GetResourceVersion(), &v)
		if v <= last {
			t.Errorf("%s of version %d after %d", e.Type, v, last)
		}
		last = v
	}
}

func TestWatchListsInitialEvents(t *testing.T) {
	_, config := serve(t, healthy(t), asCaptured)
	yes := true
	w, err := clientFor(t, config("")).CoreV1().Pods("").Watch(t.Context(), metav1.ListOptions{
		SendInitialEvents: &yes, AllowWatchBookmarks: true, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	got := []string{next(t, w), next(t, w), next(t, w)}
	if diff := cmp.Diff([]string{"ADDED convocanvas-1", "ADDED coredns-1", "BOOKMARK of initial events"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWatchThatFallsBehindIsTold(t *testing.T) {
	o := asCaptured
	o.History = 3
	s, config := serve(t, healthy(t), o)
	client := clientFor(t, config(""))
	list, _ := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	for i := range 10 {
		if err := s.Set(object(t, fmt.Sprintf("{apiVersion: v1, kind: Node, metadata: {name: n%d}}", i))); err != nil {
			t.Fatal(err)
		}
	}
	_, err := client.CoreV1().Pods("").Watch(t.Context(), metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if !apierrors.IsResourceExpired(err) || code(err) != 410 {
		t.Errorf("from a forgotten version: %v", err)
	}
	if _, err = client.CoreV1().Pods("").Watch(t.Context(), metav1.ListOptions{ResourceVersion: "999999"}); !apierrors.IsTimeout(err) {
		t.Errorf("from the future: %v", err)
	}
}

func TestBookmarksAndEnds(t *testing.T) {
	o := asCaptured
	o.BookmarkEvery = 5 * time.Millisecond
	s, config := serve(t, healthy(t), o)
	client := clientFor(t, config(""))
	list, _ := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	w, err := client.CoreV1().Pods("").Watch(t.Context(), metav1.ListOptions{ResourceVersion: list.ResourceVersion, AllowWatchBookmarks: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := next(t, w); got != "BOOKMARK" {
		t.Errorf("idle: %s", got)
	}
	s.Close()
	for got := ""; got != "closed"; {
		if got = next(t, w); got != "BOOKMARK" && got != "closed" {
			t.Fatal(got)
		}
	}
}

// An informer as watch.go of any consumer makes it: by a streaming list, which is client-go's default.
func TestInformer(t *testing.T) {
	for _, form := range []string{"application/json", "application/vnd.kubernetes.protobuf"} {
		s, config := serve(t, healthy(t), bundle.ServerOptions{})
		c := config("")
		c.AcceptContentTypes = form
		factory := informers.NewSharedInformerFactory(clientFor(t, c), 0)
		seen := make(chan string, 100)
		name := func(o any) string {
			if d, ok := o.(cache.DeletedFinalStateUnknown); ok {
				o = d.Obj
			}
			return o.(*corev1.Pod).Name
		}
		factory.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(o any) { seen <- "add " + name(o) },
			UpdateFunc: func(_, o any) { seen <- "update " + name(o) },
			DeleteFunc: func(o any) { seen <- "delete " + name(o) },
		})
		nodeLister := factory.Core().V1().Nodes().Lister()
		ctx, cancel := context.WithCancel(t.Context())
		factory.Start(ctx.Done())
		for kind, ok := range factory.WaitForCacheSync(ctx.Done()) {
			if !ok {
				t.Fatalf("%s: %v did not sync", form, kind)
			}
		}
		if n, err := nodeLister.Get("leveling-pc"); err != nil || n.UID != "u-node" {
			t.Errorf("%s: %v", form, err)
		}
		expect := func(want ...string) {
			t.Helper()
			var got []string
			for range want {
				select {
				case e := <-seen:
					got = append(got, e)
				case <-time.After(time.Minute):
					t.Fatalf("%s: only %v", form, got)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", form, diff)
			}
		}
		expect("add convocanvas-1", "add coredns-1")
		if _, err := s.Transition(broken(t), bundle.TransitionOptions{}); err != nil {
			t.Fatal(err)
		}
		expect("add convocanvas-2", "delete convocanvas-1", "update coredns-1")
		cancel()
		factory.Shutdown()
	}
}

func TestAnIdleInformerAsksByStreamingList(t *testing.T) {
	s, config := serve(t, healthy(t), asCaptured)
	c := config("")
	asked := make(chan string, 100)
	c.Wrap(recordRequests(asked))
	factory := informers.NewSharedInformerFactory(clientFor(t, c), 0)
	factory.Core().V1().Pods().Informer()
	ctx, cancel := context.WithCancel(t.Context())
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	cancel()
	s.Close()
	factory.Shutdown()
	if first := <-asked; !strings.Contains(first, "sendInitialEvents=true") {
		t.Errorf("first asked %s: has client-go changed its ways?", first)
	}
	close(asked)
	for url := range asked {
		if !strings.Contains(url, "watch=true") {
			t.Errorf("fell back to %s", url)
		}
	}
}

func TestTransition(t *testing.T) {
	clock := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	s, config := serve(t, healthy(t), bundle.ServerOptions{Now: func() time.Time { return clock }})
	client := clientFor(t, config(""))
	pod := func(ns, name string) *corev1.Pod {
		t.Helper()
		p, err := client.CoreV1().Pods(ns).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	cm := func() *corev1.ConfigMap {
		t.Helper()
		m, err := client.CoreV1().ConfigMaps("kube-system").Get(t.Context(), "coredns", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	// An hour before the capture is an hour ago.
	if got := pod("kube-system", "coredns-1").CreationTimestamp; !got.Equal(&metav1.Time{Time: clock.Add(-time.Hour)}) {
		t.Errorf("created %v", got)
	}
	if got := cm().ManagedFields[0].Time; !got.Equal(&metav1.Time{Time: clock.Add(-time.Hour)}) {
		t.Errorf("changed %v", got)
	}
	nodeBefore, _ := client.CoreV1().Nodes().Get(t.Context(), "leveling-pc", metav1.GetOptions{})

	clock = clock.Add(10 * time.Minute)
	moved, err := s.Transition(broken(t), bundle.TransitionOptions{})
	if err != nil || moved != (bundle.Moved{Added: 2, Modified: 3, Deleted: 1, Unchanged: 4}) {
		t.Errorf("%+v, %v", moved, err)
	}
	if got := pod("kube-system", "coredns-1").Status.ContainerStatuses[0].LastTerminationState.Terminated.FinishedAt; !got.Equal(&metav1.Time{Time: clock.Add(-time.Minute)}) {
		t.Errorf("finished %v, now is %v", got, clock)
	}
	if ev, _ := client.CoreV1().Events("kube-system").Get(t.Context(), "coredns-1.1",
		metav1.GetOptions{}); !ev.LastTimestamp.Equal(&metav1.Time{Time: clock.Add(-30 * time.Second)}) {
		t.Errorf("event at %v", ev.LastTimestamp)
	}
	if log, _ := readLog(t, client, "kube-system", "coredns-1", corev1.PodLogOptions{}); !strings.Contains(string(log),
		"\n2026-01-01T12:09:00.500Z [FATAL]") {
		t.Errorf("log: %s", log)
	}
	nodeAfter, _ := client.CoreV1().Nodes().Get(t.Context(), "leveling-pc", metav1.GetOptions{})
	if nodeAfter.ResourceVersion != nodeBefore.ResourceVersion {
		t.Error("the node is the same in both, and was touched")
	}
	first := pod("convocanvas", "convocanvas-2").UID

	// People mend it, and it gets well without losing what they did.
	if _, err := client.CoreV1().ConfigMaps("kube-system").Patch(t.Context(), "coredns", types.MergePatchType,
		[]byte(`{"data":{"Corefile":"mended"}}`), metav1.PatchOptions{FieldManager: "asha"}); err != nil {
		t.Fatal(err)
	}
	restart := `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-01-01T12:10:00Z"}}}}}`
	if _, err := client.AppsV1().Deployments("kube-system").Patch(t.Context(), "coredns", types.StrategicMergePatchType, []byte(restart),
		metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := client.CoreV1().Pods("kube-system").Delete(t.Context(), "coredns-1", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Transition(healthy(t), bundle.TransitionOptions{KeepWrites: true}); err != nil {
		t.Fatal(err)
	}
	if m := cm(); m.Data["Corefile"] != "mended" || m.ManagedFields[len(m.ManagedFields)-1].Manager != "asha" {
		t.Errorf("what was written is lost: %+v", m)
	}
	d, _ := client.AppsV1().Deployments("kube-system").Get(t.Context(), "coredns", metav1.GetOptions{})
	if d.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"] == "" || d.Generation != 2 || d.Status.ObservedGeneration != 2 ||
		d.Status.ReadyReplicas != 1 {
		t.Errorf("spec as written, status as healthy: %+v %+v", d.ObjectMeta, d.Status)
	}
	if p := pod("kube-system", "coredns-1"); p.UID == "u-pod1" || len(p.UID) != 36 || p.Status.ContainerStatuses[0].RestartCount != 0 {
		t.Errorf("a deleted pod came back as itself: %s", p.UID)
	}

	// The second time is like the first, but nothing that died rises under its old UID.
	if _, err := s.Transition(broken(t), bundle.TransitionOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := cm().Data["Corefile"]; !strings.Contains(got, "127.0.0.1") {
		t.Errorf("Corefile %q", got)
	}
	p := pod("kube-system", "coredns-1")
	ev, _ := client.CoreV1().Events("kube-system").Get(t.Context(), "coredns-1.1", metav1.GetOptions{})
	if ev.InvolvedObject.UID != p.UID || p.UID == "u-pod1" {
		t.Errorf("the event is about %s, the pod is %s", ev.InvolvedObject.UID, p.UID)
	}
	if second := pod("convocanvas", "convocanvas-2").UID; second == first {
		t.Error("another pod of the same name has the same UID")
	}
	if again, err := s.Transition(broken(t), bundle.TransitionOptions{}); err != nil || again.Unchanged != 9 ||
		again.Added+again.Modified+again.Deleted != 0 {
		t.Errorf("to where it is already: %+v, %v", again, err)
	}
}

func TestTransitionLeavesWhatWasNotSeen(t *testing.T) {
	s, config := serve(t, healthy(t), asCaptured)
	to := broken(t)
	delete(to.Objects, nodes)
	delete(to.Objects, deployments)
	if _, err := s.Transition(to, bundle.TransitionOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := clientFor(t, config("")).CoreV1().Nodes().Get(t.Context(), "leveling-pc", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
	to.Objects[pods.GroupVersion().WithResource("gadgets")] = nil
	if _, err := s.Transition(to, bundle.TransitionOptions{}); err == nil || !strings.Contains(err.Error(), "does not serve") {
		t.Errorf("an unknown kind: %v", err)
	}
}

func TestHeartbeat(t *testing.T) {
	clock := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	b := healthy(t)
	b.Objects[leases] = append(b.Objects[leases], *object(t, `
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: gone, namespace: kube-node-lease, uid: u-gone, resourceVersion: "22"}
spec: {holderIdentity: gone, leaseDurationSeconds: 40, renewTime: "2025-10-02T22:50:00.000000Z"}`))
	s, config := serve(t, b, bundle.ServerOptions{Now: func() time.Time { return clock }})
	client := clientFor(t, config(""))
	clock = clock.Add(time.Hour)
	s.Heartbeat()
	alive, _ := client.CoordinationV1().Leases("kube-node-lease").Get(t.Context(), "leveling-pc", metav1.GetOptions{})
	gone, _ := client.CoordinationV1().Leases("kube-node-lease").Get(t.Context(), "gone", metav1.GetOptions{})
	if !alive.Spec.RenewTime.Time.Equal(clock) || clock.Sub(gone.Spec.RenewTime.Time) != 70*time.Minute {
		t.Errorf("renewed %v and %v at %v", alive.Spec.RenewTime, gone.Spec.RenewTime, clock)
	}
	node, _ := client.CoreV1().Nodes().Get(t.Context(), "leveling-pc", metav1.GetOptions{})
	if c := node.Status.Conditions[0]; !c.LastHeartbeatTime.Time.Equal(clock) || c.LastTransitionTime.Time.Equal(clock) {
		t.Errorf("condition %+v", c)
	}
	version := node.ResourceVersion
	s.Heartbeat()
	if node, _ = client.CoreV1().Nodes().Get(t.Context(), "leveling-pc", metav1.GetOptions{}); node.ResourceVersion != version {
		t.Error("a node reports every five minutes, not always")
	}
	if m, err := s.Transition(b, bundle.TransitionOptions{}); err != nil || m.Modified+m.Added+m.Deleted > 0 {
		t.Errorf("heartbeats are no change: %+v, %v", m, err)
	}
}

func TestSetGetDelete(t *testing.T) {
	s, _ := serve(t, healthy(t), asCaptured)
	if err := s.Set(object(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: coredns, namespace: kube-system}, data: {a: b}}")); err != nil {
		t.Fatal(err)
	}
	got := s.Get(configMaps, "kube-system", "coredns")
	data, _ := json.Marshal(got.Object["data"])
	if got.GetUID() != "u-cm" || string(data) != `{"a":"b"}` || got.GetResourceVersion() == "30" {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"{apiVersion: v1, kind: Secret, metadata: {name: a}}", "{apiVersion: v1, kind: Gadget, metadata: {name: a}}",
		"{apiVersion: v1, kind: Pod, metadata: {}}"} {
		if err := s.Set(object(t, bad)); err == nil {
			t.Errorf("set %s", bad)
		}
	}
	if !s.Delete(configMaps, "kube-system", "coredns") || s.Delete(configMaps, "kube-system", "coredns") ||
		s.Get(configMaps, "kube-system", "coredns") != nil {
		t.Error("deleted not exactly once")
	}
}
