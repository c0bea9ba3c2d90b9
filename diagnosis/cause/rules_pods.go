package cause

import (
	"fmt"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
)

// podRules are about pods and what keeps them from running.
var podRules = []Rule{
	{"node-would-take", append(slices.Clone(nodeFaults), checks.NodePressure, checks.NodeCordoned, checks.NodeFull), []string{checks.PodUnschedulable, checks.PodPreempted}, wouldTake,
		"the pods of 1 workload find no node", "the pods of %d workloads find no node"},
}

// wouldTake wants a node on which nothing but its own state keeps the pod away: its requests, labels and the rest fit.
func wouldTake(_ *Context, from, to *checks.Finding) (Link, bool) {
	return Link{Reason: fmt.Sprintf("nothing else keeps it off %s", from.Object.Name)}, slices.Contains(to.Refs, from.Object)
}
