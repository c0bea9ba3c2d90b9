package cause

import (
	"fmt"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// goesByRules are about what workloads and controllers go by, and cannot use.
var goesByRules = []Rule{
	{"custom-used", customs, slices.Concat(crashes, complaints), customUsed,
		"1 workload goes by it", "%d workloads go by it"},
}

// customUsed wants the workload to name the custom resource in its settings.
func customUsed(_ *Context, from, to *finding.Finding) (Link, bool) {
	says, _ := finding.DetailOf[custom.Says](from)
	i := slices.IndexFunc(says.Users, func(u custom.User) bool { return u.Workload == to.Workload })
	if i < 0 || to.Since.Add(slack).Before(from.Since) && !to.Since.IsZero() {
		return Link{}, false
	}
	return Link{Reason: fmt.Sprintf("its settings name it (%s)", says.Users[i].By), Inferred: true}, true
}
