package cause

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/podnetwork"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// carriesNetwork says whether pods fail that give all pods of their nodes their network: what these come to may not show in a log.
func carriesNetwork(f *finding.Finding) bool {
	return f.Alarms() && (podnetwork.NetworkPlugin(f.Workload) || podnetwork.NodeProxy(f.Workload)) && slices.Contains(podFaults, f.Code)
}
