package workloads

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// QuotaNearlySpent is the code of a ResourceQuota that leaves no room for another pod or volume, before anything is refused for it:
// what it refuses then is [PodsRefused].
const QuotaNearlySpent = "QuotaNearlySpent"

var quotaCodes = []finding.Code{
	{Code: QuotaNearlySpent, Severity: incident.Info,
		Meaning: "A ResourceQuota is used up, or nearly: the next rollout or scale-up in its namespace will be refused.",
		Next:    "Free some of it, or raise it, before the next rollout.",
		Example: "ResourceQuota compute has hardly anything left: limits.memory 31Gi of 32Gi, requests.cpu 20 of 20"},
}

const (
	spentPercent = 95 // of a hard limit, from which on it is nearly spent
	fewObjects   = 20 // a limit below it on a number of things is there to be reached, such as one LoadBalancer
)

func checkQuotas(s *snapshot.Snapshot, r *finding.Report) {
	for i := range s.ResourceQuotas {
		q := &s.ResourceQuotas[i]
		if q.DeletionTimestamp != nil {
			continue
		}
		var spent, all []string
		for _, name := range slices.Sorted(maps.Keys(q.Status.Hard)) {
			hard, used := q.Status.Hard[name], q.Status.Used[name]
			use := fmt.Sprintf("%s %s of %s", name, used.String(), hard.String())
			all = append(all, use)
			if nearlySpent(q, name) {
				spent = append(spent, use)
			}
		}
		if len(spent) == 0 {
			continue
		}
		o := snapshot.ObjectOf("ResourceQuota", q.Namespace, q.Name)
		f := r.Find(QuotaNearlySpent, o, fmt.Sprintf("ResourceQuota %s has hardly anything left: %s", q.Name, finding.FirstFew(spent)))
		f.Cite(finding.SeenAPI(o, "status", time.Time{}, strings.Join(all, ", "))).NotYet(finding.Settling, q.CreationTimestamp.Time, s.At)
	}
}

// nearlySpent tells an amount from a number of things by its size: all amounts but those of cpu are bytes.
func nearlySpent(q *corev1.ResourceQuota, name corev1.ResourceName) bool {
	hard, used := q.Status.Hard[name].DeepCopy(), q.Status.Used[name].DeepCopy()
	switch name {
	case corev1.ResourceCPU, corev1.ResourceRequestsCPU, corev1.ResourceLimitsCPU:
	default:
		if hard.CmpInt64(fewObjects) < 0 {
			return false
		}
	}
	if hard.Sign() <= 0 {
		return false
	}
	used.Mul(100)
	hard.Mul(spentPercent)
	return used.Cmp(hard) >= 0
}
