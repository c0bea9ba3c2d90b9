package cause

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/control"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/nodes"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/workloads"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// controlRules are about the control plane: webhooks, aggregated APIs, leaders, etcd.
var controlRules = []Rule{
	{"webhook-injects", []string{control.WebhookInjects}, podFaults, webhookInjects,
		"the pods of 1 workload cannot start", "the pods of %d workloads cannot start"},
	{"namespace-passed-by", []string{control.NamespacePassedBy}, suffersOrSays, passedNamespace,
		"1 workload does not get through without it", "%d workloads do not get through without it"},
	{"webhook-passes-by", []string{control.WebhookPassesBy}, podFaults, func(c *Context, from, to *finding.Finding) (Link, bool) {
		return Link{Reason: "its pods lack what a webhook gave the older ones", Inferred: true}, from.Workload == to.Workload && c.share(from, to)
	}, "the new pods of 1 workload fail", "the new pods of %d workloads fail"},
	{"webhook-refuses", about(finding.WebhookTrouble), []string{workloads.PodsRefused}, webhookRefuses,
		"the API server refuses the pods of 1 workload", "the API server refuses the pods of %d workloads"},
	{"webhook-refuses-custom", about(finding.WebhookTrouble), []string{custom.CustomNotReady}, webhookRefusesCustom,
		"a custom resource waits for what the API server refuses", "%d custom resources wait for what the API server refuses"},
	{"service-behind", slices.Concat(serviceFaults, podFaults, workloadFaults, []string{workloads.PodsRefused}),
		[]string{control.WebhookNoEndpoints, control.WebhookFailing, control.APIServiceUnavailable, control.ConversionFails}, serviceBehind,
		"the API server cannot ask it", "the API server cannot ask it (%d findings)"},
	{"api-taken", []string{control.APIServiceTakenOver}, []string{workloads.HPANoMetrics}, func(_ *Context, from, to *finding.Finding) (Link,
		bool) {
		return Link{Reason: "it asks that API, and has got nothing since it was changed"}, slices.Contains(from.Refs, to.Object)
	}, "1 autoscaler gets no metrics", "%d autoscalers get no metrics"},
	{"api-gone", []string{control.APIServiceUnavailable}, []string{control.NamespaceTerminating}, apiGone,
		"1 namespace cannot be deleted", "%d namespaces cannot be deleted"},
	{"finalizer-waits", slices.Concat(podFaults, workloadFaults, []string{workloads.PodsRefused}), []string{control.NamespaceTerminating},
		finalizerWaits,
		"1 namespace cannot be deleted", "%d namespaces cannot be deleted"},
	{"component-fails", podFaults, []string{control.SchedulerNotLeading, control.SchedulerIdle, control.ControllerManagerNotLeading},
		sharedPods("these are its pods"),
		"a part of the control plane does not lead", "%d parts of the control plane do not lead"},
	{"no-scheduler", []string{control.SchedulerNotLeading, control.SchedulerIdle}, []string{podproblem.PodUnschedulable}, noScheduler,
		"the pods of 1 workload get no node", "the pods of %d workloads get no node"},
	{"no-controllers", []string{control.ControllerManagerNotLeading}, append(slices.Clone(workloadFaults), services.ServiceNoEndpoints),
		noControllers,
		"1 object is not looked after", "%d objects are not looked after"},
	{"etcd-api", []string{control.EtcdUnhealthy}, []string{control.APIServerUnhealthy, control.APISlow, control.SchedulerNotLeading,
		control.ControllerManagerNotLeading, nodes.NodeLeaseStale}, etcdBehind,
		"the API server is not well", "the API server is not well (%d findings)"},
	{"version-removed", []string{control.APIVersionRemoved}, crashes, sharedPods("its log says that it asks for an API that is gone"),
		"1 workload fails", "%d workloads fail"},
	{"storm-about", slices.Concat(podFaults, workloadFaults), []string{control.EventStorm}, stormAbout,
		"it is told again and again in events", "it is told again and again in events (%d findings)"},
}

