package nodes

import "github.com/paramedic-bot/paramedic/diagnosis/finding"

// Checks look at nodes, as the API server has them.
var Checks = []finding.Check{
	{Name: "nodes", Codes: nodeCodes, Run: checkNodes},
	{Name: "gpus", Codes: gpuCodes, Run: checkGPUs},
	{Name: "requests for certificates", Codes: signingCodes, Run: checkSigning},
}
