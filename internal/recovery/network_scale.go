package recovery

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// draftScaleUp scales up what the cause says is scaled to zero, if anything tells how many pods it had.
func draftScaleUp(ctx context.Context, r *Recovery, q request) (draft, error) {
	o, ok := scaledToZero(q)
	if !ok {
		return no("no workload of it is scaled to zero; why it has no pods is another cause")
	}
	n, from, err := r.replicasBefore(ctx, q.s, o)
	if err != nil {
		return draft{}, err
	}
	if n == 0 {
		return no("nothing tells how many pods %s had: no autoscaler, event, older revision or applied manifest; scale it up by hand "+
			"(kubectl scale)", inWords(o))
	}
	return oneStep(setTo("Scale", o, int64(n)), fmt.Sprintf("scale %s up to %d", inWords(o), n), from)
}

// scaledToZero is the workload at fault, or that of the Service or the cluster's DNS, if it is scaled to zero.
func scaledToZero(q request) (incident.Object, bool) {
	candidates := q.cause.Objects
	if o, err := aboutKind(q, "Service"); err == nil {
		if v := q.s.Service(o.Namespace, o.Name); v != nil && len(v.Spec.Selector) > 0 {
			for _, t := range kube.TemplatesIn(q.s, v.Namespace) {
				if kube.Matches(v.Spec.Selector, t.Labels) {
					candidates = append(candidates, t.Object)
				}
			}
		}
	}
	if d, ok := resolvers.Find(q.s); ok && q.cause.Code == "DNSScaledToZero" {
		candidates = append(candidates, d.Workload)
	}
	if i := slices.IndexFunc(candidates, func(o incident.Object) bool { return switchedOff(q.s, o) }); i >= 0 {
		return candidates[i], true
	}
	return incident.Object{}, false
}

// scaledDown is how the Deployment controller says that it scales to zero: "Scaled down replica set web-1 from 3 to 0" ("to 0 from 3" of
// old).
var scaledDown = regexp.MustCompile(`^Scaled down replica set \S+ (?:from ([1-9]\d*) to 0|to 0 from ([1-9]\d*))`)

const (
	desiredAnnotation = "deployment.kubernetes.io/desired-replicas" // what the Deployment controller notes on each ReplicaSet
	downscalerNote    = "downscaler/original-replicas"              // what kube-downscaler notes before it scales down
)

// replicasBefore is how many pods a workload had before it was scaled to zero, and a sentence that says by what; 0 where nothing tells.
func (r *Recovery) replicasBefore(ctx context.Context, s *snapshot.Snapshot, o incident.Object) (n int, from string, err error) {
	now, err := r.asIs(ctx, o)
	if err != nil {
		return 0, "", err
	}
	if n := countOfPods(now.text("metadata", "annotations", downscalerNote)); n > 0 {
		return n, fmt.Sprintf("%d is what kube-downscaler noted in %s when it scaled it down.", n, inWords(o)), nil
	}
	if n, at := scaledDownFrom(s, o); n > 0 {
		return n, fmt.Sprintf("It had %d until %s, as an event says.", n, stamp(at)), nil
	}
	for i := range s.HPAs {
		h := &s.HPAs[i]
		if ref := h.Spec.ScaleTargetRef; h.Namespace == o.Namespace && ref.Kind == o.Kind && ref.Name == o.Name {
			n := int(kube.Replicas(h.Spec.MinReplicas))
			return n, fmt.Sprintf("%d is the least that HorizontalPodAutoscaler %s gives it; it goes on from there by itself.", n, h.Name), nil
		}
	}
	applied := appliedLast(now)
	if applied != nil && applied.at("spec", "replicas") == nil {
		return 1, "The manifest that was last applied names no number, for which Kubernetes takes 1.", nil
	}
	if n, _ := applied.at("spec", "replicas").(int64); n > 0 {
		return int(n), fmt.Sprintf("%d is what its manifest says, as it was last applied.", n), nil
	}
	n, revisionOf := replicasOfRevision(s, o)
	return n, fmt.Sprintf("Revision %s of it had %d.", revisionOf, n), nil
}

// scaledDownFrom is how many pods a workload had until it was scaled to zero, and when that was, by the newest event that says so; 0 where
// none does.
func scaledDownFrom(s *snapshot.Snapshot, o incident.Object) (n int, at time.Time) {
	for _, e := range s.EventsOf(o) {
		if m := scaledDown.FindStringSubmatch(e.Message); m != nil && (n == 0 || at.Before(snapshot.EventTime(e).Time)) {
			n, at = countOfPods(m[1]+m[2]), snapshot.EventTime(e).Time
		}
	}
	return n, at
}

// replicasOfRevision is how many pods the newest revision of a Deployment had that had any, and which that is.
func replicasOfRevision(s *snapshot.Snapshot, o incident.Object) (n int, revisionOf string) {
	d := s.Deployment(o.Namespace, o.Name)
	if o.Kind != "Deployment" || d == nil {
		return 0, ""
	}
	best := int64(0)
	for _, rs := range s.ReplicaSetsIn(o.Namespace) {
		had := countOfPods(rs.Annotations[desiredAnnotation])
		if rev := revisionNumber(rs); metav1.IsControlledBy(rs, d) && had > 0 && rev > best {
			best, n, revisionOf = rev, had, rs.Annotations[revisionAnnotation]
		}
	}
	return n, revisionOf
}

// countOfPods reads a count of pods; 0 where it is none.
func countOfPods(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 100 {
		return 0
	}
	return n
}
