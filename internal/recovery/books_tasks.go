package recovery

// taskRunbooks treat Jobs, CronJobs, autoscalers, disruption budgets, quotas, refused pods and rights.
var taskRunbooks = []Runbook{}

// tasksByHand: no runbook, why not, and what to do.
var tasksByHand = map[string]string{}
