package control

import (
	"fmt"
	"slices"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// metricsGroups are the APIs of which a cluster has one server each, by the words of the autoscaler that asks it in vain.
var metricsGroups = []struct{ group, asks string }{
	{"external.metrics.k8s.io", "from external metrics API"},
	{"custom.metrics.k8s.io", "from custom metrics API"},
}

// checkTakenOver looks for an API for metrics that answers, that was changed long after it was made, and by which autoscalers that were
// there before have found nothing from then on.
func checkTakenOver(s *snapshot.Snapshot, r *finding.Report) {
	for _, m := range metricsGroups {
		var refused []*autoscalingv2.HorizontalPodAutoscaler
		for i := range s.HPAs {
			h := &s.HPAs[i]
			if c := kube.HPACondition(h, autoscalingv2.ScalingActive); c != nil && c.Status == corev1.ConditionFalse &&
				strings.Contains(c.Message, m.asks) && servesNothing(c.Message) {
				refused = append(refused, h)
			}
		}
		if len(refused) == 0 {
			continue
		}
		for _, a := range s.CustomsOf(kube.APIServiceKind) {
			if kube.StringAt(a.Object, "spec", "group") == m.group && customCondition(a, "Available")["status"] == "True" {
				reportTakenOver(s, r, a, refused)
			}
		}
	}
}

// servesNothing says whether the server did answer and has no such metric: not one that was not reached, or that refused whoever asked.
func servesNothing(message string) bool {
	return !finding.HasAny(message, []string{"unable to handle the request", "could not find the requested resource", "connection refused",
		"i/o timeout", "deadline exceeded", "x509", "orbidden", "nauthorized"})
}

func reportTakenOver(s *snapshot.Snapshot, r *finding.Report, a *unstructured.Unstructured,
	refused []*autoscalingv2.HorizontalPodAutoscaler) {
	at, by := snapshot.Changed(a)
	namespace, name, _ := kube.APIServiceTarget(a)
	if by == "" || name == "" || at.Sub(a.GetCreationTimestamp().Time) < finding.SettledAPI.For {
		return
	}
	since := func(h *autoscalingv2.HorizontalPodAutoscaler) time.Time {
		return kube.HPACondition(h, autoscalingv2.ScalingActive).LastTransitionTime.Time
	}
	refused = slices.DeleteFunc(slices.Clone(refused), func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
		apart := since(h).Sub(at)
		return apart < 0 || apart > finding.TakenWithin.For || !h.CreationTimestamp.Time.Before(at)
	})
	if len(refused) == 0 {
		return
	}
	who := "HorizontalPodAutoscaler " + refused[0].Name + " asks for"
	if len(refused) > 1 {
		who = fmt.Sprintf("%d HorizontalPodAutoscalers ask for", len(refused))
	}
	o := snapshot.CustomObject(a)
	f := r.Find(APIServiceTakenOver, o, fmt.Sprintf("APIService %s was changed at %s (%s), and Service %s/%s, which answers for it, does "+
		"not know what %s", a.GetName(), finding.Clock(at), by, namespace, name, who))
	f.Since, f.Told = at, []time.Time{at}
	f.Cite(finding.SeenAPI(o, "spec.service", at, fmt.Sprintf("%s/%s, last written by %s", namespace, name, by)))
	for i, h := range refused {
		of := snapshot.ObjectOf("HorizontalPodAutoscaler", h.Namespace, h.Name)
		f.Refs = append(f.Refs, of)
		if i < finding.ShownPods {
			f.Cite(kube.SeenHPA(of, kube.HPACondition(h, autoscalingv2.ScalingActive)))
		}
	}
}
