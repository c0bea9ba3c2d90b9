package cause

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/dns"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/nodes"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// block says that a cause's remedy must wait for another's.
type block struct {
	of     *candidate
	reason string
}

// blocks finds the causes that keep others' remedies from working: where nothing can start on a node, no remedy helps that has to
// start pods there. A pod that another node could take is not bound to the one that fails.
func blocks(s *snapshot.Snapshot, all []*candidate) {
	for _, c := range all {
		node := stopped(c)
		if node == "" {
			continue
		}
		for _, other := range all {
			if other == c || stopped(other) != "" {
				continue
			}
			if n := bound(s, other, node); n > 0 {
				c.blocked = append(c.blocked, block{other, blockReason(c, other, node)})
			}
		}
	}
}

// stopped is the node on which nothing can start while the cause lasts, or "".
func stopped(c *candidate) string {
	for _, f := range c.explained {
		if f.Object == c.root.Object && slices.Contains(nodeFaults, f.Code) {
			return f.Object.Name
		}
	}
	return ""
}

// bound counts the other cause's pods that must start on the node: those that are there or nowhere yet, if no other node could take
// them.
func bound(s *snapshot.Snapshot, other *candidate, node string) int {
	free := elsewhere(s, node)
	n := 0
	for _, p := range other.root.Pods {
		switch {
		case p.Spec.NodeName != node && p.Spec.NodeName != "":
		case !free || p.Spec.NodeName == node && pinned(s, p):
			n++
		}
	}
	if len(other.root.Pods) == 0 && slices.Contains(dnsFaults, other.root.Code) && !free {
		n++ // it has no pods now, and will need one
	}
	return n
}

// elsewhere says whether another node is ready to take pods.
func elsewhere(s *snapshot.Snapshot, node string) bool {
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if n.Name == node || n.Spec.Unschedulable || slices.ContainsFunc(n.Spec.Taints,
			func(t corev1.Taint) bool { return t.Effect != corev1.TaintEffectPreferNoSchedule }) {
			continue
		}
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
				return true
			}
		}
	}
	return false
}

// pinned pods come back on the same node, or only once the old one is known to be gone.
func pinned(s *snapshot.Snapshot, p *corev1.Pod) bool {
	switch s.WorkloadOf(p).Kind {
	case "DaemonSet", "StatefulSet", "Pod", "Node":
		return true
	}
	return false
}

func blockReason(c, other *candidate, node string) string {
	until := "it is ready again"
	if c.root.Code == nodes.NodeCNIMissing {
		until = "it has a CNI configuration"
	}
	who := ""
	switch {
	case slices.Contains(dnsFaults, other.root.Code) || other.root.Code == dns.DNSDown:
		who = ", CoreDNS included"
	case !other.root.Workload.IsZero():
		who = fmt.Sprintf(", %s %s included", other.root.Workload.Kind, other.root.Workload.Name)
	}
	return fmt.Sprintf("nothing can start on %s until %s%s", node, until, who)
}
