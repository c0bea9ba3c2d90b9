package recovery

// networkRunbooks treat Services, Ingresses, gateways, NetworkPolicies and DNS.
var networkRunbooks = []Runbook{}

// networkByHand: no runbook, why not, and what to do.
var networkByHand = map[string]string{}
