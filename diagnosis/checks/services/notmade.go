package services

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// notMade reports a Service whose selector is not at fault, for the pods that it means were never made: those of a custom resource that has
// a pod template of its own, or of a workload whose pods are given a label more as they run.
func notMade(s *snapshot.Snapshot, r *finding.Report, v *corev1.Service, templates []kube.Template) bool {
	o := kube.ServiceObject(v)
	why := ""
	i := slices.IndexFunc(templates, func(t kube.Template) bool {
		return t.Replicas > 0 && len(kube.PodsOfWorkload(s, t.Object)) == 0 && butOneLabel(v.Spec.Selector, t.Labels)
	})
	if i >= 0 {
		why = fmt.Sprintf("; they are given %s as they run", kube.LabelWords(kube.Differing(v.Spec.Selector, templates[i].Labels)))
	} else {
		templates = kube.CustomTemplatesIn(s, v.Namespace)
		i = slices.IndexFunc(templates, func(t kube.Template) bool { return kube.Matches(v.Spec.Selector, t.Labels) })
	}
	if i < 0 {
		return false
	}
	t := templates[i]
	if t.Replicas == 0 {
		return true // it is to have none
	}
	f := r.Find(ServiceNoEndpoints, o, fmt.Sprintf("Service %s has no endpoint: %s has no pods%s", v.Name, finding.Short(t.Object), why))
	f.Workload, f.Root, f.Refs = t.Object, false, []incident.Object{t.Object}
	f.Cite(finding.SeenAPI(o, "spec.selector", time.Time{}, kube.LabelWords(v.Spec.Selector)),
		finding.SeenAPI(t.Object, "spec.template.metadata.labels", time.Time{}, kube.LabelWords(t.Labels)))
	if !reliedOn(s, o) {
		f.Severity = incident.Warning
	}
	f.NotYet(finding.Settling, v.CreationTimestamp.Time, s.At)
	return true
}

// butOneLabel says whether labels fit a selector but for one, which they have not otherwise: what runs may be given it later, as the leader
// of a database is.
func butOneLabel(selector, labels map[string]string) bool {
	lacks := kube.Differing(selector, labels)
	for k := range maps.Keys(lacks) {
		if _, otherwise := labels[k]; otherwise {
			return false
		}
	}
	return len(lacks) == 1 && len(selector) > 1
}

// eachByItsName says whether a Service and a workload that its selector nearly fits are each named as their own label says: that may be no
// slip of the pen, but two that have nothing to do with one another.
func eachByItsName(v *corev1.Service, near kube.Template) bool {
	if v.Name == near.Object.Name {
		return false
	}
	differ := kube.Differing(v.Spec.Selector, near.Labels)
	for k, want := range differ {
		if want != v.Name || near.Labels[k] != near.Object.Name {
			return false
		}
	}
	return len(differ) > 0
}
