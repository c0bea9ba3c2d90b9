package cause

import (
	"fmt"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/storage"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/workloads"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// storageRules are about claims, volumes and what provides them.
var storageRules = []Rule{
	{"volume-kept", []string{storage.PVReleased, storage.PVFailed}, []string{storage.PVCPending}, namesClaim,
		"1 claim gets no volume", "%d claims get no volume"},
	{"driver-down", slices.Concat(podFaults, workloadFaults, []string{workloads.PodsRefused}),
		[]string{storage.PVCPending, storage.CSIDriverMissing}, driverDown,
		"its volumes are not made or mounted", "its volumes are not made or mounted (%d findings)"},
	{"behind-class", []string{custom.CustomNotReady}, []string{storage.PVCPending}, behindClass,
		"1 claim gets no volume of it", "%d claims get no volume of it"},
	{"driver-elsewhere", []string{storage.CSIDriverElsewhere}, []string{storage.PVCPending, storage.CSIDriverMissing}, driverElsewhere,
		"its volumes are not made or mounted", "its volumes are not made or mounted (%d findings)"},
	{"mount-fails", about(finding.MountTrouble), []string{podproblem.PodVolumeFailed, podproblem.PodStuckCreating},
		sharedPods("its pods wait for that volume"),
		"the pods of 1 workload cannot start", "the pods of %d workloads cannot start"},
	{"volume-held", nodeFaults, []string{storage.VolumeMultiAttach}, heldByNode,
		"1 volume cannot leave it", "%d volumes cannot leave it"},
	{"terminating-holds", []string{podproblem.PodTerminating}, []string{storage.VolumeMultiAttach}, heldByPod,
		"1 volume stays where it was", "%d volumes stay where they were"},
	{"volume-full", []string{storage.VolumeFull}, append(slices.Clone(crashes), podproblem.PodNotReady),
		sharedPods("its pods write to that volume"),
		"1 workload fails because it cannot write", "%d workloads fail because they cannot write"},
	{"volume-nowhere", []string{storage.VolumeNodeMissing}, []string{podproblem.PodUnschedulable, podproblem.PodPreempted},
		sharedPods("its volume lies on a node that does not exist"),
		"the pods of 1 workload cannot be scheduled", "the pods of %d workloads cannot be scheduled"},
	{"resize-full", []string{storage.VolumeResizeWaits}, []string{storage.VolumeFull}, sameObject("it waits for the space that was asked for"),
		"1 volume is full", "%d volumes are full"},
}

// namesClaim wants the two to speak of each other: the volume of the claim, or the claim of the volume.
func namesClaim(_ *Context, from, to *finding.Finding) (Link, bool) {
	if !slices.Contains(from.Refs, to.Object) && !slices.Contains(to.Refs, from.Object) {
		return Link{}, false
	}
	return Link{Reason: fmt.Sprintf("the claim waits for %s", from.Object.Name)}, true
}

// driverDown wants the workload that provides the volumes to be the one that fails.
func driverDown(_ *Context, from, to *finding.Finding) (Link, bool) {
	of := workloadOf(from)
	if !slices.Contains(to.Refs, of) {
		return Link{}, false
	}
	return Link{Reason: fmt.Sprintf("%s %s provides the volume", of.Kind, of.Name)}, true
}

// driverElsewhere wants a claim that waits for the driver, or a node that lacks it.
func driverElsewhere(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "no kubelet has seen its driver"}, slices.Contains(from.Refs, to.Object) || slices.Contains(to.Refs, from.Object) ||
		from.Object == to.Object
}

func heldByNode(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: fmt.Sprintf("the volume stays attached to %s, which does not answer", from.Object.Name)},
		slices.Contains(to.Refs, incident.Object{Kind: "Node", Name: from.Object.Name})
}

// heldByPod wants the pod that does not end to be the one that holds the volume.
func heldByPod(_ *Context, from, to *finding.Finding) (Link, bool) {
	for _, p := range from.Pods {
		if slices.Contains(to.Refs, snapshot.ObjectOf("Pod", p.Namespace, p.Name)) {
			return Link{Reason: fmt.Sprintf("pod %s holds the volume and does not end", p.Name)}, true
		}
	}
	return Link{}, false
}

func sharedPods(reason string) func(*Context, *finding.Finding, *finding.Finding) (Link, bool) {
	return func(c *Context, from, to *finding.Finding) (Link, bool) {
		return Link{Reason: reason}, c.share(from, to)
	}
}

func sameObject(reason string) func(*Context, *finding.Finding, *finding.Finding) (Link, bool) {
	return func(_ *Context, from, to *finding.Finding) (Link, bool) {
		return Link{Reason: reason}, from.Object == to.Object
	}
}
