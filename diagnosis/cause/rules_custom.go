package cause

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/applog"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/events"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/ingress"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/pods"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/storage"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/workloads"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// customRules are about custom resources, and Helm's releases.
var customRules = []Rule{
	{"custom-owns", slices.Concat(podFaults, workloadFaults, []string{workloads.PodsRefused, storage.PVCPending}),
		customs, customOwns,
		"the custom resource that made it is not ready", "%d custom resources that made it are not ready"},
	{"custom-part", customs, []string{custom.CustomNotReady}, customPart,
		"the custom resource that it is part of is not ready", "%d custom resources that it is part of are not ready"},
	{"custom-delivers", slices.Concat(customs, podFaults, workloadFaults), []string{custom.CustomNotReady}, customDelivers,
		"the custom resource that delivers it is not ready", "%d custom resources that deliver it are not ready"},
	{"custom-quotes", customs, []string{custom.CustomNotReady}, customQuotes,
		"a custom resource hands on what it says", "%d custom resources hand on what it says"},
	{"custom-secret", customs, []string{pods.SecretMissing, ingress.IngressSecretMissing, podproblem.PodConfigError,
		podproblem.PodVolumeFailed, podproblem.PodStuckCreating}, customSecret,
		"the Secret that it should make is missing", "the Secret that it should make is missing (%d findings)"},
	{"helm-release", slices.Concat(podFaults, workloadFaults, []string{workloads.PodsRefused}),
		[]string{custom.HelmReleaseFailed, custom.CustomNotReady}, helmRelease,
		"its Helm release has failed", "%d Helm releases have failed"},
	{"custom-needs", slices.Concat(customs, podFaults, workloadFaults, serviceFaults, nodeFaults, []string{workloads.PodsRefused,
		storage.PVCPending, pods.SecretMissing}), []string{custom.CustomNotReady}, customNeeds,
		"the custom resource that refers to it is not ready", "%d custom resources that refer to it are not ready"},
	{"custom-controller", slices.Concat(podFaults, workloadFaults, []string{workloads.PodsRefused}), customs, customController,
		"nobody cares for its custom resource", "nobody cares for its %d custom resources"},
	{"custom-calls", slices.Concat(serviceFaults, podFaults, workloadFaults), []string{custom.CustomNotReady}, customCalls,
		"a custom resource that needs it is not ready", "%d custom resources that need it are not ready"},
	{"custom-volume", customs, slices.Concat(about(finding.MountTrouble), []string{storage.PVCPending, podproblem.PodVolumeFailed,
		podproblem.PodStuckCreating}), customVolume,
		"its volume is waited for", "its volume is waited for (%d findings)"},
	{"custom-makes", customs, []string{workloads.HPANoMetrics, workloads.HPATargetMissing}, customMakes,
		"the autoscaler that it has made does not work", "%d autoscalers that it has made do not work"},
	{"custom-names", []string{custom.CustomNamesNothing}, customs, customNames,
		"1 custom resource that goes by it is not ready", "%d custom resources that go by it are not ready"},
	{"custom-names-log", []string{custom.CustomNamesNothing}, slices.Concat(crashes, complaints), customNamesLog,
		"the log of 1 workload says so", "the logs of %d workloads say so"},
	{"custom-expired", []string{custom.CustomExpired}, slices.Concat(crashes, complaints, []string{applog.LogAuthFailed}), customExpired,
		"1 workload is refused its credentials", "%d workloads are refused their credentials"},
	{"custom-would-make", customs, []string{services.ServiceMissing, pods.ConfigMapMissing, pods.SecretMissing}, customWouldMake,
		"what it should have made is missing", "what it should have made is missing (%d findings)"},
	{"host-taken", []string{ingress.HostTaken}, append(slices.Clone(customs), events.EventUnexplained), hostTaken,
		"1 object that needs it is not ready", "%d objects that need it are not ready"},
	{"custom-limit", []string{custom.CustomLimit}, append(slices.Clone(customs), events.EventUnexplained), customLimit,
		"1 object waits for it", "%d objects wait for it"},
	{"custom-gate", []string{custom.CustomNotReady}, []string{podproblem.PodNotReady}, customGate,
		"the pods of 1 workload wait for the readiness gate that it opens",
		"the pods of %d workloads wait for the readiness gates that it opens"},
	{"custom-nodes", append(slices.Clone(customs), custom.NodeGroupFails), append(slices.Clone(workloadFaults), podproblem.PodUnschedulable),
		customNodes,
		"the pods of 1 workload get no node", "the pods of %d workloads get no node"},
}

