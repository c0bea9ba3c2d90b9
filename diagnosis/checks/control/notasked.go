package control

import (
	"fmt"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hooks"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// AdmissionNotAsked is the code of an admission webhook that should change the pods which its agent evicts, and is not asked.
const AdmissionNotAsked = "AdmissionNotAsked"

// reportNotAsked looks at the webhook that belongs to an agent which evicts pods for nothing.
func reportNotAsked(s *snapshot.Snapshot, r *finding.Report, evicted *finding.Finding) {
	agent, d := evicted.Object, evicted.Detail.(Evictions)
	if slices.Contains(d.Workloads, agent) || finding.NotSeen(s, "mutatingwebhookconfigurations.admissionregistration.k8s.io", "") {
		return
	}
	for i := range s.Services {
		v := &s.Services[i]
		behind := servedBy(s, v)
		if v.Namespace != agent.Namespace || behind.IsZero() || behind == agent || !kin(s, behind, agent) ||
			!admits(v.Name) && !admits(behind.Name) {
			continue
		}
		why, config := notAsked(s, v, d.Workloads)
		if why == "" {
			continue
		}
		o := kube.ServiceObject(v)
		f := r.Find(AdmissionNotAsked, behind, fmt.Sprintf("%s, behind which %s should change new pods, %s", finding.Short(o),
			finding.Short(behind), why))
		f.Workload, f.Fault, f.Refs = behind, []incident.Object{behind, o}, append([]incident.Object{o, agent}, d.Workloads...)
		f.Because = f.Title + "; so " + finding.Short(agent) + " evicts pods for nothing: no new one is other than the old"
		f.Cite(finding.SeenAPI(o, "spec.selector", time.Time{}, "selects pods of "+behind.Name), kube.SliceEvidence(s, v))
		if !config.IsZero() {
			f.Fault = append(f.Fault, config)
			f.Cite(finding.SeenAPI(config, "webhooks", time.Time{}, "calls Service "+v.Namespace+"/"+v.Name))
		}
		if evicted.Suspect {
			f.Suspected()
		}
	}
}

// admits says whether something is called after the judging of what is made.
func admits(name string) bool {
	return strings.Contains(name, "webhook") || strings.Contains(name, "admission") || strings.Contains(name, "injector") ||
		strings.Contains(name, "mutat")
}

// servedBy is the workload that a Service selects, whether it has pods or not.
func servedBy(s *snapshot.Snapshot, v *corev1.Service) incident.Object {
	if len(v.Spec.Selector) == 0 {
		return incident.Object{}
	}
	for _, t := range kube.TemplatesIn(s, v.Namespace) {
		if kube.Matches(v.Spec.Selector, t.Labels) {
			return t.Object
		}
	}
	return incident.Object{}
}

// kin says whether two workloads of a namespace belong together: by their labels for the whole that they are parts of, or by the first
// part
// of their names.
func kin(s *snapshot.Snapshot, a, b incident.Object) bool {
	x, y := kube.WorkloadMeta(s, a), kube.WorkloadMeta(s, b)
	if x != nil && y != nil {
		for _, label := range []string{"app.kubernetes.io/part-of", "app.kubernetes.io/instance", "helm.sh/chart"} {
			if n := x.GetLabels()[label]; n != "" && n == y.GetLabels()[label] {
				return true
			}
		}
	}
	first, _, _ := strings.Cut(a.Name, "-")
	return len(first) >= 3 && strings.HasPrefix(b.Name, first+"-")
}

// notAsked is why a webhook is not asked about the pods of the workloads, and the configuration that is at fault; "" where it is.
func notAsked(s *snapshot.Snapshot, v *corev1.Service, workloads []incident.Object) (why string, config incident.Object) {
	why = "is named by no webhook configuration"
	for _, h := range hooks.Of(s) {
		o, _, ok := h.Service()
		if !ok || o != kube.ServiceObject(v) {
			continue
		}
		there, _ := answers(s, v)
		switch {
		case !there:
			return "has no ready endpoint (failurePolicy " + failurePolicy(&h) + ")", h.Config
		case !slices.ContainsFunc(h.Rules, madePods):
			why, config = "is asked about no pods that are made", h.Config
		case !slices.ContainsFunc(workloads, func(w incident.Object) bool { return judgedIn(s, &h, w.Namespace) }):
			why, config = "is not asked about namespace "+workloads[0].Namespace, h.Config
		default:
			return "", config
		}
	}
	return why, config
}

func madePods(r admissionv1.RuleWithOperations) bool {
	return (slices.Contains(r.Resources, "pods") || slices.Contains(r.Resources, "*") || slices.Contains(r.Resources, "*/*")) &&
		(slices.Contains(r.Operations, admissionv1.Create) || slices.Contains(r.Operations, admissionv1.OperationAll))
}

func judgedIn(s *snapshot.Snapshot, h *hooks.Hook, namespace string) bool {
	for i := range s.Namespaces {
		if n := &s.Namespaces[i]; n.Name == namespace {
			return selects(h.Scope.Namespaces, namespaceLabels(n))
		}
	}
	return true
}
