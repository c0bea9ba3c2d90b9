package cause

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// TestMissedIn: a log misses a pod that is gone only where it names the workload, a port of its, and an address that nobody has.
func TestMissedIn(t *testing.T) {
	s := &snapshot.Snapshot{Pods: []corev1.Pod{{Status: corev1.PodStatus{PodIP: "10.60.1.4"}}}}
	from := &finding.Finding{Workload: snapshot.ObjectOf("Deployment", "shop", "store"), Pods: []*corev1.Pod{{
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{ContainerPort: 9095}}}}}}}}
	for line, want := range map[string]string{
		`msg="removing store failing healthcheck" addr=10.60.1.9:9095`:     "10.60.1.9:9095",
		`msg="removing store failing healthcheck" addr=10.60.1.4:9095`:     "", // a pod has it
		`msg="removing store failing healthcheck" addr=10.60.1.9:8080`:     "", // another port
		`msg="removing store-api failing healthcheck" addr=10.60.1.9:9095`: "", // another workload
		`msg="removing peer failing healthcheck" addr=10.60.1.9:9095`:      "",
		`msg="removing store failing healthcheck"`:                         "",
	} {
		if at, ok := missedIn(s, line, from); at != want || ok != (want != "") {
			t.Errorf("%s: %q, %v; want %q", line, at, ok, want)
		}
	}
}
