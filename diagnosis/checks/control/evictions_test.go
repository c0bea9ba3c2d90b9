package control

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestAnEvictionIsOneThatIsDone(t *testing.T) {
	for _, c := range []struct {
		reason, message string
		want            bool
	}{
		{"EvictedByVPA", "Pod was evicted by VPA Updater to apply resource recommendation", true},
		{"Evicted", "Evicted pod: Underutilized", true},
		{"Descheduled", "pod evicted from n2 node by sigs.k8s.io/descheduler", true},
		{"Preempted", "Preempted by pod 7c1a on node n2", true},
		{"MultiplePodDisruptionBudgets", `Pod "shop"/"web-5c7-x2x" matches multiple PodDisruptionBudgets.  Chose "web" arbitrarily.`, false},
		{"NotEvicted", "Cannot evict pod as it would violate the pod's disruption budget", false},
		{"FailedEviction", "failed to evict pod", false},
		{"Started", "Started container web", false},
	} {
		if got := tellsEviction(&corev1.Event{Reason: c.reason, Message: c.message}); got != c.want {
			t.Errorf("%s, %q: %v, want %v", c.reason, c.message, got, c.want)
		}
	}
}
