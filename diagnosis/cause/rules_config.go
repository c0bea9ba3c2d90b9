package cause

import (
	"fmt"
	"slices"

	storagev1 "k8s.io/api/storage/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/pods"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/storage"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// configRules are about what pods refer to: ConfigMaps, Secrets, claims.
var configRules = []Rule{
	{"reference-missing", []string{pods.ConfigMapMissing, pods.SecretMissing}, []string{podproblem.PodConfigError, podproblem.PodVolumeFailed,
		podproblem.PodImagePull, podproblem.PodStuckCreating}, waitsFor,
		"the pods of 1 workload cannot start", "the pods of %d workloads cannot start"},
	{"claim-unbound", []string{storage.PVCPending, storage.PVCLost, storage.PVCMissing},
		[]string{podproblem.PodUnschedulable, podproblem.PodVolumeFailed, podproblem.PodStuckCreating}, waitsFor,
		"the pods of 1 workload cannot start", "the pods of %d workloads cannot start"},
	{"claim-unscheduled", []string{podproblem.PodUnschedulable}, []string{storage.PVCPending}, claimWaits,
		"1 claim waits for its pod", "%d claims wait for their pods"},
}

// waitsFor wants the very object in what the pods wait for: the kubelet's word, or the claim that the scheduler speaks of.
func waitsFor(c *Context, from, to *finding.Finding) (Link, bool) {
	if !slices.Contains(to.Refs, from.Object) || !c.share(from, to) {
		return Link{}, false
	}
	if u, ok := finding.DetailOf[podproblem.Unschedulable](to); ok && !u.Volumes && (!u.Silent || !nodeChosen(c, from)) {
		return Link{}, false
	}
	return Link{Reason: fmt.Sprintf("its pods wait for %s %s", from.Object.Kind, from.Object.Name)}, true
}

// claimWaits is the other way about: a claim that waits for its first consumer, which cannot be scheduled for another reason.
func claimWaits(c *Context, from, to *finding.Finding) (Link, bool) {
	if u, _ := finding.DetailOf[podproblem.Unschedulable](from); u.Volumes || !c.share(from, to) || !waitsForConsumer(c, to) {
		return Link{}, false
	}
	return Link{Reason: "the claim waits for a pod that cannot be scheduled"}, true
}

// waitsForConsumer says whether the claim's volume is made only once its pod has a node, and it has none yet.
func waitsForConsumer(c *Context, claim *finding.Finding) bool {
	o := c.Snapshot.PersistentVolumeClaim(claim.Object.Namespace, claim.Object.Name)
	if o == nil || o.Spec.StorageClassName == nil || nodeChosen(c, claim) {
		return false
	}
	class := c.Snapshot.StorageClass(*o.Spec.StorageClassName)
	return class != nil && class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
}

// nodeChosen says whether the scheduler has chosen a node for the claim's pod and waits, without a word, for the volume to be made there.
func nodeChosen(c *Context, claim *finding.Finding) bool {
	o := c.Snapshot.PersistentVolumeClaim(claim.Object.Namespace, claim.Object.Name)
	return o != nil && o.Annotations["volume.kubernetes.io/selected-node"] != ""
}
