package services

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hooks"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about Services.
const (
	ServiceNoEndpoints   = "ServiceNoEndpoints"
	ServicePodsUnready   = "ServicePodsUnready"
	ServicePortMismatch  = "ServicePortMismatch"
	ServiceMissing       = "ServiceMissing"
	ServicePortMissing   = "ServicePortMissing"
	ServiceHidesPods     = "ServiceHidesPods"
	ServiceNameMismatch  = "ServiceNameMismatch"
	ExternalNameInvalid  = "ExternalNameInvalid"
	ExternalNameNotFound = "ExternalNameNotFound"
	ServiceIdle          = "ServiceIdle"
	ServiceNotOnNode     = "ServiceNotOnNode"
	ServiceSelectsOthers = "ServiceSelectsOthers"
	PodHostsEntry        = "PodHostsEntry"
)

var serviceCodes = []finding.Code{
	{Code: ServiceNoEndpoints, Severity: incident.Critical, Root: true, Final: true, Trouble: finding.ServiceTrouble,
		Meaning: "A Service's selector matches no pod, so nothing answers behind its name.",
		Next:    "Compare its selector with the labels of the pods that it means.",
		Example: `Service web selects no pod: its selector has app=web, the pods of Deployment web have app=webapp`},
	{Code: ServicePodsUnready, Severity: incident.Critical, Trouble: finding.ServiceTrouble,
		Meaning: "A Service's pods exist, but none is ready, so nothing answers behind its name.",
		Next:    "Look at its pods.",
		Example: "Service chromadb has no endpoint: its 1 pod is not ready"},
	{Code: ServicePortMismatch, Severity: incident.Critical, Root: true, Trouble: finding.ServiceTrouble,
		Meaning: "A Service sends traffic to a port that no container of its pods has.",
		Next:    "Correct the Service's targetPort, or the container's ports.",
		Example: `Service web sends port 80 to "htpp", which its pods don't have (there is http)`},
	{Code: ServiceMissing, Severity: incident.Critical, Root: true, Final: true, Detail: NamedBySetting{}, Trouble: finding.ServiceTrouble,
		RestsOn: []incident.Resource{finding.Services},
		Meaning: "A program calls a Service that does not exist.",
		Next:    "Create the Service, or correct the name in the program's configuration.",
		Example: "Service shop/databse does not exist (there is database), Deployment web calls it"},
	{Code: ServicePortMissing, Severity: incident.Critical, Root: true, Trouble: finding.CallTrouble,
		Meaning: "A program calls a Service at a port that the Service does not have.",
		Next:    "Correct the port in the program's configuration, or add it to the Service.",
		Example: "Deployment web calls Service shop/api at port 8081, which it does not have (there is 8080)"},
	{Code: ServiceHidesPods, Severity: incident.Critical, Root: true, Trouble: finding.CallTrouble,
		Meaning: "Pods look one another up by a headless Service to become ready, but it gives names to ready pods only.",
		Next:    "Set publishNotReadyAddresses: true on the headless Service that the pods find each other by.",
		Example: "Service db hides its pods until they are ready, but they look each other up to become ready"},
	{Code: ServiceNameMismatch, Severity: incident.Critical, Root: true, Trouble: finding.CallTrouble,
		RestsOn: []incident.Resource{finding.Services},
		Meaning: "A StatefulSet's pods are called by the name of a Service that its serviceName does not name, or that is not headless, so " +
			"they have no such names.",
		Next:    "Call the pods by the Service that serviceName names, or create the StatefulSet anew with the right serviceName.",
		Example: "StatefulSet db has serviceName db, so its pods have no names under Service db-headless, where Deployment api looks for them"},
	{Code: ExternalNameInvalid, Severity: incident.Warning, Root: true,
		Meaning: "A Service of type ExternalName names an IP address; it needs a DNS name, and what it holds resolves to nothing.",
		Next:    "Name a host, or make it a Service without a selector, with an EndpointSlice that holds the address.",
		Example: "Service legacy-db is an ExternalName of 10.0.0.12: an IP address is not a name, so it does not resolve"},
	{Code: ExternalNameNotFound, Severity: incident.Critical, Root: true, Final: true,
		Meaning: "The name that a Service of type ExternalName stands for does not resolve.",
		Next:    "Correct spec.externalName, or the name server that should know the name.",
		Example: "Service shop/db stands for databse.data.svc.cluster.local, but Service data/databse does not exist (there is database)"},
	{Code: ServiceIdle, Severity: incident.Info, Trouble: finding.ServiceTrouble,
		Meaning: "A Service has no pods because its workload is scaled to zero. That is critical where a program fails because it calls the " +
			"Service, or waits for it.",
		Example: "Service reports has no pods: Deployment reports is scaled to 0"},
	{Code: ServiceNotOnNode, Severity: incident.Critical, Root: true, Trouble: finding.CallTrouble,
		Meaning: "A Service keeps traffic on the caller's node (internalTrafficPolicy: Local), and no ready pod of it is there.",
		Next:    "Set internalTrafficPolicy to Cluster, or run a pod of the Service on every node that calls it (a DaemonSet).",
		Example: "Service shop/quotes keeps traffic on its node (internalTrafficPolicy: Local), and on node worker-1, where Deployment " +
			"shipping calls it, is no ready pod of it"},
	{Code: ServiceSelectsOthers, Severity: incident.Critical, Root: true, Trouble: finding.CallTrouble,
		Meaning: "A Service's selector fits the pods of a second workload, which do not have its port: that share of the calls is refused.",
		Next:    "Add a label to the Service's selector that only the pods that are meant have.",
		Example: "Service shop/api also sends to the pods of Deployment api-worker, which have no port 8080 and refuse: its selector app=api " +
			"fits them as well as Deployment api"},
	{Code: PodHostsEntry, Severity: incident.Critical, Root: true, Trouble: finding.CallTrouble,
		Meaning: "A pod's own hosts file (hostAliases) gives a Service's name an address that is not the Service's.",
		Next:    "Take the entry out of spec.hostAliases: the cluster's DNS knows the Service.",
		Example: "Deployment checkout has 10.43.0.99 for payments in its hostAliases, but Service shop/payments is at 10.43.0.21"},
}

