package diagnosis

import (
	"fmt"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// sought is a place where a cause could lie. It is ruled out if it was seen and no finding of severity warning or above is about it.
type sought struct {
	what  string
	kinds []string // of objects
	codes []string // or the findings that are about it
	// seen says why it is well, going by what was seen; "": nothing that would show it was seen.
	seen func(*snapshot.Snapshot) string
}

var places = []sought{
	{"the nodes", []string{"Node"}, nil, func(s *snapshot.Snapshot) string {
		return counted(len(s.Nodes), "the node is ready and not under pressure", "all %d are ready, and none is under pressure")
	}},
	{"the cluster's DNS", nil, dnsCodes(), namesAnswered},
	{"the Services", []string{"Service"}, nil, func(s *snapshot.Snapshot) string {
		return counted(len(s.Services), "it has an endpoint or needs none", "each of %d has an endpoint or needs none")
	}},
	{"storage", []string{"PersistentVolumeClaim", "PersistentVolume", "StorageClass"}, nil, func(s *snapshot.Snapshot) string {
		return counted(len(s.PersistentVolumeClaims), "the claim has its volume", "all %d claims have their volumes")
	}},
	{"ConfigMaps that pods refer to", []string{"ConfigMap"}, nil, func(s *snapshot.Snapshot) string {
		return counted(len(s.ConfigMaps), "it exists, with its keys", "they exist, with their keys")
	}},
	{"the API server", nil, nil, func(s *snapshot.Snapshot) string {
		if len(s.Health) == 0 || slices.ContainsFunc(s.Health, func(h snapshot.Health) bool { return !h.OK }) {
			return ""
		}
		return "its own health checks pass"
	}},
}

func counted(n int, one, many string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return one
	}
	if !slices.Contains([]rune(many), '%') {
		return many
	}
	return fmt.Sprintf(many, n)
}

func dnsCodes() []string {
	var codes []string
	for _, c := range checks.All {
		if c.Name == "dns" {
			for _, code := range c.Codes {
				codes = append(codes, code.Code)
			}
		}
	}
	return codes
}

func namesAnswered(s *snapshot.Snapshot) string {
	for _, l := range s.Lookups {
		if l.Error == "" && len(l.Addrs) > 0 {
			return fmt.Sprintf("it answered a query for %s", l.Name)
		}
	}
	if checks.DNSReady(s) {
		return "its pods are ready"
	}
	return ""
}

// ruledOut lists where the cause need not be sought.
func ruledOut(s *snapshot.Snapshot, found []*checks.Finding) []incident.RuledOut {
	var out []incident.RuledOut
	for _, p := range places {
		about := func(f *checks.Finding) bool {
			return f.Alarms() && (slices.Contains(p.kinds, f.Object.Kind) || slices.Contains(p.codes, f.Code))
		}
		if why := p.seen(s); why != "" && !slices.ContainsFunc(found, about) {
			out = append(out, incident.RuledOut{What: p.what, Why: why})
		}
	}
	return out
}
