package kube

import (
	"cmp"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The label by which Kubernetes recommends to tell the instances of an application apart, and the annotation by which Helm does.
const (
	instanceLabel     = "app.kubernetes.io/instance"
	releaseAnnotation = "meta.helm.sh/release-name"
)

// ReleaseOf is the release that an object was installed with; "" where it says nothing of that.
func ReleaseOf(o metav1.Object) string {
	return cmp.Or(o.GetAnnotations()[releaseAnnotation], o.GetLabels()[instanceLabel])
}

// WorkloadRelease is the release of a workload; "" where it is not seen, or says nothing of that.
func WorkloadRelease(s *snapshot.Snapshot, w incident.Object) string {
	if o := WorkloadMeta(s, w); o != nil {
		return ReleaseOf(o)
	}
	return ""
}
