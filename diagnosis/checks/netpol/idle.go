package netpol

import (
	"fmt"
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// checkIdlePolicies reports policies whose selector is a near miss. One that selects nothing at all may wait for what is to come.
func checkIdlePolicies(s *snapshot.Snapshot, r *finding.Report) {
	templates := map[string][]kube.Template{}
	for i := range s.NetworkPolicies {
		n := &s.NetworkPolicies[i]
		want := n.Spec.PodSelector.MatchLabels
		if len(want) == 0 || selectsAny(s, n.Namespace, &n.Spec.PodSelector) {
			continue
		}
		if _, ok := templates[n.Namespace]; !ok {
			templates[n.Namespace] = kube.TemplatesIn(s, n.Namespace)
		}
		all := templates[n.Namespace]
		sel := selectorOf(&n.Spec.PodSelector)
		if slices.ContainsFunc(all, func(t kube.Template) bool { return sel.Matches(labels.Set(t.Labels)) }) {
			continue // its workload is scaled to 0, or starts a moment later
		}
		near, ok := kube.NearestTemplate(n.Name, want, all)
		if !ok || !nearLabels(want, near.Labels) {
			continue
		}
		o := policyObject(n)
		f := r.Find(PolicySelectsNothing, o, fmt.Sprintf("NetworkPolicy %s/%s selects no pod: its selector has %s, %s has %s", n.Namespace,
			n.Name,
			kube.LabelWords(kube.Differing(want, near.Labels)), finding.Short(near.Object), kube.LabelWords(kube.Counterpart(want, near.Labels))))
		f.Since = n.CreationTimestamp.Time
		f.Cite(finding.SeenAPI(o, "spec.podSelector", time.Time{}, podSelectorWords(&n.Spec.PodSelector)),
			finding.SeenAPI(near.Object, "spec.template.metadata.labels", time.Time{}, kube.LabelWords(near.Labels))).
			NotYet(finding.Settling, f.Since, s.At)
	}
}

// nearLabels wants every label to be there, or to be there with a value that looks alike, or its value under another key.
func nearLabels(want, have map[string]string) bool {
	values := slices.Collect(maps.Values(have))
	for k, v := range kube.Differing(want, have) {
		if other, ok := have[k]; ok && len(kube.Nearest(v, []string{other})) > 0 || slices.Contains(values, v) {
			continue
		}
		return false
	}
	return true
}

func selectsAny(s *snapshot.Snapshot, namespace string, l *metav1.LabelSelector) bool {
	sel := selectorOf(l)
	for _, p := range s.PodsIn(namespace) {
		if sel.Matches(labels.Set(p.Labels)) {
			return true
		}
	}
	return false
}

// idleFor lists the policies, of the namespace where a flow is cut, that would allow it but select no pod.
func (m policies) idleFor(f flow, egress bool) []*policy {
	at := f.to.pod
	if egress {
		at = f.from.pod
	}
	if at == nil {
		return nil
	}
	var out []*policy
	for _, n := range m.byNamespace[at.Namespace] {
		if (egress && n.egress || !egress && n.ingress) && m.allows(n, f, egress) && !selectsAny(m.s, n.Namespace, &n.Spec.PodSelector) {
			out = append(out, n)
		}
	}
	return out
}

// podSelectorWords writes a selector as kubectl does; "" for one that selects all.
func podSelectorWords(l *metav1.LabelSelector) string {
	words := metav1.FormatLabelSelector(l)
	if words == "<none>" {
		return ""
	}
	return words
}
