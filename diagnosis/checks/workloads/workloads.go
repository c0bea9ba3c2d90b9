package workloads

import "github.com/paramedic-bot/paramedic/diagnosis/finding"

// Checks look at what runs pods: workloads, Jobs, autoscalers, disruption budgets.
var Checks = []finding.Check{
	{Name: "workloads", Codes: workloadCodes, Run: checkWorkloads},
	{Name: "jobs", Codes: jobCodes, Run: checkJobs},
	{Name: "cronjobs", Codes: cronJobCodes, Run: checkCronJobs},
	{Name: "autoscalers", Codes: hpaCodes, Run: checkHPAs},
	{Name: "disruption budgets", Codes: pdbCodes, Run: checkPDBs},
	{Name: "preStop hooks", Codes: preStopCodes, Run: checkPreStop},
	{Name: "quotas", Codes: quotaCodes, Run: checkQuotas},
}
