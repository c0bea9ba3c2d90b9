package dns

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Who has been started again since a failure waits for no next try: what still fails then fails for something else.
func TestRunsSince(t *testing.T) {
	end := time.Date(2026, 6, 19, 6, 27, 40, 0, time.UTC)
	for name, c := range map[string]struct {
		state corev1.ContainerState
		want  bool
	}{
		"waits for its next try": {corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}, false},
		"was started again":      {corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(end.Add(4 * time.Second))}}, true},
		"runs since before":      {corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(end.Add(-time.Hour))}}, false},
	} {
		p := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main"}}},
			Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "main", State: c.state}}}}
		if got := runsSince(p, end); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
