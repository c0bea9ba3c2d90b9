package cause

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/applog"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/ingress"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/netpol"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/storage"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/workloads"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// networkRules are about Services and what leads to them, from the outside in.
var networkRules = slices.Concat(podNetworkRules, []Rule{
	{"reload-job", []string{ingress.IngressReloadFails}, []string{workloads.JobFailed}, reloadJob,
		"1 Job has failed", "%d Jobs have failed"},
	{"flow-cut", []string{netpol.PolicyBlocksDNS, netpol.PolicyBlocksFlow}, suffersOrSays, misses("a NetworkPolicy cuts that off"),
		"1 workload fails because a NetworkPolicy cuts it off from what it calls",
		"%d workloads fail because NetworkPolicies cut them off from what they call"},
	{"shut-out", []string{netpol.PolicyShutsOut}, suffersOrSays, shutOut,
		"1 workload fails that it keeps from a Service which its settings name",
		"%d workloads fail that they keep from Services which their settings name"},
	{"outside-name", []string{services.OutsideNameUnknown}, suffersOrSays, misses("there is no such name"),
		"1 workload fails because it calls a name that does not exist", "%d workloads fail because they call names that do not exist"},
	{"policy-idle", []string{netpol.PolicySelectsNothing}, []string{netpol.PolicyBlocksDNS, netpol.PolicyBlocksFlow},
		refersTo("it would allow the flow, but selects no pod"),
		"1 flow that it should allow is cut off", "%d flows that they should allow are cut off"},
	{"service-called", append(slices.Clone(serviceFaults), services.ExternalNameInvalid, services.ExternalNameNotFound),
		slices.Concat(crashes, complaints, []string{applog.LogErrorOnce}), serviceCalled,
		"1 workload fails because a Service that it calls does not answer", "%d workloads fail because Services that they call do not answer"},
	{"service-configured", []string{services.ServicePodsUnready, services.ServiceNoEndpoints},
		append(slices.Clone(complaints), podproblem.PodProbeFailing, applog.LogErrorOnce), serviceConfigured,
		"1 workload complains since whose settings name the Service", "%d workloads complain since whose settings name the Service"},
	{"setting-names", []string{services.ServiceMissing}, suffers, settingNames,
		"1 workload fails because its setting names a Service that does not exist",
		"%d workloads fail because their settings name Services that do not exist"},
	{"service-misused", about(finding.CallTrouble), suffersOrSays, misuses("that is how it calls the Service"),
		"1 workload fails because it calls a Service in a way that leads nowhere",
		"%d workloads fail because they call Services in a way that leads nowhere"},
	{"pods-called", append(slices.Clone(podFaults), storage.VolumeFull), slices.Concat(crashes, complaints,
		[]string{applog.LogErrorOnce}), podsCalled,
		"1 workload fails because the pods that it calls do", "%d workloads fail because the pods that they call do"},
	{"pods-of-service", podFaults, []string{services.ServicePodsUnready}, podsOfService,
		"1 Service has no endpoint", "%d Services have no endpoint"},
	{"no-pods-for-service", append(slices.Clone(workloadFaults), workloads.PodsRefused), []string{services.ServiceNoEndpoints},
		sameWorkload("there is no pod that it could select"),
		"1 Service has no pods", "%d Services have no pods"},
	{"balancer-port", []string{services.LoadBalancerPending}, append([]string{podproblem.PodUnschedulable}, workloadFaults...), balancerPort,
		"its pods find no free port", "%d workloads find no free port"},
	{"balancer-pods", append(slices.Clone(podFaults), workloads.PodsRefused), []string{services.LoadBalancerPending}, balancerPods,
		"1 Service has no address for the outside", "%d Services have no address for the outside"},
	{"controller-pods", slices.Concat(podFaults, workloadFaults, []string{workloads.PodsRefused}), []string{ingress.IngressNoController},
		sameWorkload("these are the controller's pods"),
		"nothing answers for the Ingresses of 1 class", "nothing answers for the Ingresses of %d classes"},
	{"gateway-class", []string{ingress.GatewayClassMissing}, []string{ingress.GatewayNotReady, ingress.RouteRefused}, gatewayOf,
		"1 object that needs the Gateway is not well", "%d objects that need the Gateway are not well"},
	{"gateway-routes", []string{ingress.GatewayNotReady}, []string{ingress.RouteRefused}, gatewayOf,
		"1 route to it is refused", "%d routes to it are refused"},
})