func checkServices(s *snapshot.Snapshot, r *finding.Report) {
	r.Judges("services", "endpointslices.discovery.k8s.io", "pods")
	dns := resolvers.Service(s)
	for i := range s.Services {
		v := &s.Services[i]
		marked := r.MayPass(finding.Lasts(finding.Settling, v.CreationTimestamp.Time))
		switch {
		case v == dns || finding.NotSeen(s, "pods", v.Namespace):
		case v.Spec.Type == corev1.ServiceTypeExternalName:
			checkExternalName(s, r, v)
		case len(v.Spec.Selector) == 0:
			checkByHand(s, r, v)
		default:
			checkService(s, r, v, kube.Selected(s, v.Namespace, v.Spec.Selector))
		}
		marked()
	}
	checkCalled(s, r)
	checkStrangers(s, r)
}

func checkService(s *snapshot.Snapshot, r *finding.Report, v *corev1.Service, pods []*corev1.Pod) {
	isHeadless := v.Spec.ClusterIP == corev1.ClusterIPNone
	if len(pods) == 0 {
		if !isHeadless {
			selectsNothing(s, r, v)
		}
		return
	}
	if reached(s, kube.ServiceObject(v)) {
		return
	}
	checkTargetPorts(s, r, v, pods)
	if slices.ContainsFunc(pods, kube.IsReady) || v.Spec.PublishNotReadyAddresses {
		return
	}
	starting, unknown := podproblem.OnlyStarting(s, pods)
	if unknown {
		return
	}
	what := "has no endpoint: "
	if isHeadless {
		what = "is headless and its name does not resolve: "
	}
	f := r.Find(ServicePodsUnready, kube.ServiceObject(v), finding.Inflect(len(pods), "Service %s %sits %d {pod is|pods are} not ready",
		v.Name, what, len(pods)))
	f.Pods = pods
	for _, p := range pods {
		f.Since = kube.Latest(f.Since, kube.UnreadySince(p))
	}
	for _, p := range pods[:min(len(pods), finding.ShownPods)] {
		f.Cite(finding.SeenAPI(finding.PodObject(p), "status.conditions[Ready]", kube.UnreadySince(p), "not ready"))
	}
	f.Cite(kube.SliceEvidence(s, v)).Cite(failedDials(s, f.Object)...)
	f.NotYetWithin(starting.Max(finding.Lasts(finding.Settling, v.CreationTimestamp.Time)), s.At)
}

// reached says that somebody reached the Service over TCP just now, whatever its objects say.
func reached(s *snapshot.Snapshot, o incident.Object) bool {
	return slices.ContainsFunc(s.Dials, func(d snapshot.Dial) bool { return d.For == o && d.Error == "" })
}