// webhookRefuses wants the refusal to name the webhook.
func webhookRefuses(_ *Context, from, to *finding.Finding) (Link, bool) {
	asked, _ := finding.DetailOf[control.Webhooks](from)
	refused := webhooksNamed(to)
	for _, name := range asked.Names {
		if slices.Contains(refused, name) {
			return Link{Reason: fmt.Sprintf("the API server could not call webhook %s and so refused its pods", name)}, true
		}
	}
	return Link{}, false
}

// webhooksNamed are the webhooks that the API server's words name, as they were told to whom the finding is about.
func webhooksNamed(f *finding.Finding) []string {
	if refused, ok := finding.DetailOf[workloads.RefusedPods](f); ok {
		return refused.Webhooks
	}
	says, _ := finding.DetailOf[custom.Says](f)
	return says.Webhooks
}

// webhookRefusesCustom wants the custom resource's own message to name the webhook.
func webhookRefusesCustom(c *Context, from, to *finding.Finding) (Link, bool) {
	l, ok := webhookRefuses(c, from, to)
	if ok {
		l.Reason = "its message says that the API server could not call the webhook"
	}
	return l, ok
}

// serviceBehind wants the Service that is called, or what should stand behind it, to be what fails.
func serviceBehind(c *Context, from, to *finding.Finding) (Link, bool) {
	for _, o := range to.Refs {
		if o.Kind != "Service" {
			continue
		}
		if from.Object == o {
			return Link{Reason: fmt.Sprintf("the API server calls Service %s/%s for it", o.Namespace, o.Name)}, true
		}
		v := c.Snapshot.Service(o.Namespace, o.Name)
		if v == nil || len(v.Spec.Selector) == 0 || from.Object.Namespace != o.Namespace && from.Workload.Namespace != o.Namespace {
			continue
		}
		if len(from.Pods) > 0 && selectsAll(v, from.Pods) || len(from.Pods) == 0 && selectsTemplate(c, v, from.Workload) {
			return Link{Reason: fmt.Sprintf("these should stand behind Service %s/%s, which the API server calls for it", o.Namespace, o.Name)}, true
		}
	}
	return Link{}, false
}

func selectsAll(v *corev1.Service, pods []*corev1.Pod) bool {
	return !slices.ContainsFunc(pods, func(p *corev1.Pod) bool { return !kube.Matches(v.Spec.Selector, p.Labels) })
}

func selectsTemplate(c *Context, v *corev1.Service, w incident.Object) bool {
	if w.Namespace != v.Namespace {
		return false
	}
	switch w.Kind {
	case "Deployment":
		d := c.Snapshot.Deployment(w.Namespace, w.Name)
		return d != nil && kube.Matches(v.Spec.Selector, d.Spec.Template.Labels)
	case "StatefulSet":
		d := c.Snapshot.StatefulSet(w.Namespace, w.Name)
		return d != nil && kube.Matches(v.Spec.Selector, d.Spec.Template.Labels)
	case "DaemonSet":
		d := c.Snapshot.DaemonSet(w.Namespace, w.Name)
		return d != nil && kube.Matches(v.Spec.Selector, d.Spec.Template.Labels)
	}
	return false
}

// apiGone wants the namespace's own words to name the API.
func apiGone(_ *Context, from, to *finding.Finding) (Link, bool) {
	gone, _ := finding.DetailOf[control.UnavailableAPI](from)
	held, _ := finding.DetailOf[control.HeldNamespace](to)
	return Link{Reason: fmt.Sprintf("the namespace controller cannot list what is in it while %s does not answer", gone.API)},
		slices.Contains(held.APIs, gone.API)
}

