package services

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// Checks look at Services.
var Checks = []finding.Check{
	{Name: "services", Codes: slices.Concat(serviceCodes, strangerCodes, outsideCodes), Run: checkServices},
	{Name: "served certificates", Codes: untrustedCodes, Run: checkUntrusted},
	{Name: "loadbalancers", Codes: loadBalancerCodes, Run: checkLoadBalancers},
}