// suffers are what a pod that cannot reach another may come to.
var suffers = append(slices.Clone(crashes), podproblem.PodNotReady)

// suffersOrSays is that, or that the pod lives with it and complains.
var suffersOrSays = slices.Concat(suffers, complaints)

// misses wants a pod of both whose log misses what the finding is about.
func misses(reason string) func(*Context, *finding.Finding, *finding.Finding) (Link, bool) {
	return func(c *Context, from, to *finding.Finding) (Link, bool) {
		if !c.share(from, to) {
			return Link{}, false
		}
		for _, d := range to.Said {
			if slices.ContainsFunc(from.Said, d.Same) {
				return Link{Reason: "its log says that it " + d.String() + ", and " + reason}, true
			}
		}
		return Link{}, false
	}
}

// misuses is misses, or wants a caller that says of the same port of the same Service what the finding's callers say.
func misuses(reason string) func(*Context, *finding.Finding, *finding.Finding) (Link, bool) {
	own := misses(reason)
	return func(c *Context, from, to *finding.Finding) (Link, bool) {
		if l, ok := own(c, from, to); ok || !slices.Contains(complaints, to.Code) || len(to.Pods) == 0 || len(from.Pods) == 0 {
			return l, ok
		}
		for _, d := range to.Said {
			o, ok := c.called(d, to.Pods[0].Namespace)
			if ok && slices.ContainsFunc(from.Said, func(x logs.Fact) bool {
				same, ok := c.called(x, from.Pods[0].Namespace)
				return ok && same == o && x.Kind == d.Kind && x.Port == d.Port
			}) {
				return Link{Reason: "its log says that it " + d.String() + ", and " + reason}, true
			}
		}
		return Link{}, false
	}
}

// shutOut wants the very pods, and that their log tells of no other trouble than that something does not answer.
func shutOut(c *Context, from, to *finding.Finding) (Link, bool) {
	other := func(d logs.Fact) bool {
		return d.Kind != logs.ConnectionTimeout || d.Host != "" && !slices.ContainsFunc(from.Refs, func(o incident.Object) bool {
			called, ok := c.called(d, from.Pods[0].Namespace)
			return ok && called == o
		})
	}
	return Link{Reason: "its settings name the Service, and it is kept from it", Inferred: len(to.Said) == 0},
		c.share(from, to) && !slices.ContainsFunc(to.Said, other)
}

// settingNames is likely at most: the log says only that the program cannot connect.
func settingNames(c *Context, from, to *finding.Finding) (Link, bool) {
	_, bySetting := finding.DetailOf[services.NamedBySetting](from)
	return Link{Reason: "its setting names the Service, and its log says that it cannot connect", Inferred: true},
		bySetting && c.share(from, to)
}

func refersTo(reason string) func(*Context, *finding.Finding, *finding.Finding) (Link, bool) {
	return func(_ *Context, from, to *finding.Finding) (Link, bool) {
		return Link{Reason: reason}, slices.Contains(to.Refs, from.Object)
	}
}

// serviceCalled follows a log to the Service that it names. An unresolved name is the Service's fault only where it does not exist, or
// is headless and so without a name while no pod is ready.
func serviceCalled(c *Context, from, to *finding.Finding) (Link, bool) {
	if len(to.Pods) == 0 || from.Suspect && to.Code == applog.LogErrorOnce { // two suspicions of the same line prove nothing
		return Link{}, false
	}
	for _, d := range to.Said {
		o, ok := c.called(d, to.Pods[0].Namespace)
		if ok && o != from.Object {
			o = c.standsFor(o)
		}
		if !ok || o != from.Object {
			continue
		}
		external := from.Code == services.ExternalNameInvalid || from.Code == services.ExternalNameNotFound
		if d.Kind == logs.NameUnresolved && from.Code != services.ServiceMissing && !external {
			v := c.Snapshot.Service(o.Namespace, o.Name)
			if v == nil || v.Spec.ClusterIP != corev1.ClusterIPNone {
				continue
			}
		}
		return Link{Reason: fmt.Sprintf("its log says: %s, and that is Service %s/%s", d.String(), o.Namespace, o.Name)}, true
	}
	return Link{}, false
}

