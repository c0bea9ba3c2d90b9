package applog

import "github.com/paramedic-bot/paramedic/diagnosis/finding"

// Checks look at what the logs of ill containers say by themselves.
var Checks = []finding.Check{{Name: "logs", Codes: logCodes, Run: checkSaid}}
