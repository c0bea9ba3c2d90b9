package recovery

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A container must outlive how long it ran before; of one that never started the runtime says that it began in 1970.
func TestHowLongAContainerLived(t *testing.T) {
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	ended := func(began time.Time, exit int32) corev1.ContainerStatus {
		return corev1.ContainerStatus{LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: exit, StartedAt: metav1.NewTime(began), FinishedAt: metav1.NewTime(at)}}}
	}
	for name, c := range map[string]struct {
		status corev1.ContainerStatus
		want   time.Duration
	}{
		"killed after ten minutes": {ended(at.Add(-10*time.Minute), 137), 10 * time.Minute},
		"done":                     {ended(at.Add(-10*time.Minute), 0), 0},
		"never started":            {ended(time.Unix(0, 0), 128), 0},
		"not told when":            {ended(time.Time{}, 1), 0},
		"running":                  {corev1.ContainerStatus{}, 0},
	} {
		if got := livedFor(c.status); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
