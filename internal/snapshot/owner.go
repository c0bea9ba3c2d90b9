package snapshot

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// unseenOwner names what a pod's ReplicaSet or Job belongs to where these may not be listed, by how Kubernetes' controllers name them: a
// Deployment's ReplicaSets are called after it and the hash that is a label of their pods, a CronJob's Jobs after it and the minute of
// their schedule. Of what may be listed there has to be one of that name.
func (s *Snapshot) unseenOwner(p *corev1.Pod, c *metav1.OwnerReference) (incident.Object, bool) {
	i := strings.LastIndexByte(c.Name, '-')
	if i <= 0 {
		return incident.Object{}, false
	}
	name, suffix := c.Name[:i], c.Name[i+1:]
	switch {
	case c.Kind == "ReplicaSet" && s.NotSeenIn("replicasets.apps", p.Namespace):
		made := p.Labels[appsv1.DefaultDeploymentUniqueLabelKey] == suffix
		d := s.Deployment(p.Namespace, name)
		return ObjectOf("Deployment", p.Namespace, name),
			d != nil && (made || selects(d.Spec.Selector, p)) || made && s.NotSeenIn("deployments.apps", p.Namespace)
	case c.Kind == "Job" && s.NotSeenIn("jobs.batch", p.Namespace):
		made := named(s.CronJobs, p.Namespace, name)
		return ObjectOf("CronJob", p.Namespace, name), made != nil && strings.Trim(suffix, "0123456789") == ""
	}
	return incident.Object{}, false
}

func selects(sel *metav1.LabelSelector, p *corev1.Pod) bool {
	by, err := metav1.LabelSelectorAsSelector(sel)
	return err == nil && !by.Empty() && by.Matches(labels.Set(p.Labels))
}