// customs are the codes of findings about custom resources.
var customs = []string{custom.CustomNotReady, custom.CustomUnseen}

// customDelivers: what delivers others sums up how these are, and where it says no word of why itself, what is ill among them is why.
func customDelivers(c *Context, from, to *finding.Finding) (Link, bool) {
	says, _ := finding.DetailOf[custom.Says](to)
	if _, why, _ := strings.Cut(says.Message, ": "); why != "" || says.Message == "" {
		return Link{}, false
	}
	for _, at := range append(slices.Clone(from.AtFault()), workloadOf(from)) {
		var o metav1.Object
		if x := c.Snapshot.Custom(at); x != nil {
			o = x
		} else if o = kube.WorkloadMeta(c.Snapshot, at); o == nil {
			continue
		}
		delivers := func(d incident.Object) bool { return slices.Contains(to.AtFault(), d) }
		if slices.ContainsFunc(kube.DeliveredBy(c.Snapshot, o), delivers) {
			return Link{Reason: fmt.Sprintf("it delivers %s %s", at.Kind, at.Name), Inferred: true}, true
		}
	}
	return Link{}, false
}

// customNamesLog wants the very workload whose log says that what is referred to is missing. It may fail of something else as well.
func customNamesLog(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "its log says that what " + finding.Short(from.Object) + " refers to is missing", Inferred: true},
		!to.Workload.IsZero() && slices.Contains(from.Refs, to.Workload)
}

// customQuotes wants the very words of one in those of the other, which has them from there, and more around them.
func customQuotes(_ *Context, from, to *finding.Finding) (Link, bool) {
	const telling = 20 // bytes: shorter words are said of many things
	inner, _ := finding.DetailOf[custom.Says](from)
	outer, _ := finding.DetailOf[custom.Says](to)
	said, _, _ := strings.Cut(inner.Message, "\n")
	if _, words, ok := strings.Cut(said, ": "); ok { // without the reason
		said = words
	}
	return Link{Reason: "it quotes what " + finding.Short(from.Object) + " says"}, len(said) >= telling &&
		len(outer.Message) > len(inner.Message) && strings.Contains(outer.Message, said)
}

// customMakes: what an owner has made of its own settings is as ill as these are.
func customMakes(c *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "it has made " + finding.Short(to.Object)}, kube.OwnersOf(c.Snapshot)[to.Object] == from.Object
}

// customOwns follows the workload's owners, and takes the custom resource's word for what it names.
func customOwns(c *Context, from, to *finding.Finding) (Link, bool) {
	w := workloadOf(from)
	says, _ := finding.DetailOf[custom.Says](to)
	switch {
	case slices.Contains(to.Refs, w):
		return Link{Reason: fmt.Sprintf("it names %s %s as not healthy", w.Kind, w.Name)}, true
	case slices.Contains(says.Objects, w):
		return Link{Reason: fmt.Sprintf("its message names %s", w)}, true
	case owned(ownersOf(c.Snapshot, w), w.Namespace, to):
		return Link{Reason: fmt.Sprintf("it owns %s %s", w.Kind, w.Name)}, true
	}
	return Link{}, false
}

// owned says whether one of the owners is what the finding is about. An owner is in the namespace of what it owns, or in none.
func owned(owners []metav1.OwnerReference, namespace string, f *finding.Finding) bool {
	return slices.ContainsFunc(owners, func(o metav1.OwnerReference) bool {
		return slices.ContainsFunc(f.AtFault(), func(at incident.Object) bool {
			return at.Kind == o.Kind && at.Name == o.Name && (at.Namespace == namespace || at.Namespace == "")
		})
	})
}

