package applog

import "github.com/paramedic-bot/paramedic/diagnosis/finding"

// Checks look at what logs say by themselves: those of ill containers, and those of containers that run.
var Checks = []finding.Check{
	{Name: "logs", Codes: logCodes, Run: checkSaid},
	{Name: "limits of nodes", Codes: nodeLimitCodes, After: checkNodeLimits},
	{Name: "repeated errors", Codes: repeatCodes, Run: checkRepeats},
	{Name: "objects faulted by logs", Codes: blameCodes, Run: checkBlamed},
	{Name: "what is called and complains", Codes: calledCodes, Run: checkCalled},
	{Name: "values that cannot be used", Codes: malformedCodes, Run: checkMalformed},
	{Name: "what is called and fails", Codes: calledFailsCodes, Run: checkCalledFails},
	{Name: "what is called and has not enough", Codes: lacksCodes, Run: checkLacks},
	{Name: "authorities past their time", Codes: authorityCodes, Run: checkAuthorities},
	{Name: "programs that stopped working", Codes: stoppedCodes, Run: checkStopped},
	{Name: "errors said once", Codes: onceCodes, After: checkOnce},
}
