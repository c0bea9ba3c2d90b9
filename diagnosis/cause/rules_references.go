package cause

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// bothSuspect says that neither finding proves anything: that two things are in the making, one for the other, is how it should be.
func bothSuspect(from, to *finding.Finding) bool { return from.Suspect && to.Suspect }

// customNeeds wants the custom resource to refer to what is wrong, which is not above it: an owner is not well for its parts.
func customNeeds(c *Context, from, to *finding.Finding) (Link, bool) {
	says, _ := finding.DetailOf[custom.Says](to)
	for _, at := range from.AtFault() {
		i := slices.IndexFunc(says.Needs, func(n custom.Need) bool { return n.Object == at || n.Object == from.Workload })
		if i < 0 || slices.Contains(to.AtFault(), at) || custom.OwnedBy(c.Snapshot, to.Object, at) {
			continue
		}
		n := says.Needs[i]
		return Link{Reason: fmt.Sprintf("its %s is %s", n.Field, n.Object), Inferred: !says.Names(n.Object) || bothSuspect(from, to)}, true
	}
	return Link{}, false
}

// customController wants the workload to be the one that cares for the custom resource, and not to have begun to fail after it.
func customController(_ *Context, from, to *finding.Finding) (Link, bool) {
	says, _ := finding.DetailOf[custom.Says](to)
	w := workloadOf(from)
	if !slices.Contains(says.Controllers, w) ||
		to.Code == custom.CustomNotReady && !to.Since.IsZero() && from.Since.After(to.Since.Add(slack)) {
		return Link{}, false
	}
	return Link{Reason: fmt.Sprintf("%s %s may write its status", w.Kind, w.Name), Inferred: to.Code == custom.CustomNotReady}, true
}

// customCalls wants the custom resource's message to tell of a call to the Service that fails, or to the pods behind it.
func customCalls(c *Context, from, to *finding.Finding) (Link, bool) {
	says, _ := finding.DetailOf[custom.Says](to)
	for _, call := range says.Calls {
		o, ok := c.called(call, to.Object.Namespace)
		if !ok {
			continue
		}
		if from.Object == o {
			return Link{Reason: fmt.Sprintf("its message says that Service %s/%s was not reached", o.Namespace, o.Name)}, true
		}
		v := c.Snapshot.Service(o.Namespace, o.Name)
		if v != nil && slices.ContainsFunc(from.Pods, func(p *corev1.Pod) bool { return p.Namespace == v.Namespace && selects(v, p) }) {
			return Link{Reason: fmt.Sprintf("its message says that Service %s/%s was not reached, and these are its pods", o.Namespace,
				o.Name)}, true
		}
	}
	return Link{}, false
}

// customVolume wants the custom resource to be the volume of a claim that is waited for.
func customVolume(_ *Context, from, to *finding.Finding) (Link, bool) {
	waited := append(slices.Clone(to.Refs), to.Object)
	for _, p := range to.Pods {
		waited = append(waited, kube.ClaimsOf(p)...)
	}
	for _, o := range from.Refs {
		if (o.Kind == "PersistentVolumeClaim" || o.Kind == "PersistentVolume") && slices.Contains(waited, o) {
			return Link{Reason: fmt.Sprintf("it is the volume of %s %s", o.Kind, o.Name)}, true
		}
	}
	return Link{}, false
}

// customNodes wants pods to wait for room that who makes nodes does not make. It is proven where what is said of the pods names it; nothing
// less shows that a workload lacks pods for it.
func customNodes(c *Context, from, to *finding.Finding) (Link, bool) {
	waits, unschedulable := finding.DetailOf[podproblem.Unschedulable](to)
	makes := from.Code == custom.NodeGroupFails ||
		slices.ContainsFunc(from.AtFault(), func(o incident.Object) bool { return kube.MakesNodes(o.Kind) })
	if !makes || waits.Silent || waits.Volumes || waits.Ports {
		return Link{}, false
	}
	known := slices.ContainsFunc(from.AtFault(), func(o incident.Object) bool { return o.Namespace == "" && awaited(c, to, o) })
	return Link{Reason: "they wait for room, and no node is made", Inferred: !known}, unschedulable || known
}

// awaited says whether events about pods that have no node name an object of no namespace, as "nodeclaim/default-x7k2p".
func awaited(c *Context, f *finding.Finding, o incident.Object) bool {
	for _, p := range kube.PodsOfWorkload(c.Snapshot, workloadOf(f)) {
		if p.Spec.NodeName != "" {
			continue
		}
		for _, e := range c.Snapshot.EventsOf(finding.PodObject(p)) {
			if kube.Spells(e.Message, o) {
				return true
			}
		}
	}
	return false
}

// customGate wants pods that wait for a readiness gate which bears the custom resource's name.
func customGate(_ *Context, from, to *finding.Finding) (Link, bool) {
	for _, p := range to.Pods {
		for _, o := range from.AtFault() {
			if gate := kube.WaitsForGate(p, o.Name); gate != "" && (o.Namespace == "" || o.Namespace == p.Namespace) {
				return Link{Reason: fmt.Sprintf("its pods wait for their readiness gate %s, which %s opens", gate, finding.Short(o))}, true
			}
		}
	}
	return Link{}, false
}
