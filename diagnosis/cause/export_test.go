package cause

import (
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// EveryPair applies every rule to every pair of findings.
func EveryPair(s *snapshot.Snapshot, findings []*finding.Finding) []Edge {
	edges, _ := edgesBy(Rules, nil, s, findings)
	return edges
}

// TiedRules are the names of the rules that are not asked about every pair.
func TiedRules() []string {
	var names []string
	for _, t := range ties {
		names = append(names, t.rules...)
	}
	return names
}
