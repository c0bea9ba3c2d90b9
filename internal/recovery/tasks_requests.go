package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// draftRequest gives a container the request that its autoscaler measures by: that of an earlier revision, or of another workload with
// the same image.
func draftRequest(ctx context.Context, r *Recovery, q request) (draft, error) {
	for _, h := range autoscalers(q) {
		target := snapshot.ObjectOf(h.Spec.ScaleTargetRef.Kind, h.Namespace, h.Spec.ScaleTargetRef.Name)
		spec := kube.TemplateSpec(q.s, target)
		if spec == nil {
			return no("%s is not to be seen", target)
		}
		var lacks []string
		var measured corev1.ResourceName
		for i := range spec.Containers {
			for _, m := range h.Spec.Metrics {
				if m.Resource == nil || m.Resource.Target.AverageUtilization == nil {
					continue
				}
				if _, ok := spec.Containers[i].Resources.Requests[m.Resource.Name]; !ok && !slices.Contains(lacks, spec.Containers[i].Name) {
					lacks, measured = append(lacks, spec.Containers[i].Name), m.Resource.Name
				}
			}
		}
		if len(lacks) != 1 {
			return no("%d containers of %s lack a request (%s); what they need has to be measured", len(lacks), target, strings.Join(lacks, ", "))
		}
		value, from := requestElsewhere(q.s, target, lacks[0], measured)
		if from == "" {
			return no("no earlier revision of %s and no other workload with the image of %s says how much %s it needs; measure it and set the "+
				"request",
				target, lacks[0], measured)
		}
		live, err := r.asItIs(ctx, target)
		if err != nil || live == nil {
			return draft{no: target.String() + " is not there any more"}, err
		}
		s := stepTo("SetResources", target, nil, "container", lacks[0])
		resources, _ := live.clone().at(inContainer(s, "resources")...).(map[string]any)
		if resources == nil {
			resources = map[string]any{}
		}
		object(resources).set(value, "requests", string(measured))
		s.Params[paramValue] = string(encode(resources))
		return single(restingOn(from, s), fmt.Sprintf("give container %s of %s/%s its %s request", lacks[0], target.Namespace, target.Name,
			measured),
			fmt.Sprintf("Its autoscaler measures %s against the requests, and it has none. %s comes from %s.", measured, value, from))
	}
	return no("no autoscaler is at fault")
}

// requestElsewhere is a container's request as an earlier revision has it, or another workload with the same image.
func requestElsewhere(s *snapshot.Snapshot, target incident.Object, container string, measured corev1.ResourceName) (value, from string) {
	var image string
	for _, c := range kube.TemplateSpec(s, target).Containers {
		if c.Name == container {
			image = c.Image
		}
	}
	var newest *appsv1.ReplicaSet
	for _, rs := range s.ReplicaSetsIn(target.Namespace) {
		if c := metav1.GetControllerOf(rs); c == nil || c.Kind != target.Kind || c.Name != target.Name ||
			newest != nil && revisionNumber(rs) <= revisionNumber(newest) {
			continue
		}
		for _, c := range rs.Spec.Template.Spec.Containers {
			if q, ok := c.Resources.Requests[measured]; ok && c.Name == container {
				newest, value, from = rs, q.String(), "revision "+rs.Annotations[revisionAnnotation]+" of it"
			}
		}
	}
	if from != "" {
		return value, from
	}
	for i := range s.Deployments {
		d := &s.Deployments[i]
		for _, c := range d.Spec.Template.Spec.Containers {
			if q, ok := c.Resources.Requests[measured]; ok && c.Image == image && image != "" && from == "" {
				value, from = q.String(), fmt.Sprintf("Deployment %s/%s, which runs the same image", d.Namespace, d.Name)
			}
		}
	}
	return value, from
}
