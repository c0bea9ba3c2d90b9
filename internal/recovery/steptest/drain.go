package steptest

import (
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

// DrainedNode is a Node object that the suite makes: there is no machine behind it, so that its pods end as soon as they are evicted.
const DrainedNode = "recovery-test-drained"

// drainCase: a budget beside it guards what is on no such node. The node has its range of addresses, so that no controller gives it one.
func drainCase() kindCase {
	node := incident.Object{Kind: "Node", Name: DrainedNode}
	pod := func(t *testing.T, w World, name string) {
		owner := incident.Object{Kind: "ConfigMap", Namespace: w.Namespace, Name: "owner"}
		w.Put(t, owner, parse(`{"apiVersion":"v1","data":{}}`))
		o := incident.Object{Kind: "Pod", Namespace: w.Namespace, Name: name}
		w.Delete(t, o)
		w.Put(t, o, tree{"apiVersion": "v1", "metadata": tree{"ownerReferences": []any{tree{"apiVersion": "v1", "kind": "ConfigMap",
			"name": "owner", "uid": get(t, w, owner)["metadata"].(tree)["uid"], "controller": true}}},
			"spec": tree{"nodeName": DrainedNode, "terminationGracePeriodSeconds": 0,
				"tolerations": []any{tree{"operator": "Exists"}}, "containers": []any{tree{"name": "main", "image": "busybox:1.36"}}}})
	}
	return kindCase{kind: recovery.DrainNode, undoable: true,
		setUp: func(t *testing.T, w World) incident.Step {
			w.Delete(t, incident.Object{Kind: "Pod", Namespace: w.Namespace, Name: "came-later"})
			w.Put(t, node, parse(`{"apiVersion":"v1","spec":{"podCIDR":"10.250.250.0/24","podCIDRs":["10.250.250.0/24"],"unschedulable":false}}`))
			pod(t, w, "goes")
			pod(t, w, "goes-too")
			return draft(recovery.DrainNode, node)
		},
		meddle: func(t *testing.T, w World, _ incident.Object) { pod(t, w, "came-later") },
	}
}
