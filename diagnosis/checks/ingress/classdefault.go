package ingress

import (
	"fmt"
	"time"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// IngressClassAmbiguous is the code of several IngressClasses of which each is marked as the default.
const IngressClassAmbiguous = "IngressClassAmbiguous"

var classCodes = []finding.Code{
	{Code: IngressClassAmbiguous, Severity: incident.Warning, Root: true,
		Meaning: "More than one IngressClass is marked as the default: the API server refuses every new Ingress that names no class, or, from " +
			"Kubernetes 1.25 on, gives it the youngest of them.",
		Next:    "Leave the annotation ingressclass.kubernetes.io/is-default-class at one of them, and take it from the others.",
		Example: "2 IngressClasses are marked as the default: nginx and traefik"},
}

// checkDefaultClass reports the IngressClasses that are marked as the default beside another. Ingresses of before keep the class they were
// given.
func checkDefaultClass(s *snapshot.Snapshot, r *finding.Report) {
	var all []*networkingv1.IngressClass
	old := 0
	for i := range s.IngressClasses {
		c := &s.IngressClasses[i]
		mark := c.Annotations[networkingv1.AnnotationIsDefaultIngressClass]
		if mark != "true" || c.DeletionTimestamp != nil {
			continue
		}
		if all = append(all, c); !kube.Newly(s, c.CreationTimestamp.Time) {
			old++
		}
	}
	var names []string
	var objects []incident.Object
	var seen []incident.Evidence
	var since time.Time
	for _, c := range all {
		if old >= 2 && kube.Newly(s, c.CreationTimestamp.Time) {
			continue // it changes nothing of what is said of the others
		}
		o := snapshot.ObjectOf("IngressClass", "", c.Name)
		names, objects = append(names, c.Name), append(objects, o)
		seen = append(seen, finding.SeenAPI(o, "metadata.annotations["+networkingv1.AnnotationIsDefaultIngressClass+"]", c.CreationTimestamp.Time,
			"true"))
		since = kube.Latest(since, c.CreationTimestamp.Time)
	}
	if len(names) < 2 {
		return
	}
	f := r.Find(IngressClassAmbiguous, objects[0], fmt.Sprintf("%d IngressClasses are marked as the default: %s", len(names),
		finding.ListWords(names, len(names))))
	f.Since, f.Fault = since, objects[:min(len(objects), finding.MaxAlike)]
	f.Cite(seen...).MayPass(finding.Settling, since) // one class may be about to take another's place
}
