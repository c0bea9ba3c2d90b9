package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/sisters"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on what is compared with what fails.
const (
	mostWorkloads = 300 // whose settings are read for whom they call
	mostAlike     = 8   // that are well
)

// customPolicies are the policies of kinds that the cluster has defined and that select a pod which does not get through, each with what
// those of its kind have that it lacks.
func (n neighbours) customPolicies() []near {
	if len(n.f.Pods) == 0 || !unreaching(n.f) {
		return nil
	}
	var out []near
	for i := range n.s.Customs {
		c := &n.s.Customs[i]
		if !strings.HasSuffix(c.GetKind(), "Policy") || c.GetNamespace() != n.f.Pods[0].Namespace && c.GetNamespace() != "" ||
			!selectsPod(c, n.f.Pods[0]) || len(out) == finding.ShownPods {
			continue
		}
		o := snapshot.CustomObject(c)
		why := fmt.Sprintf("%s does not get through, and %s is about its pods", n.who(), finding.Short(o))
		for _, l := range sisters.Custom(n.s, c, n.othersOf(c)) {
			if l.Holder == o {
				why += "; it " + l.Words()
			}
		}
		out = append(out, near{objects: []incident.Object{o}, way: "policy " + o.String(), score: nearPolicy, why: why})
	}
	return out
}

// selectors are the fields by which a policy says which pods it is about.
var selectors = []string{"endpointSelector", "podSelector", "workloadSelector", "selector"}

// selectsPod says whether a policy's settings name labels, all of which a pod has.
func selectsPod(c *unstructured.Unstructured, p *corev1.Pod) bool {
	for _, field := range selectors {
		labels, ok, _ := unstructured.NestedStringMap(c.Object, "spec", field, "matchLabels")
		if ok && len(labels) > 0 {
			return kube.Matches(labels, p.Labels)
		}
	}
	return false
}

// othersOf are the custom resources of the same kind of which no finding tells that they are not well.
func (n neighbours) othersOf(c *unstructured.Unstructured) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, x := range n.s.CustomsOf(c.GroupVersionKind().GroupKind()) {
		if x.GetName() != c.GetName() || x.GetNamespace() != c.GetNamespace() {
			out = append(out, x)
		}
	}
	return out[:min(len(out), mostAlike)]
}

// alike are what those have that call the same and are well, and what fails has not: a label of its namespace, a mark of its account, a
// container that somebody puts into pods.
func (n neighbours) alike() []near {
	if len(n.f.Pods) == 0 {
		return nil
	}
	own := n.f.Pods[0]
	called := checks.Called(n.s, n.f)
	if len(called) == 0 {
		return nil
	}
	var well []*corev1.Pod
	seen := map[incident.Object]bool{n.s.WorkloadOf(own): true}
	for i := range n.s.Pods {
		p := &n.s.Pods[i]
		w := n.s.WorkloadOf(p)
		if seen[w] || len(seen) == mostWorkloads || len(well) == mostAlike {
			continue
		}
		seen[w] = true
		if kube.IsReady(p) && slices.ContainsFunc(calls.Configured(n.s, p), func(o incident.Object) bool { return slices.Contains(called, o) }) {
			well = append(well, p)
		}
	}
	if len(well) == 0 {
		return nil
	}
	var out []near
	for _, l := range sisters.Pods(n.s, own, well) {
		out = append(out, near{objects: []incident.Object{l.Holder}, way: "alike " + l.Holder.Kind, score: nearAlike,
			why: fmt.Sprintf("Of those that call %s and are well %s differs in this: %s %s", finding.Short(called[0]), n.who(),
				finding.Short(l.Holder), l.Words())})
	}
	return out
}
