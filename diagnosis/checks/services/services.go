package services

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// Checks look at Services.
var Checks = []finding.Check{
	{Name: "services", Codes: slices.Concat(serviceCodes, strangerCodes), Run: checkServices},
	{Name: "loadbalancers", Codes: loadBalancerCodes, Run: checkLoadBalancers},
}
