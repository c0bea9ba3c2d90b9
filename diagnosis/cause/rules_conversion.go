package cause

import (
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/control"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/events"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// conversionRules are about kinds that cannot be listed, and what waits for that.
var conversionRules = []Rule{
	{"conversion-garbage", []string{control.ConversionFails, control.APIServiceUnavailable}, []string{control.GarbageStays}, stopsCollector,
		"nothing is collected in 1 namespace", "nothing is collected in %d namespaces"},
	{"conversion-namespace", []string{control.ConversionFails}, []string{control.NamespaceTerminating}, conversionHolds,
		"1 namespace cannot be deleted", "%d namespaces cannot be deleted"},
	{"conversion-told", []string{control.ConversionFails}, slices.Concat(crashes, complaints, podFaults,
		[]string{custom.CustomNotReady, events.EventUnexplained}), conversionTold,
		"1 object is told so", "%d objects are told so"},
	{"conversion-nodes", []string{control.ConversionFails}, []string{podproblem.PodUnschedulable}, conversionNodes,
		"the pods of 1 workload get no node", "the pods of %d workloads get no node"},
}

// stopsCollector is proven where the collector's own log tells of the kind.
func stopsCollector(c *Context, from, to *finding.Finding) (Link, bool) {
	garbage, _ := finding.DetailOf[control.Garbage](to)
	d, _ := finding.DetailOf[control.Conversion](from)
	heard := slices.ContainsFunc(garbage.Collector, func(o incident.Object) bool {
		p := c.Snapshot.Pod(o.Namespace, o.Name)
		return p != nil && slices.Contains(d.Hearers, c.Snapshot.WorkloadOf(p))
	})
	if from.Code == control.APIServiceUnavailable && len(garbage.Collector) == 0 {
		return Link{}, false
	}
	return Link{Reason: "the garbage collector waits for every kind to be listed, and collects nothing meanwhile", Inferred: !heard}, true
}

// conversionHolds wants the namespace's own words to name the API.
func conversionHolds(_ *Context, from, to *finding.Finding) (Link, bool) {
	d, _ := finding.DetailOf[control.Conversion](from)
	held, _ := finding.DetailOf[control.HeldNamespace](to)
	for _, v := range held.APIs {
		if v.Group == d.Group {
			return Link{Reason: "the namespace controller cannot list what is in it of " + d.Group}, true
		}
	}
	return Link{}, false
}

// conversionNodes wants a kind that stands for nodes which are to be made, and pods that too little room is free for.
func conversionNodes(_ *Context, from, to *finding.Finding) (Link, bool) {
	d, _ := finding.DetailOf[control.Conversion](from)
	waits, _ := finding.DetailOf[podproblem.Unschedulable](to)
	return Link{Reason: "they wait for room, and who makes nodes cannot list any " + d.Kind, Inferred: true},
		kube.MakesNodes(d.Kind) && len(waits.Short) > 0
}

// conversionTold wants the API server's words for that kind in what was seen, or at least in the log of the very workload.
func conversionTold(_ *Context, from, to *finding.Finding) (Link, bool) {
	d, _ := finding.DetailOf[control.Conversion](from)
	seen := slices.ContainsFunc(to.Seen, func(e incident.Evidence) bool {
		return strings.Contains(e.Excerpt, "conversion webhook for "+d.Group+"/") && strings.Contains(e.Excerpt, "Kind="+d.Kind+" ")
	})
	return Link{Reason: "it is told that no " + d.Kind + " can be converted", Inferred: !seen},
		seen || !to.Workload.IsZero() && slices.Contains(d.Hearers, to.Workload)
}
