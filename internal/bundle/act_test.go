package bundle_test

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// A controller writes what it has read, and nothing where somebody was quicker.
func TestActReplacesOnlyTheVersionThatWasRead(t *testing.T) {
	s, _ := serve(t, healthy(t), bundle.ServerOptions{})
	read := s.Get(pods, "kube-system", "coredns-1")
	act := func(o *unstructured.Unstructured) bool {
		t.Helper()
		ok, err := s.Act(o, "kubelet", "status")
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	mine, late := read.DeepCopy(), read.DeepCopy()
	_ = unstructured.SetNestedField(mine.Object, "Failed", "status", "phase")
	if !act(mine) {
		t.Fatal("what was just read was changed by nobody, and could not be written")
	}
	now := s.Get(pods, "kube-system", "coredns-1")
	phase, _, _ := unstructured.NestedString(now.Object, "status", "phase")
	if managers := now.GetManagedFields(); phase != "Failed" || now.GetUID() != read.GetUID() || len(managers) != 1 ||
		managers[0].Manager != "kubelet" || managers[0].Subresource != "status" {
		t.Errorf("written: %v", now.Object)
	}
	if act(late) {
		t.Error("a stale version was written over a newer one")
	}
	s.Delete(pods, "kube-system", "coredns-1")
	if act(now.DeepCopy()) || s.Get(pods, "kube-system", "coredns-1") != nil {
		t.Error("what was deleted came back")
	}
	fresh := object(t, "{apiVersion: v1, kind: Pod, metadata: {name: new, namespace: kube-system}}")
	if !act(fresh) || s.Get(pods, "kube-system", "new").GetUID() == "" {
		t.Error("a new object was not made")
	}
	if act(object(t, "{apiVersion: v1, kind: Pod, metadata: {name: new, namespace: kube-system}}")) {
		t.Error("it was made twice")
	}
	var names []string
	for _, o := range s.List(pods, "kube-system") {
		names = append(names, o.GetName())
	}
	if fmt.Sprint(names) != "[new]" {
		t.Errorf("listed %v", names)
	}
	if _, err := s.Act(object(t, "{apiVersion: example.com/v1, kind: Toy, metadata: {name: a}}"), "x", ""); err == nil {
		t.Error("a kind that is not served was written")
	}
}

// What is in somebody else's hands is neither changed nor removed nor brought back by a Transition, and keeps its logs.
func TestTransitionSparesWhatIsInSomebodyElsesHands(t *testing.T) {
	s, _ := serve(t, healthy(t), bundle.ServerOptions{})
	key := bundle.LogKey{Namespace: "convocanvas", Pod: "convocanvas-1", Container: "app"}
	s.SetLog(key, []byte("mine"))
	before, other := s.Get(pods, "convocanvas", "convocanvas-1"), s.Get(pods, "kube-system", "coredns-1")
	if _, err := s.Transition(broken(t), bundle.TransitionOptions{
		Spare: func(gvr schema.GroupVersionResource, o *unstructured.Unstructured) bool {
			return gvr == pods && o.GetNamespace() == "convocanvas"
		}}); err != nil {
		t.Fatal(err)
	}
	if now := s.Get(pods, "convocanvas", "convocanvas-1"); now != before {
		t.Errorf("a pod that is spared became %v", now)
	}
	if s.Get(pods, "convocanvas", "convocanvas-2") != nil {
		t.Error("a pod that is spared was added")
	}
	if log, ok := s.Log(key); !ok || string(log) != "mine" {
		t.Errorf("its log is %q", log)
	}
	if s.Get(pods, "kube-system", "coredns-1") == other {
		t.Error("what is not spared did not move")
	}
}