// finalizerWaits wants the workload that should remove the finalizer to fail, or a pod of the namespace itself not to end.
func finalizerWaits(_ *Context, from, to *finding.Finding) (Link, bool) {
	if from.Code == podproblem.PodTerminating && len(from.Pods) > 0 && from.Pods[0].Namespace == to.Object.Name {
		held, _ := finding.DetailOf[control.HeldNamespace](to)
		return Link{Reason: "its pods do not end"}, held.Pods
	}
	return Link{Reason: fmt.Sprintf("%s %s should remove the finalizer", from.Workload.Kind, from.Workload.Name)},
		!from.Workload.IsZero() && slices.Contains(to.Refs, from.Workload)
}

// noScheduler wants pods that no scheduler has said a word about.
func noScheduler(_ *Context, from, to *finding.Finding) (Link, bool) {
	if u, _ := finding.DetailOf[podproblem.Unschedulable](to); !u.Silent || len(to.Pods) == 0 {
		return Link{}, false
	}
	if n := to.Pods[0].Spec.SchedulerName; n != "" && n != corev1.DefaultSchedulerName {
		return Link{}, false
	}
	return Link{Reason: "they were made after the scheduler fell silent, and it has said nothing about them"},
		from.Since.IsZero() || to.Since.IsZero() || !to.Since.Before(from.Since.Add(-slack))
}

// noControllers wants a workload that lacks pods which nobody has made since, and nobody was refused.
func noControllers(c *Context, from, to *finding.Finding) (Link, bool) {
	if !to.Since.IsZero() && to.Since.Before(from.Since.Add(-slack)) {
		return Link{}, false
	}
	w := to.Workload
	var want, have int32
	switch {
	case w.Kind == "StatefulSet" && c.Snapshot.StatefulSet(w.Namespace, w.Name) != nil:
		want = kube.Replicas(c.Snapshot.StatefulSet(w.Namespace, w.Name).Spec.Replicas)
	case w.Kind == "Deployment" && c.Snapshot.Deployment(w.Namespace, w.Name) != nil:
		want = kube.Replicas(c.Snapshot.Deployment(w.Namespace, w.Name).Spec.Replicas)
	case w.Kind == "DaemonSet" && c.Snapshot.DaemonSet(w.Namespace, w.Name) != nil:
		want = c.Snapshot.DaemonSet(w.Namespace, w.Name).Status.DesiredNumberScheduled
	default:
		return Link{}, false
	}
	for _, p := range c.Snapshot.PodsIn(w.Namespace) {
		if c.Snapshot.WorkloadOf(p) == w {
			have++
		}
	}
	return Link{Reason: fmt.Sprintf("it has %d of %d pods, and nobody makes the others", have, want)}, have < want
}

// etcdBehind is likely rather than proven: the API server does not say what it waits for.
func etcdBehind(_ *Context, _, to *finding.Finding) (Link, bool) {
	return Link{Reason: "the API server keeps everything in etcd", Inferred: to.Code != control.APIServerUnhealthy}, true
}

func stormAbout(_ *Context, from, to *finding.Finding) (Link, bool) {
	for _, p := range from.Pods {
		if to.Object.Kind == "Pod" && to.Object.Namespace == p.Namespace && to.Object.Name == p.Name {
			return Link{Reason: "the events are about its pod"}, true
		}
	}
	return Link{Reason: "the events are about it"}, from.Object == to.Object || !from.Workload.IsZero() && from.Workload == to.Object
}

// webhookInjects wants the finding to be about the very container.
func webhookInjects(c *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "its template has no container " + from.Container + ": the webhook has put it there"},
		from.Container == to.Container && c.share(from, to)
}

// passedNamespace wants the very pods, and that they are cut off or not trusted: what a webhook puts into pods often speaks for them.
func passedNamespace(c *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "its pods lack what the webhook gives others", Inferred: true}, c.share(from, to) &&
		slices.ContainsFunc(to.Said, func(d logs.Fact) bool {
			return d.Kind.Network() && d.Kind != logs.NameUnresolved || d.Kind == logs.TLSFailed || d.Kind == logs.AuthFailed
		})
}
