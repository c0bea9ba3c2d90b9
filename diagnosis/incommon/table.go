package incommon

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// table is every pod with what it has, by its workload.
type table struct {
	s       *snapshot.Snapshot
	above   map[incident.Object]incident.Object
	places  map[string][]factor
	factors []factor       // by number
	number  map[factor]int // and back
	rows    []row
	of      map[incident.Object][]int // rows, by workload
	order   []incident.Object
}

// row is a pod.
type row struct {
	pod  *corev1.Pod
	well bool
	has  []int // numbers of factors
}

// newTable takes up all pods. Those that a finding is about are not well, whatever is wrong with them.
func newTable(s *snapshot.Snapshot, found []*finding.Finding) *table {
	t := &table{s: s, above: owners(s), places: map[string][]factor{}, number: map[factor]int{}, of: map[incident.Object][]int{}}
	ill := map[*corev1.Pod]bool{}
	for _, f := range found {
		if f.Alarms() {
			for _, p := range f.Pods {
				ill[p] = true
			}
		}
	}
	for i := range s.Pods {
		p := &s.Pods[i]
		r := row{pod: p, well: !ill[p] && isWell(p)}
		for _, f := range t.factorsOf(p) {
			n, ok := t.number[f]
			if !ok {
				n = len(t.factors)
				t.number[f], t.factors = n, append(t.factors, f)
			}
			r.has = append(r.has, n)
		}
		w := s.WorkloadOf(p)
		if t.of[w] == nil {
			t.order = append(t.order, w)
		}
		t.of[w] = append(t.of[w], len(t.rows))
		t.rows = append(t.rows, r)
	}
	return t
}

// isWell says whether a pod does what it is there for: it is ready, or has done its work.
func isWell(p *corev1.Pod) bool { return kube.IsReady(p) || p.Status.Phase == corev1.PodSucceeded }

// unit is what is counted once: a pod, or a workload that is ill or well as a whole.
type unit struct {
	ill, sibling, placed, claims bool
	namespace                    string
	rows, has                    []int
}

// units are those of a group of pods that fail alike, and of what is well. Where none of the ill is in its host's network, pods there are
// not compared.
func (t *table) units(ill map[*corev1.Pod]bool) []unit {
	onHost := false
	for p := range ill {
		onHost = onHost || p.Spec.HostNetwork
	}
	var out []unit
	for _, w := range t.order {
		var sick, well []int
		other := false
		for _, i := range t.of[w] {
			switch r := &t.rows[i]; {
			case ill[r.pod]:
				sick = append(sick, i)
			case !onHost && r.pod.Spec.HostNetwork:
			case r.well:
				well = append(well, i)
			default:
				other = true
			}
		}
		switch {
		case len(sick) > 0 && len(well) > 0:
			for _, i := range slices.Concat(sick, well) {
				u := t.unit([]int{i})
				u.ill, u.sibling = ill[t.rows[i].pod], true
				out = append(out, u)
			}
		case len(sick) > 0:
			u := t.unit(sick)
			u.ill = true
			out = append(out, u)
		case len(well) > 0 && !other:
			out = append(out, t.unit(well))
		}
	}
	for i := range out {
		out[i].has = t.common(&out[i])
	}
	return out
}

func (t *table) unit(rows []int) unit {
	u := unit{rows: rows, namespace: t.rows[rows[0]].pod.Namespace}
	for _, i := range rows {
		p := t.rows[i].pod
		u.placed = u.placed || p.Spec.NodeName != ""
		u.claims = u.claims || slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.PersistentVolumeClaim != nil })
	}
	return u
}

// common are the factors of a unit: those of all its pods where it is ill, those of any where it is well.
func (t *table) common(u *unit) []int {
	if len(u.rows) == 1 {
		return t.rows[u.rows[0]].has
	}
	count := map[int]int{}
	for _, i := range u.rows {
		for _, n := range t.rows[i].has {
			count[n]++
		}
	}
	var out []int
	for n, c := range count {
		if !u.ill || c == len(u.rows) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}
