package recovery

// clusterRunbooks treat nodes, hosts, storage, the control plane and custom resources.
var clusterRunbooks = []Runbook{}

// clusterByHand: no runbook, why not, and what to do.
var clusterByHand = map[string]string{}
