package kube

import (
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// EndedWell says whether who has a pod says in the end that all has gone well: whatever the pod's containers ended with is then no trouble,
// such as a sidecar that was asked to stop, or a first attempt. So says also an owner of whose series a later one has ended well.
func EndedWell(s *snapshot.Snapshot, p *corev1.Pod) bool {
	above := OwnersOf(s)
	c := metav1.GetControllerOf(p)
	if c == nil {
		return false
	}
	o := snapshot.ObjectOf(c.Kind, p.Namespace, c.Name)
	for range mostOwners {
		if o.IsZero() {
			return false
		}
		if endedWell(s, o) || laterEndedWell(s, o) {
			return true
		}
		o = above[o]
	}
	return false
}

func endedWell(s *snapshot.Snapshot, o incident.Object) bool {
	if x := s.Custom(o); x != nil {
		return SaysSuccess(x)
	}
	return completeJobs(s)[o]
}

// completeJobs are the Jobs that are complete.
func completeJobs(s *snapshot.Snapshot) map[incident.Object]bool {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[incident.Object]bool {
		out := map[incident.Object]bool{}
		for i := range s.Jobs {
			j := &s.Jobs[i]
			if slices.ContainsFunc(j.Status.Conditions, func(c batchv1.JobCondition) bool {
				return c.Type == batchv1.JobComplete && c.Status == corev1.ConditionTrue
			}) {
				out[snapshot.ObjectOf("Job", j.Namespace, j.Name)] = true
			}
		}
		return out
	})
}

// laterEndedWell says whether a custom resource's owner has made another of its kind after it that has ended well.
func laterEndedWell(s *snapshot.Snapshot, o incident.Object) bool {
	x := s.Custom(o)
	if x == nil {
		return false
	}
	owner := metav1.GetControllerOfNoCopy(x)
	if owner == nil {
		return false
	}
	for i := range s.Customs {
		y := &s.Customs[i]
		if by := metav1.GetControllerOfNoCopy(y); by != nil && by.UID == owner.UID && y.GetKind() == x.GetKind() &&
			y.GetCreationTimestamp().After(x.GetCreationTimestamp().Time) && SaysSuccess(y) {
			return true
		}
	}
	return false
}

// SaysSuccess says whether an object that does something once and ends says that it has ended well, by a condition or a state.
func SaysSuccess(o *unstructured.Unstructured) bool {
	status, _ := o.Object["status"].(map[string]any)
	well := false
	for key, value := range status {
		if state, ok := value.(map[string]any); ok && endsIn(key, "state") {
			value = firstText(state, "state", "phase")
		}
		if text, ok := value.(string); ok && endsIn(key, "phase", "state", "status", "result") {
			if !succeeded(text) {
				return false
			}
			well = true
		}
	}
	if well {
		return true
	}
	conditions, _ := status["conditions"].([]any)
	for _, x := range conditions {
		c, _ := x.(map[string]any)
		switch kind := StringAt(c, "type"); {
		case StringAt(c, "status") != "True":
		case strings.EqualFold(kind, "Failed"):
			return false
		case strings.EqualFold(kind, "Succeeded") || strings.EqualFold(kind, "Complete"):
			well = true
		}
	}
	return well
}

func endsIn(key string, words ...string) bool {
	key = strings.ToLower(key)
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasSuffix(key, w) })
}

func firstText(m map[string]any, keys ...string) string {
	for _, k := range keys {
		if text := StringAt(m, k); text != "" {
			return text
		}
	}
	return ""
}

// succeeded says whether a state is that of what has ended well.
func succeeded(state string) bool {
	return slices.Contains([]string{"succeeded", "success", "successful", "completed", "complete"}, strings.ToLower(state))
}
