package checks

import (
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// podChecks look at pods, and at what they refer to.
var podChecks = []finding.Check{
	{Name: "pods", Codes: podproblem.PodCodes, Run: checkPods},
	{Name: "references", Codes: referenceCodes, Run: checkReferences},
	{Name: "registries", Codes: registryCodes, Run: checkRegistries},
	{Name: "environment", Codes: environmentCodes, Run: checkEnvironment},
}
