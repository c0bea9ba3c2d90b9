package rbac

import "github.com/paramedic-bot/paramedic/diagnosis/finding"

// Checks look at rights: what the API server refuses, and to whom.
var Checks = []finding.Check{
	{Name: "access", Codes: accessCodes, Run: checkAccess},
}
