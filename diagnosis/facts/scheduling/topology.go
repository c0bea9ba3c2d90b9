package scheduling

import (
	"fmt"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// domains are the values of a topology key ("zone") with a pod there that a term of an affinity or anti-affinity matches.
type domains struct {
	key   string
	words string // the term's selector
	in    map[string]*corev1.Pod
	self  bool // the pod matches its own term, so that the first of its kind may go anywhere
}

func (d domains) hasKey(n *corev1.Node) bool { _, ok := n.Labels[d.key]; return ok }

func domainsOf(s *snapshot.Snapshot, p *corev1.Pod, terms []corev1.PodAffinityTerm) []domains {
	var out []domains
	for _, t := range terms {
		selector, err := metav1.LabelSelectorAsSelector(t.LabelSelector)
		if err != nil {
			continue
		}
		d := domains{key: t.TopologyKey, words: metav1.FormatLabelSelector(t.LabelSelector), in: map[string]*corev1.Pod{}}
		namespaces := termNamespaces(s, p, &t)
		d.self = slices.Contains(namespaces, p.Namespace) && selector.Matches(labels.Set(p.Labels))
		for _, ns := range namespaces {
			for _, other := range s.PodsIn(ns) {
				if kube.HasEnded(other) || other.Spec.NodeName == "" || !selector.Matches(labels.Set(other.Labels)) {
					continue
				}
				if n := s.Node(other.Spec.NodeName); n != nil {
					if value, ok := n.Labels[d.key]; ok && d.in[value] == nil {
						d.in[value] = other
					}
				}
			}
		}
		out = append(out, d)
	}
	return out
}

// termNamespaces are those that a term speaks of: the pod's own unless it names others.
func termNamespaces(s *snapshot.Snapshot, p *corev1.Pod, t *corev1.PodAffinityTerm) []string {
	out := slices.Clone(t.Namespaces)
	if t.NamespaceSelector != nil {
		if selector, err := metav1.LabelSelectorAsSelector(t.NamespaceSelector); err == nil {
			for i := range s.Namespaces {
				if selector.Matches(labels.Set(s.Namespaces[i].Labels)) {
					out = append(out, s.Namespaces[i].Name)
				}
			}
		}
	}
	if len(out) == 0 && t.NamespaceSelector == nil {
		out = []string{p.Namespace}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// spreading is a topology spread constraint that must hold, with how many of the pods that it counts are in each domain.
type spreading struct {
	key   string
	skew  int
	count map[string]int
	least int
	where string // the domain with the fewest
	self  int    // 1 if the pod counts itself
}

// spreadsOf counts over the nodes that the pod's own selector and affinity allow, as the default policies have it.
func spreadsOf(r *Rooms, k *seeker) []spreading {
	var out []spreading
	for _, c := range k.pod.Spec.TopologySpreadConstraints {
		if c.WhenUnsatisfiable != corev1.DoNotSchedule {
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(c.LabelSelector)
		if err != nil {
			continue
		}
		for _, key := range c.MatchLabelKeys {
			if more, err := labels.ValidatedSelectorFromSet(labels.Set{key: k.pod.Labels[key]}); err == nil {
				requirements, _ := more.Requirements()
				selector = selector.Add(requirements...)
			}
		}
		t := spreading{key: c.TopologyKey, skew: int(c.MaxSkew), count: map[string]int{}, least: math.MaxInt}
		if selector.Matches(labels.Set(k.pod.Labels)) {
			t.self = 1
		}
		for _, x := range r.all() {
			domain, ok := x.node.Labels[c.TopologyKey]
			if fits, err := nodeaffinity.GetRequiredNodeAffinity(k.pod).Match(x.node); !ok || !fits || err != nil {
				continue
			}
			t.count[domain] += 0
			for _, p := range x.pods {
				if p.Namespace == k.pod.Namespace && p.DeletionTimestamp == nil && selector.Matches(labels.Set(p.Labels)) {
					t.count[domain]++
				}
			}
		}
		for domain, n := range t.count {
			if n < t.least || n == t.least && domain < t.where {
				t.least, t.where = n, domain
			}
		}
		if c.MinDomains != nil && len(t.count) < int(*c.MinDomains) {
			t.least = 0
		}
		out = append(out, t)
	}
	return out
}

func (t spreading) lack(n *corev1.Node) (lack, bool) {
	key := t.key[strings.LastIndex(t.key, "/")+1:]
	domain, ok := n.Labels[t.key]
	if !ok {
		return lack{rule: spreadKeeps, what: t.key, here: "has no label " + t.key + ", by which its pods are spread"}, true
	}
	has, counted := t.count[domain]
	if !counted || has+t.self-t.least <= t.skew {
		return lack{}, false
	}
	return lack{rule: spreadKeeps, what: t.key, here: fmt.Sprintf("is in %s %s with %d of its pods, against %d in %s (maxSkew %d)", key,
		domain, has, t.least, t.where, t.skew)}, true
}
