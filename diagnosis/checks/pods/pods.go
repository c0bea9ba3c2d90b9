package pods

import (
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func checkPods(s *snapshot.Snapshot, r *finding.Report) {
	g := podproblem.NewGroups(s)
	for i := range s.Pods {
		p := &s.Pods[i]
		for _, a := range podproblem.Of(s, p) {
			g.Add(p, a)
		}
		for _, a := range podproblem.EarlyOf(s, p) {
			g.Add(p, a)
		}
	}
	g.Report(r)
}

// Checks look at pods, and at what they refer to.
var Checks = []finding.Check{
	{Name: "pods", Codes: podproblem.Codes, Run: checkPods},
	{Name: "references", Codes: referenceCodes, Run: checkReferences},
	{Name: "registries", Codes: registryCodes, Run: checkRegistries},
	{Name: "environment", Codes: environmentCodes, Run: checkEnvironment},
	{Name: "old settings", Codes: settingsOldCodes, Run: checkSettingsOld},
	{Name: "stray characters", Codes: strayCodes, Run: checkStray},
}