func failedDials(s *snapshot.Snapshot, o incident.Object) []incident.Evidence {
	var out []incident.Evidence
	for _, d := range s.Dials {
		if d.For == o && d.Error != "" {
			out = append(out, finding.NewEvidence(incident.SourceProbe, o, "connect "+d.Address, time.Time{},
				fmt.Sprintf("%s to %s: %s", d.From, d.Address, d.Error)))
		}
	}
	return out
}

// reliedOn says whether anything is known to need the Service: a program that fails, an Ingress, a webhook or an API.
func reliedOn(s *snapshot.Snapshot, service incident.Object) bool {
	return len(neededServices(s)[service]) > 0 ||
		slices.ContainsFunc(s.Ingresses, func(g networkingv1.Ingress) bool {
			return g.Namespace == service.Namespace && slices.ContainsFunc(kube.RoutesOf(&g),
				func(x kube.Route) bool { return x.Backend.Service != nil && x.Backend.Service.Name == service.Name })
		}) ||
		slices.ContainsFunc(hooks.Of(s), func(h hooks.Hook) bool { o, _, ok := h.Service(); return ok && o == service }) ||
		slices.ContainsFunc(s.CustomsOf(kube.APIServiceKind), func(a *unstructured.Unstructured) bool {
			ns, name, _ := kube.APIServiceTarget(a)
			return ns == service.Namespace && name == service.Name
		})
}

func selectsNothing(s *snapshot.Snapshot, r *finding.Report, v *corev1.Service) {
	o := kube.ServiceObject(v)
	seen := finding.SeenAPI(o, "spec.selector", time.Time{}, kube.LabelWords(v.Spec.Selector))
	templates := kube.TemplatesIn(s, v.Namespace)
	for _, t := range templates {
		if !kube.Matches(v.Spec.Selector, t.Labels) {
			continue
		}
		if t.Replicas == 0 {
			f := r.Find(ServiceIdle, o, fmt.Sprintf("Service %s has no pods: %s is scaled to 0", v.Name, finding.Short(t.Object))).Cite(seen)
			f.Workload = t.Object
			needed(f, s, t.Object)
			return
		}
		f := r.Find(ServiceNoEndpoints, o, fmt.Sprintf("Service %s has no endpoint: %s has no pods", v.Name, finding.Short(t.Object))).Cite(seen)
		f.Workload, f.Root = t.Object, false
		return
	}
	if kube.RoleIsFree(s, v, templates) || notMade(s, r, v, templates) {
		return
	}
	near, ok := kube.NearestTemplate(v.Name, v.Spec.Selector, templates)
	ok = ok && (near.Object.Name == v.Name || kube.Slipped(v.Spec.Selector, near.Labels))
	if !ok && (finding.NotSeen(s, "deployments.apps", v.Namespace) || finding.NotSeen(s, "statefulsets.apps", v.Namespace) ||
		finding.NotSeen(s, "daemonsets.apps", v.Namespace)) {
		return // what it selects may be scaled to 0, out of sight
	}
	title := fmt.Sprintf("Service %s selects no pod: nothing has %s", v.Name, kube.LabelWords(v.Spec.Selector))
	f := r.Find(ServiceNoEndpoints, o, title).Cite(seen)
	f.Since = v.CreationTimestamp.Time
	if !ok {
		f.AtMost = incident.Likely // who should have made its pods may be at fault
		f.Severity = incident.Info // whose it is can't be seen: a leftover, perhaps, or part of what is switched off
		if reliedOn(s, o) {
			f.Severity = incident.Warning
		}
		f.NotYet(finding.Settling, v.CreationTimestamp.Time, s.At)
		return
	}
	f.Title = finding.OneLine(fmt.Sprintf("Service %s selects no pod: its selector has %s, %s has %s", v.Name,
		kube.LabelWords(kube.Differing(v.Spec.Selector, near.Labels)), finding.Short(near.Object),
		kube.LabelWords(kube.Counterpart(v.Spec.Selector, near.Labels))), finding.MaxTitle)
	f.Cite(finding.SeenAPI(near.Object, "spec.template.metadata.labels", time.Time{}, kube.LabelWords(near.Labels)))
	if eachByItsName(v, near) {
		f.AtMost = incident.Likely // both may be as they should, and the Service's own workload be missing
	}
}
