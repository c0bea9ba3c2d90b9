package services

import "github.com/paramedic-bot/paramedic/diagnosis/finding"

// Checks look at Services.
var Checks = []finding.Check{
	{Name: "services", Codes: serviceCodes, Run: checkServices},
	{Name: "loadbalancers", Codes: loadBalancerCodes, Run: checkLoadBalancers},
}
