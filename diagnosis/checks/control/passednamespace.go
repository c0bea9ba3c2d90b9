package control

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hooks"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// NamespacePassedBy is the code of a namespace that bears a label for a mutating webhook, and not the one that the webhook goes by.
const NamespacePassedBy = "NamespacePassedBy"

var passedNamespaceCodes = []finding.Code{
	{Code: NamespacePassedBy, Severity: incident.Warning, Root: true,
		Meaning: "A namespace bears a label that is meant for a mutating webhook, but another one than the webhook asks for: its pods are made " +
			"without what those of other namespaces are given.",
		Next: "Give the namespace the label that the webhook's namespaceSelector asks for, take the other away, and have its pods made anew.",
		Example: "Namespace shop has mesh-inject=on, and MutatingWebhookConfiguration mesh asks for mesh.example.com/rev in (v2): its pods " +
			"lack container proxy, which those of other namespaces are given"},
}

// Bounds on what is compared.
const (
	mostPassed = 12 // pods of a namespace that are told of
	leastToken = 4  // bytes of a word that two keys have in common
)

// checkPassedNamespaces compares the labels of namespaces with what the webhooks ask for that put containers into the pods of others. By
// itself that proves nothing: the namespace may be left out on purpose.
func checkPassedNamespaces(s *snapshot.Snapshot, r *finding.Report) {
	if len(s.MutatingWebhooks) == 0 || finding.NotSeen(s, "pods", "") {
		return
	}
	by := map[incident.Object][]hooks.Hook{}
	var configs []incident.Object
	for _, h := range hooks.Of(s) {
		if h.Config.Kind == "MutatingWebhookConfiguration" && judgesPods(&h) && h.Scope.Namespaces != nil {
			if by[h.Config] == nil {
				configs = append(configs, h.Config)
			}
			by[h.Config] = append(by[h.Config], h)
		}
	}
	for _, config := range configs {
		given, example := givenElsewhere(s, by[config])
		if len(given) == 0 {
			continue
		}
		for i := range s.Namespaces {
			n := &s.Namespaces[i]
			label, wants := meantFor(by[config], namespaceLabels(n))
			if label == "" || asksAny(by[config], namespaceLabels(n)) || servesIn(by[config], n.Name) {
				continue
			}
			reportPassed(s, r, n, config, label, wants, given, example)
		}
	}
}

func reportPassed(s *snapshot.Snapshot, r *finding.Report, n *corev1.Namespace, config incident.Object, label, wants string,
	given []string, example *corev1.Pod) {
	var lack []*corev1.Pod
	for _, p := range s.PodsIn(n.Name) {
		has := func(c corev1.Container) bool { return slices.Contains(given, c.Name) }
		if !p.Spec.HostNetwork && !kube.HasEnded(p) && len(lack) < mostPassed &&
			!slices.ContainsFunc(slices.Concat(p.Spec.InitContainers, p.Spec.Containers), has) {
			lack = append(lack, p)
		}
	}
	if len(lack) == 0 {
		return
	}
	o := snapshot.ObjectOf("Namespace", "", n.Name)
	f := r.Find(NamespacePassedBy, o, fmt.Sprintf("Namespace %s has %s, and %s asks for %s: its pods lack container %s, which those of other "+
		"namespaces are given", n.Name, label, finding.Short(config), wants, finding.ListWords(given, finding.ShownPods)))
	f.Since, f.Refs, f.AtMost = n.CreationTimestamp.Time, []incident.Object{config}, incident.Likely
	f.Cite(finding.SeenAPI(o, "metadata.labels", n.CreationTimestamp.Time, label), finding.SeenAPI(config, "webhooks.namespaceSelector",
		time.Time{}, wants), finding.SeenAPI(finding.PodObject(example), "spec.containers", example.CreationTimestamp.Time,
		"has "+finding.ListWords(given, finding.ShownPods)))
	for _, p := range lack {
		f.AddPod(p)
	}
	f.Suspected()
}

// givenElsewhere are the containers that pods have which their templates have not, in namespaces about whose pods the webhooks are asked.
func givenElsewhere(s *snapshot.Snapshot, asked []hooks.Hook) (given []string, example *corev1.Pod) {
	for i := range s.Namespaces {
		n := &s.Namespaces[i]
		if !asksAny(asked, namespaceLabels(n)) {
			continue
		}
		for _, p := range s.PodsIn(n.Name) {
			for _, c := range p.Spec.Containers {
				if injected(s, p, c.Name) && !slices.Contains(given, c.Name) && len(given) < finding.ShownPods {
					given, example = append(given, c.Name), p
				}
			}
		}
	}
	return given, example
}

func asksAny(asked []hooks.Hook, labels map[string]string) bool {
	return slices.ContainsFunc(asked, func(h hooks.Hook) bool { return selects(h.Scope.Namespaces, labels) })
}

// servesIn says whether the webhooks' own server lies in a namespace: it is made before anybody could be asked.
func servesIn(asked []hooks.Hook, namespace string) bool {
	return slices.ContainsFunc(asked, func(h hooks.Hook) bool {
		o, _, ok := h.Service()
		return ok && o.Namespace == namespace
	})
}

// off are values by which a label says that something is not wanted.
var off = []string{"disabled", "disable", "false", "off", "no", "none", "skip", "ignore"}

// plainTokens are words of keys that name nobody.
var plainTokens = []string{"kubernetes", "inject", "injection", "injector", "namespace", "metadata", "name", "enabled", "webhook",
	"admission", "policy", "control", "plane"}

// meantFor is a label of a namespace that has a word in common with a key which the webhooks go by and does not say that nothing is wanted;
// and what they ask for.
func meantFor(asked []hooks.Hook, labels map[string]string) (label, wants string) {
	for _, h := range asked {
		for _, key := range keysOf(h.Scope.Namespaces) {
			for _, own := range slices.Sorted(maps.Keys(labels)) {
				if own != corev1.LabelMetadataName && !slices.Contains(off, strings.ToLower(labels[own])) && shareToken(own, key) {
					return own + "=" + labels[own], metav1.FormatLabelSelector(h.Scope.Namespaces)
				}
			}
		}
	}
	return "", ""
}

// keysOf are the keys that a selector wants to be there.
func keysOf(sel *metav1.LabelSelector) []string {
	keys := slices.Sorted(maps.Keys(sel.MatchLabels))
	for _, x := range sel.MatchExpressions {
		if x.Operator == metav1.LabelSelectorOpIn || x.Operator == metav1.LabelSelectorOpExists {
			keys = append(keys, x.Key)
		}
	}
	return keys
}

func shareToken(a, b string) bool {
	tokens := func(key string) []string {
		return strings.FieldsFunc(strings.ToLower(key), func(r rune) bool { return r < 'a' || r > 'z' })
	}
	of := tokens(b)
	return slices.ContainsFunc(tokens(a), func(t string) bool {
		return len(t) >= leastToken && !slices.Contains(plainTokens, t) && slices.Contains(of, t)
	})
}
