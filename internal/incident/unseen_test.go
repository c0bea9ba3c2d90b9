package incident_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// What was not seen is told once, however many nodes it was lost on, and to who asked about what it bears on.
func TestWhatWasNotSeenIsToldOnce(t *testing.T) {
	d := incident.Diagnosis{NotSeen: []incident.NotSeen{
		{What: "files on the nodes", Why: "not set up", Resources: []incident.Resource{incident.HostFiles}},
		{What: "pods", Why: "forbidden", Resources: []incident.Resource{"pods"}, Where: incident.Object{Kind: "Namespace", Name: "other"}},
	}}
	lost := func(node int, gone bool, namespaces ...string) {
		n := incident.NotSeen{What: "x", Why: map[bool]string{true: "no log", false: "late"}[gone], Gone: gone, Count: len(namespaces),
			Resources: []incident.Resource{incident.PodLogs}, Where: incident.Object{Kind: "Node", Name: fmt.Sprint("n", node)}}
		for i, ns := range namespaces {
			n.Of = append(n.Of, incident.Object{Kind: "Pod", Namespace: ns, Name: fmt.Sprint(node, "-", i)})
		}
		d.NotSeen = append(d.NotSeen, n)
	}
	for node := range 15 {
		lost(node, true, "other")
	}
	lost(15, true, "other", "shop")
	lost(15, false, "other")
	lost(16, false, "shop", "shop")
	said := func(scope incident.Scope) (out []string) {
		d.Scope = scope
		for _, n := range d.Unseen() {
			out = append(out, n.What+": "+n.Why)
		}
		return out
	}
	for name, c := range map[string]struct {
		scope incident.Scope
		want  []string
	}{
		"the cluster": {incident.Scope{}, []string{"files on the nodes: not set up", "pods: forbidden", "logs of 17 containers: they are gone",
			"logs of 3 containers on 2 nodes: late"}},
		"a namespace": {incident.Scope{Namespace: "shop"}, []string{"the log of 1 container: it is gone", "logs of 2 containers on n16: late"}},
		"an object":   {incident.Scope{Objects: []incident.Object{{Kind: "Deployment", Namespace: "quiet", Name: "web"}}}, nil},
		"a node": {incident.Scope{Objects: []incident.Object{{Kind: "Node", Name: "n1"}}}, []string{"files on the nodes: not set up",
			"pods: forbidden", "logs of 17 containers: they are gone", "logs of 3 containers on 2 nodes: late"}},
	} {
		if diff := cmp.Diff(c.want, said(c.scope)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
