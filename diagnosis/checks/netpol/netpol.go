package netpol

import "github.com/paramedic-bot/paramedic/diagnosis/finding"

// Checks look at NetworkPolicies.
var Checks = []finding.Check{{Name: "networkpolicies", Codes: policyCodes, Run: checkPolicies}}
