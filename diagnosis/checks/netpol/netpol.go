package netpol

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// Checks look at NetworkPolicies.
var Checks = []finding.Check{{Name: "networkpolicies", Codes: slices.Concat(policyCodes, shutOutCodes), Run: checkPolicies}}
