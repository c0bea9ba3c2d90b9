package control

import (
	"fmt"
	"slices"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hooks"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// WebhookInjects is the code of a mutating webhook whose work breaks pods. The finding's Container is the one that it puts into them.
const WebhookInjects = "WebhookInjects"

// checkInjected looks at failing containers that are not in their workload's template: a mutating webhook has put them there. One that
// works somewhere is left to its pod; and which webhook it was is said only where no other is asked about the pod.
func checkInjected(s *snapshot.Snapshot, r *finding.Report) {
	if len(s.MutatingWebhooks) == 0 || finding.NotSeen(s, "pods", "") {
		return
	}
	mutating := slices.DeleteFunc(hooks.Of(s), func(h hooks.Hook) bool {
		return h.Config.Kind != "MutatingWebhookConfiguration" ||
			!judgesPods(&h)
	})
	if len(mutating) == 0 {
		return
	}
	type key struct {
		config    incident.Object
		container string
	}
	found := map[key]*finding.Finding{}
	whys := map[key]string{}
	workloads := map[key][]incident.Object{}
	working := workingContainers(s)
	for i := range s.Pods {
		p := &s.Pods[i]
		if kube.Healthy(p) {
			continue
		}
		for _, a := range podproblem.Of(s, p) {
			if a.Code != podproblem.PodImagePull && a.Code != podproblem.PodCrashLoop && a.Code != podproblem.PodCannotStart &&
				a.Code != podproblem.PodConfigError || !injected(s, p, a.Container) || working[a.Container] {
				continue
			}
			config, ok := injector(s, mutating, p)
			if !ok {
				continue
			}
			k, w := key{config, a.Container}, s.WorkloadOf(p)
			f := found[k]
			if f == nil {
				f = r.Find(WebhookInjects, config, "")
				f.Container, whys[k] = a.Container, a.Reason
				f.Cite(finding.SeenAPI(config, "webhooks", time.Time{}, "is asked about creating pods in namespace "+p.Namespace))
				found[k] = f
			}
			f.Pods, f.Since = append(f.Pods, p), finding.Earlier(f.Since, a.Since)
			workloads[k] = finding.Union(workloads[k], []incident.Object{w})
			f.Retitle(fmt.Sprintf("%s puts container %s into pods of %s, where it does not start: %s", finding.Short(config), a.Container,
				finding.AndOthers(workloads[k]), whys[k]))
			f.Cite(finding.SeenAPI(w, "spec.template.spec.containers", time.Time{}, "has no container "+a.Container)).Cite(a.Seen...)
		}
	}
}

// judgesPods says whether the webhook is asked about new pods.
func judgesPods(h *hooks.Hook) bool {
	return slices.ContainsFunc(h.Rules, func(r admissionv1.RuleWithOperations) bool {
		return (slices.Contains(r.Operations, admissionv1.Create) || slices.Contains(r.Operations, admissionv1.OperationAll)) &&
			(slices.Contains(r.APIGroups, "") || slices.Contains(r.APIGroups, "*")) &&
			(slices.Contains(r.Resources, "pods") || slices.Contains(r.Resources, "*") || slices.Contains(r.Resources, "*/*"))
	})
}

// injector is the only configuration that is asked about the pod.
func injector(s *snapshot.Snapshot, among []hooks.Hook, p *corev1.Pod) (incident.Object, bool) {
	var configs []incident.Object
	for i := range s.Namespaces {
		n := &s.Namespaces[i]
		if n.Name != p.Namespace {
			continue
		}
		for _, h := range among {
			if selects(h.Scope.Namespaces, namespaceLabels(n)) && selects(h.Scope.Objects, p.Labels) {
				configs = finding.Union(configs, []incident.Object{h.Config})
			}
		}
	}
	if len(configs) != 1 {
		return incident.Object{}, false
	}
	return configs[0], true
}

// injected says whether a pod has a container that its workload's template lacks. It is false where the template is not seen.
func injected(s *snapshot.Snapshot, p *corev1.Pod, container string) bool {
	spec := kube.TemplateSpec(s, s.WorkloadOf(p))
	if spec == nil {
		return false
	}
	has := func(containers []corev1.Container) bool {
		return slices.ContainsFunc(containers, func(c corev1.Container) bool { return c.Name == container })
	}
	return (has(p.Spec.Containers) || has(p.Spec.InitContainers)) && !has(spec.Containers) && !has(spec.InitContainers)
}

// workingContainers are the names of containers that are ready in some pod.
func workingContainers(s *snapshot.Snapshot) map[string]bool {
	names := map[string]bool{}
	for i := range s.Pods {
		for _, st := range s.Pods[i].Status.ContainerStatuses {
			if st.Ready {
				names[st.Name] = true
			}
		}
	}
	return names
}
