package netpol

import (
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// The codes of findings about NetworkPolicies.
const (
	PolicyBlocksDNS      = "PolicyBlocksDNS"
	PolicyBlocksFlow     = "PolicyBlocksFlow"
	PolicySelectsNothing = "PolicySelectsNothing"
)

var policyCodes = []finding.Code{
	{Code: PolicyBlocksDNS, Severity: incident.Critical, Root: true, Final: true,
		Meaning: "A NetworkPolicy keeps pods from the cluster's DNS, so no name resolves for them.",
		Next:    "Allow egress to the DNS pods on port 53, UDP and TCP.",
		Example: "NetworkPolicy shop/deny-egress cuts Deployment web off from DNS: it allows no egress to kube-dns on port 53 (UDP)"},
	{Code: PolicyBlocksFlow, Severity: incident.Critical, Root: true, Final: true,
		Meaning: "A NetworkPolicy keeps pods from what they call, and their log says that it does not answer.",
		Next:    "Add a rule for the flow to the policy, or correct the labels or the port that it names.",
		Example: "NetworkPolicy shop/db keeps Deployment api from Service shop/db:5432: its ingress rules for that peer are not for port 5432 " +
			"(they are for 5433)"},
	{Code: PolicySelectsNothing, Severity: incident.Warning, Root: true,
		RestsOn: []incident.Resource{finding.Pods},
		Meaning: "A NetworkPolicy's pod selector matches no pod, but nearly matches some: it has no effect on them.",
		Next:    "Compare its podSelector with the labels of the pods that it means.",
		Example: "NetworkPolicy shop/db selects no pod: its selector has app=databse, StatefulSet database has app=database"},
}
