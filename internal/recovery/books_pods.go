package recovery

// podRunbooks treat what a pod or its template names or asks for.
var podRunbooks = []Runbook{}

// podsByHand: no runbook, why not, and what to do.
var podsByHand = map[string]string{}
