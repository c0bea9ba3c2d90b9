package commands_test

import (
	"testing"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// What broke what: a box for each cause and for consequences of one kind, the reason on the way between them, and nothing from a cluster
// that could be taken for markup.
func TestGraph(t *testing.T) {
	d := commandstest.Unexplained()
	for i, name := range []string{"web", "cart"} {
		f := incident.Finding{ID: []string{"F4", "F5"}[i], Code: "PodCrashLoop", Object: incident.Object{Kind: "Deployment", Namespace: "shop",
			Name: name}}
		d.Findings = append(d.Findings, f)
		d.Causes[0].Explains = append(d.Causes[0].Explains, f.ID)
		d.Causes[0].Links = append(d.Causes[0].Links, incident.Link{From: "F2", To: f.ID, Rule: "service-called",
			Reason: "its log says: api \"refuses\" <" + name + ">"})
	}
	d.Causes[1].Blocks = []incident.Block{{Cause: "C1", Reason: "nothing can start"}}
	golden(t, "graph", commands.NewReport(d, nil, nil).Graph())
}
