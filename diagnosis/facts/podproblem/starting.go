package podproblem

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// AllStarting says whether every one of the pods is only starting up.
func AllStarting(s *snapshot.Snapshot, pods []*corev1.Pod) bool {
	for _, p := range pods {
		if !StartingUp(s, p) {
			return false
		}
	}
	return true
}

// Starting is OnlyStarting for the pods behind a Service, where none is ready.
func Starting(s *snapshot.Snapshot, v *corev1.Service) (until finding.Term, unknown bool) {
	pods := s.PodsSelected(v.Namespace, v.Spec.Selector)
	if len(v.Spec.Selector) == 0 || slices.ContainsFunc(pods, kube.IsReady) {
		return finding.Term{}, false
	}
	return OnlyStarting(s, pods)
}

// OnlyStarting is until when all of the pods may be starting up; no time at all where some are not, or there are none. Where they are, but
// until when is not known, unknown says so.
func OnlyStarting(s *snapshot.Snapshot, pods []*corev1.Pod) (until finding.Term, unknown bool) {
	if len(pods) == 0 || !AllStarting(s, pods) {
		return finding.Term{}, false
	}
	until = StartsUntil(s, pods)
	return until, until.Over(s.At)
}

// StartsUntil is until when the pods that are starting up may be: the longest of their terms.
func StartsUntil(s *snapshot.Snapshot, pods []*corev1.Pod) finding.Term {
	var t finding.Term
	for _, p := range pods {
		if p.DeletionTimestamp != nil {
			t = t.Max(finding.Lasts(finding.StuckTerminating, p.DeletionTimestamp.Time))
			continue
		}
		t = t.Max(finding.Lasts(finding.Settling, p.CreationTimestamp.Time)).Max(finding.Lasts(finding.Settling, kube.UnreadySince(p))).
			Max(kube.WarmsUpUntil(s, p))
		for _, a := range EarlyOf(s, p) {
			t = t.Max(a.normal)
		}
	}
	return t
}

// StartingUp says that a pod is too young, or not ready for too short a time, to be looked at; that it is on its way, such as while a
// large image is pulled or its init containers are at work, and nothing is wrong with it; or that it is about to be replaced.
func StartingUp(s *snapshot.Snapshot, p *corev1.Pod) bool {
	if p.DeletionTimestamp != nil {
		return s.At.Sub(p.DeletionTimestamp.Time) < finding.StuckTerminating.For
	}
	return kube.Newly(s, p.CreationTimestamp.Time) || kube.Newly(s, kube.UnreadySince(p)) || kube.WarmingUp(s, p) ||
		p.Status.Phase == corev1.PodPending && p.Spec.NodeName != "" && len(Of(s, p)) == 0
}
