package control

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hooks"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// WebhookPassesBy is the code of a workload whose new pods lack what a mutating webhook gave its older ones.
const WebhookPassesBy = "WebhookPassesBy"

var passedByCodes = []finding.Code{
	{Code: WebhookPassesBy, Severity: incident.Warning, Root: true,
		Meaning: "A pod that fails lacks what older pods of the same template were given as they were made, and the template does not ask for " +
			"it: a mutating webhook is not asked about the workload's pods any more.",
		Next: "Give the pod template the labels that the webhook's objectSelector wants, and have the pods made anew; the older ones lose " +
			"it, too, when they are.",
		Example: "New pods of Deployment mailer lack volume vault-token, which its older ones were given: MutatingWebhookConfiguration agent " +
			"is asked about pods with agent.example.com/inject=true alone, and its template has no such label (ServiceAccount mailer has it)"},
}

// checkPassedBy compares pods that fail with well ones of the same template.
func checkPassedBy(s *snapshot.Snapshot, r *finding.Report) {
	if len(s.MutatingWebhooks) == 0 || finding.NotSeen(s, "pods", "") {
		return
	}
	found := map[incident.Object]*finding.Finding{}
	for i := range s.Pods {
		p := &s.Pods[i]
		if kube.Healthy(p) || len(podproblem.Of(s, p)) == 0 {
			continue
		}
		w := s.WorkloadOf(p)
		if f := found[w]; f != nil {
			f.AddPod(p)
			continue
		}
		h, carrier, ok := passesBy(s, p)
		if !ok {
			continue
		}
		well, lacks := givenBefore(s, w, p)
		if well == nil {
			continue
		}
		wants := metav1.FormatLabelSelector(h.Scope.Objects)
		title := fmt.Sprintf("New pods of %s lack %s, which its older ones were given: %s is asked about pods with %s alone, and its template "+
			"has no such label", finding.Short(w), finding.ListWords(lacks, finding.ShownPods), finding.Short(h.Config), wants)
		if !carrier.IsZero() {
			title += " (" + finding.Short(carrier) + " has it)"
		}
		f := r.Find(WebhookPassesBy, w, title)
		f.Workload, f.Since, f.Refs, f.AtMost = w, p.CreationTimestamp.Time, []incident.Object{h.Config}, incident.Likely
		f.Cite(finding.SeenAPI(h.Config, "webhooks.objectSelector", time.Time{}, wants),
			finding.SeenAPI(finding.PodObject(p), "metadata.labels", p.CreationTimestamp.Time, kube.LabelWords(p.Labels)),
			finding.SeenAPI(finding.PodObject(well), "spec", well.CreationTimestamp.Time, "has "+finding.ListWords(lacks, finding.ShownPods)))
		f.AddPod(p)
		found[w] = f
	}
}

// givenBefore is an older pod of the very same template that is ready, and what it has that neither the template has nor the other pod.
func givenBefore(s *snapshot.Snapshot, w incident.Object, p *corev1.Pod) (*corev1.Pod, []string) {
	spec := kube.TemplateSpec(s, w)
	if spec == nil {
		return nil, nil
	}
	has := slices.Concat(partsOf(spec), partsOf(&p.Spec))
	for _, g := range givenTo(s, w) {
		i := slices.IndexFunc(g.pods, func(x *corev1.Pod) bool { return x.CreationTimestamp.Before(&p.CreationTimestamp) })
		if i < 0 || g.revision != revisionOf(p) {
			continue
		}
		lacks := slices.DeleteFunc(slices.Clone(g.parts), func(part string) bool { return slices.Contains(has, part) })
		if len(lacks) > 0 {
			return g.pods[i], lacks
		}
	}
	return nil, nil
}

// given are the ready pods of one revision that were given the same.
type given struct {
	revision string
	parts    []string
	pods     []*corev1.Pod // by name
}

// givenTo groups the ready pods of a workload by what they have: most have the same, and many may ask for it.
func givenTo(s *snapshot.Snapshot, w incident.Object) []*given {
	type key struct{ workload incident.Object }
	return snapshot.Once(s, key{w}, func() []*given {
		var out []*given
		by := map[string]*given{}
		for _, x := range kube.PodsOfWorkload(s, w) {
			if !kube.IsReady(x) {
				continue
			}
			parts := partsOf(&x.Spec)
			k := revisionOf(x) + "\n" + strings.Join(parts, "\n")
			if by[k] == nil {
				by[k] = &given{revision: revisionOf(x), parts: parts}
				out = append(out, by[k])
			}
			by[k].pods = append(by[k].pods, x)
		}
		return out
	})
}

func revisionOf(p *corev1.Pod) string {
	return p.Labels[appsv1.DefaultDeploymentUniqueLabelKey] + p.Labels[appsv1.ControllerRevisionHashLabelKey]
}

// partsOf are the volumes, containers and variables of a pod, but for the token that the API server gives each.
func partsOf(spec *corev1.PodSpec) []string {
	var out []string
	for i := range spec.Volumes {
		if v := spec.Volumes[i].Name; !strings.HasPrefix(v, "kube-api-access-") {
			out = append(out, "volume "+v)
		}
	}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		out = append(out, "container "+c.Name)
		for _, e := range c.Env {
			out = finding.Union(out, []string{"variable " + e.Name})
		}
	}
	return out
}

// passesBy is the mutating webhook that is asked about the pods of a pod's namespace, but not about this one for its labels: the one whose
// labels its account has instead, or else the only one.
func passesBy(s *snapshot.Snapshot, p *corev1.Pod) (only hooks.Hook, carrier incident.Object, ok bool) {
	n := 0
	var account map[string]string
	if a := s.ServiceAccount(p.Namespace, p.Spec.ServiceAccountName); a != nil {
		account = a.Labels
	}
	for _, h := range hooks.Of(s) {
		if h.Config.Kind != "MutatingWebhookConfiguration" || !judgesPods(&h) || !judgedIn(s, &h, p.Namespace) || h.Scope.Objects == nil ||
			selects(h.Scope.Objects, p.Labels) {
			continue
		}
		if selects(h.Scope.Objects, account) && len(h.Scope.Objects.MatchLabels) > 0 {
			return h, snapshot.ObjectOf("ServiceAccount", p.Namespace, p.Spec.ServiceAccountName), true
		}
		only = h
		n++
	}
	return only, carrier, n == 1
}