func ownersOf(s *snapshot.Snapshot, w incident.Object) []metav1.OwnerReference {
	if o := kube.WorkloadMeta(s, w); o != nil {
		return o.GetOwnerReferences()
	}
	return nil
}

// customPart: an owner is not ready because a part of it is not, or it says in its message what it waits for.
func customPart(c *Context, from, to *finding.Finding) (Link, bool) {
	for _, at := range from.AtFault() {
		if part, ok := ownedThrough(c.Snapshot, at, to); ok {
			return Link{Reason: fmt.Sprintf("it owns %s %s", part.Kind, part.Name), Inferred: bothSuspect(from, to)}, true
		}
	}
	if slices.Contains(to.Refs, from.Object) {
		return Link{Reason: fmt.Sprintf("it names %s %s as not healthy", from.Object.Kind, from.Object.Name)}, true
	}
	says, _ := finding.DetailOf[custom.Says](to)
	if slices.Contains(says.Objects, from.Object) {
		return Link{Reason: fmt.Sprintf("its message names %s", from.Object), Inferred: bothSuspect(from, to)}, true
	}
	name := from.Object.Name
	if from.Object.Namespace != "" {
		name = from.Object.Namespace + "/" + name
	}
	// What is quoted without a namespace can be of any kind and anywhere, unless the words say the kind.
	sure := from.Object.Namespace != "" || strings.Contains(strings.ToLower(says.Message), strings.ToLower(from.Object.Kind))
	if sure && slices.Contains(says.Quoted, name) || says.Names(from.Object) {
		return Link{Reason: fmt.Sprintf("its message names %s %s", from.Object.Kind, from.Object.Name), Inferred: bothSuspect(from, to)}, true
	}
	if says.Issuer && strings.HasSuffix(from.Object.Kind, "Issuer") &&
		(from.Object.Namespace == "" || from.Object.Namespace == to.Object.Namespace) {
		return Link{Reason: "it waits for its issuer to be ready", Inferred: true}, true
	}
	return Link{}, false
}

// maxOwners is how many custom resources that say nothing themselves may lie between a part and the one that says that it is not ready:
// a Certificate owns a CertificateRequest, which owns an Order, which owns a Challenge.
const maxOwners = 4

// ownedThrough follows a custom resource's owners up to one that the finding is about, and names the part that is its own.
func ownedThrough(s *snapshot.Snapshot, part incident.Object, f *finding.Finding) (incident.Object, bool) {
	for range maxOwners {
		o := s.Custom(part)
		if o == nil {
			break
		}
		if owned(o.GetOwnerReferences(), part.Namespace, f) {
			return part, true
		}
		owner := metav1.GetControllerOfNoCopy(o)
		if owner == nil {
			break
		}
		part = snapshot.ObjectOf(owner.Kind, part.Namespace, owner.Name)
	}
	return incident.Object{}, false
}

func customSecret(_ *Context, from, to *finding.Finding) (Link, bool) {
	for _, o := range from.Refs {
		if o.Kind == "Secret" && (to.Object == o || slices.Contains(to.Refs, o)) {
			return Link{Reason: fmt.Sprintf("%s %s is what should make Secret %s", from.Object.Kind, from.Object.Name, o.Name)}, true
		}
	}
	return Link{}, false
}

// helmRelease reads the annotations that Helm gives what it installs.
func helmRelease(c *Context, from, to *finding.Finding) (Link, bool) {
	o := kube.WorkloadMeta(c.Snapshot, workloadOf(from))
	if o == nil {
		return Link{}, false
	}
	release, namespace := o.GetAnnotations()["meta.helm.sh/release-name"], o.GetAnnotations()["meta.helm.sh/release-namespace"]
	of, _ := finding.DetailOf[custom.HelmRelease](to)
	name := of.Name
	if to.Code == custom.CustomNotReady {
		if to.Object.Kind != "HelmRelease" {
			return Link{}, false
		}
		name = to.Object.Name
	}
	if release == "" || release != name || namespace != to.Object.Namespace {
		return Link{}, false
	}
	return Link{Reason: fmt.Sprintf("release %s installed it", release), Inferred: true}, true
}
