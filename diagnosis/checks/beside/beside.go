package beside

import "github.com/paramedic-bot/paramedic/diagnosis/finding"

// Checks look at what the others have found.
var Checks = []finding.Check{
	{Name: "who makes what is missing", Codes: keeperCodes, After: checkKeepers},
	{Name: "what those have that are well", Codes: sisterCodes, After: checkSisters},
	{Name: "custom resources that write the same", Codes: rivalCodes, After: checkRivals},
	{Name: "custom resources of which one should be the default", Codes: defaultCodes, After: checkDefaults},
}
