package pods

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// RegistryFails is the code of a registry that several workloads cannot pull from.
const RegistryFails = "RegistryFails"

var registryCodes = []finding.Code{
	{Code: RegistryFails, Severity: incident.Critical, Root: true,
		Meaning: "Several workloads cannot pull images for one reason that lies with their registry or the way to it: it does not answer, its " +
			"name does not resolve, its rate limit is reached.",
		Next:    "See whether the registry answers from a node; with a rate limit, pull with credentials or through a mirror.",
		Example: "Registry docker.io: its rate limit is reached; 7 workloads cannot pull their images"},
}

// checkRegistries gathers the pulls that fail for their registry. One workload alone speaks for itself.
func checkRegistries(s *snapshot.Snapshot, r *finding.Report) {
	type trouble struct {
		workloads finding.Gathered[incident.Object]
		pods      []podproblem.PodProblem
	}
	by := map[string]*trouble{}
	for i := range s.Pods {
		p := &s.Pods[i]
		for _, a := range podproblem.Of(s, p) {
			if a.Registry == "" {
				continue
			}
			if by[a.Registry] == nil {
				by[a.Registry] = &trouble{}
			}
			t := by[a.Registry]
			t.workloads.Add(s.WorkloadOf(p))
			t.pods = append(t.pods, podproblem.PodProblem{Pod: p, Problem: a})
		}
	}
	for _, host := range slices.SortedFunc(maps.Keys(by), func(a, b string) int { return cmp.Compare(a, b) }) {
		t := by[host]
		if len(t.workloads.List) < 2 {
			continue
		}
		f := r.Find(RegistryFails, snapshot.ObjectOf("Registry", "", host), "")
		var nodes finding.Gathered[string]
		for i, x := range t.pods {
			f.Since = finding.Earlier(f.Since, x.Since)
			f.Pods = append(f.Pods, x.Pod)
			nodes.Add(x.Pod.Spec.NodeName)
			if i < finding.ShownPods {
				f.Cite(x.Seen...)
			}
		}
		f.Nodes = nodes.List
		where := ""
		if len(f.Nodes) == 1 && len(s.Nodes) > 1 {
			where = ", all on node " + f.Nodes[0]
		}
		f.Title = finding.OneLine(fmt.Sprintf("Registry %s: %s; %d workloads cannot pull their images%s", host, t.pods[0].Reason,
			len(t.workloads.List), where), finding.MaxTitle)
	}
}
