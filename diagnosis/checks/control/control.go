package control

import "github.com/paramedic-bot/paramedic/diagnosis/finding"

// Checks look at the control plane: webhooks, aggregated APIs, what is not collected, namespaces that do not end, leaders, the API server.
var Checks = []finding.Check{
	{Name: "webhooks", Codes: webhookCodes, Run: checkWebhooks},
	{Name: "pods that webhooks pass by", Codes: passedByCodes, Run: checkPassedBy},
	{Name: "namespaces that webhooks pass by", Codes: passedNamespaceCodes, Run: checkPassedNamespaces},
	{Name: "conversions", Codes: conversionCodes, Run: checkConversions},
	{Name: "garbage", Codes: garbageCodes, Run: checkGarbage},
	{Name: "evictions", Codes: evictionCodes, Run: checkEvictions},
	{Name: "apiservices", Codes: apiServiceCodes, Run: checkAPIServices},
	{Name: "namespaces", Codes: namespaceCodes, Run: checkNamespaces},
	{Name: "leaders", Codes: leaderCodes, Run: checkLeaders},
	{Name: "locks", Codes: lockCodes, Run: checkLocks},
	{Name: "idle scheduler", Codes: idleSchedulerCodes, Run: checkIdleScheduler},
	{Name: "apiserver", Codes: apiServerCodes, Run: checkAPIServer},
}
