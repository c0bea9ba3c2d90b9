package trial

import (
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

const sceneManifests = `apiVersion: v1
kind: Node
metadata: {name: $NS-n1}
status: {conditions: [{type: Ready, status: "False", lastTransitionTime: "${ago:10m}", lastHeartbeatTime: "${now}"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: $NS}
status: {phase: Pending}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
`

func TestScene(t *testing.T) {
	c := eval.Case{Name: "live/nodes/gone", Root: []eval.Root{{Object: "Node/worker-9"}}, Live: []byte(sceneManifests)}.Staged()
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s, err := parseScene(c, began)
	if err != nil {
		t.Fatal(err)
	}
	node, pod := s.props[0], s.props[1]
	if !node.beats || node.bare || node.object.GetName() != "case-gone-n1" || node.object.Object["status"] != nil {
		t.Errorf("node: %+v", node)
	}
	if !pod.bare || pod.beats || pod.status["phase"] != "Pending" {
		t.Errorf("pod: %+v", pod)
	}
	later, err := newProp(node.manifest, began, began.Add(time.Minute))
	ready := later.status["conditions"].([]any)[0].(map[string]any)
	if err != nil || ready["lastHeartbeatTime"] != "2026-01-02T03:05:05Z" || ready["lastTransitionTime"] != "2026-01-02T02:54:05Z" {
		t.Errorf("a minute later: %v, %v", ready, err)
	}
	for object, want := range map[incident.Object]bool{
		{Kind: "Pod", Namespace: "case-gone", Name: "x"}:   true, // whatever lies in its namespace
		{Kind: "Node", Name: "case-gone-n1"}:               true, // what it made
		{Kind: "Node", Name: "worker-9"}:                   true, // what it speaks of
		{Kind: "Node", Name: "worker-1"}:                   false,
		{Kind: "Pod", Namespace: "case-other", Name: "db"}: false,
	} {
		if s.concerns(object) != want {
			t.Errorf("concerns %s: %v", object, !want)
		}
	}
}

// An exclusive case answers for all but what was ill before it.
func TestWhatWasIllBefore(t *testing.T) {
	s, err := parseScene(eval.Case{Name: "a", Root: []eval.Root{{Object: "Node/n1"}}, Live: []byte(sceneManifests)}.Staged(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	old, node, fresh := incident.Object{Kind: "Deployment", Namespace: "team", Name: "old"}, incident.Object{Kind: "Node", Name: "n1"},
		incident.Object{Kind: "Deployment", Namespace: "team", Name: "new"}
	s.ill(&incident.Diagnosis{Findings: []incident.Finding{{Object: old}, {Object: node}}})
	if s.wasWell(old) || !s.wasWell(node) || !s.wasWell(fresh) {
		t.Error("what was ill before counts, or what the case is about does not")
	}
}

func TestASceneKeepsToItsNamespace(t *testing.T) {
	for manifest, says := range map[string]string{
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: coredns, namespace: kube-system}": "not the case's own",
		"apiVersion: v1\nkind: ConfigMap":               "needs a kind and a name",
		"apiVersion: v1\nkind: Pod\nmetadata: {name: x": "manifest 1",
	} {
		_, err := parseScene(eval.Case{Name: "a", Live: []byte(manifest)}.Staged(), time.Now())
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", manifest, err)
		}
	}
}