func podsOfService(c *Context, from, to *finding.Finding) (Link, bool) {
	if !c.share(from, to) {
		return Link{}, false
	}
	return Link{Reason: "these are the pods behind it"}, true
}

// podsCalled goes past a Service that has an endpoint just now: its pods fail again and again, all of them alike.
func podsCalled(c *Context, from, to *finding.Finding) (Link, bool) {
	if len(to.Said) == 0 || len(from.Pods) == 0 || len(to.Pods) == 0 || from.About(to.Workload) {
		return Link{}, false
	}
	for _, d := range to.Said {
		o, ok := c.called(d, to.Pods[0].Namespace)
		if !ok || d.Kind == logs.NameUnresolved {
			continue
		}
		o = c.standsFor(o)
		v := c.Snapshot.Service(o.Namespace, o.Name)
		if v == nil || o.Namespace != from.Pods[0].Namespace || !selects(v, from.Pods[0]) {
			continue
		}
		behind := c.Snapshot.PodsSelected(v.Namespace, v.Spec.Selector)
		if !slices.ContainsFunc(behind, ready) || slices.ContainsFunc(behind, func(p *corev1.Pod) bool { return !c.pods[from].pods[p] }) {
			continue
		}
		return Link{Reason: fmt.Sprintf("its log says: %s, and these are the pods behind Service %s/%s", d.String(), o.Namespace, o.Name)}, true
	}
	return Link{}, false
}

// called is the Service that a log's host means to a pod of the namespace, where the log says that it was not reached.
func (c *Context) called(d logs.Fact, namespace string) (incident.Object, bool) {
	if !d.Kind.Network() {
		return incident.Object{}, false
	}
	if o, ok := c.byIP[d.Host]; ok {
		return o, true
	}
	return kube.ServiceOf(c.Snapshot, d.Host, namespace)
}

// standsFor is the Service that one of type ExternalName stands for, or else the Service itself.
func (c *Context) standsFor(o incident.Object) incident.Object {
	v := c.Snapshot.Service(o.Namespace, o.Name)
	if v == nil || v.Spec.Type != corev1.ServiceTypeExternalName {
		return o
	}
	if target, ok := kube.ServiceOf(c.Snapshot, v.Spec.ExternalName, o.Namespace); ok {
		return target
	}
	return o
}

func ready(p *corev1.Pod) bool {
	c := kube.PodCondition(p, corev1.PodReady)
	return c != nil && c.Status == corev1.ConditionTrue
}

func selects(v *corev1.Service, p *corev1.Pod) bool {
	return len(v.Spec.Selector) > 0 && kube.Matches(v.Spec.Selector, p.Labels)
}

// balancerPort wants a Service whose port another one's pods hold on every node.
func balancerPort(_ *Context, from, to *finding.Finding) (Link, bool) {
	if !from.Root || !from.About(to.Workload) {
		return Link{}, false
	}
	u, unschedulable := finding.DetailOf[podproblem.Unschedulable](to)
	return Link{Reason: "they wait for a port of the node that another Service has"}, !unschedulable || u.Ports
}

func balancerPods(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "these are the pods that answer for it on the nodes"}, !to.Root && from.About(to.Workload)
}

// gatewayOf follows a route, or a class, to its Gateway.
func gatewayOf(_ *Context, from, to *finding.Finding) (Link, bool) {
	gateways := append([]incident.Object{from.Object}, from.Refs...)
	fits := func(o incident.Object) bool {
		return o.Kind == "Gateway" && (o == to.Object || slices.Contains(to.Refs, o))
	}
	return Link{Reason: "it depends on this Gateway"}, slices.ContainsFunc(gateways, fits)
}

// reloadJob wants the Job's log to name a host of an Ingress that the controller could not take up.
func reloadJob(_ *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "its log names a host that the ingress controller cannot take up", Inferred: true},
		slices.Contains(from.Refs, to.Object)
}
