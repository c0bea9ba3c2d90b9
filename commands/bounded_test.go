package commands_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/story"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot/snapshottest"
)

// changedNodes are as many causes of the kinds that say what was before: none is like another.
func changedNodes(n int) *incident.Diagnosis {
	d := &incident.Diagnosis{At: commandstest.Start, Cluster: "lab"}
	for i := range n {
		node := incident.Object{Kind: "Node", Name: fmt.Sprintf("sim-%04d", i)}
		id := fmt.Sprint(i + 1)
		title := fmt.Sprintf("Just before, at 12:02:38 UTC, Node %s was changed: it joined the cluster with v1.36.%d and the taint %s. Since then: "+
			"%d pods of Deployment svc-%05d on node %s are not ready, and %d others fail", node.Name, i, strings.Repeat("x", 10+i%20), i+2, i, node.Name, i)
		d.Findings = append(d.Findings, incident.Finding{ID: "F" + id, Code: fmt.Sprint("Kind", i), Severity: incident.Critical, Object: node,
			Title: title})
		d.Causes = append(d.Causes, incident.Cause{ID: "C" + id, Code: fmt.Sprint("Kind", i), Title: title, Confidence: incident.Likely,
			Objects: []incident.Object{node}, Explains: []string{"F" + id}})
		d.NotSeen = append(d.NotSeen, incident.NotSeen{What: incident.LogsOf(1) + " on " + node.Name, Why: "there is no log any more", Gone: true,
			Count: 1, Where: node, Resources: []incident.Resource{incident.PodLogs}})
	}
	return d
}

// However many causes there are, the message has sixty words and the thread 250, and nothing is cut within a word or a quotation.
func TestManyCausesAreToldInFewWords(t *testing.T) {
	var whys []string
	for i := range 40 {
		whys = append(whys, fmt.Sprintf("No remedy for %d Deployments, such as “svc-%05d keeps crashing”: it has no earlier revision to go back to; a "+
			"restart of it would not help, for what it says of itself is the same each time, and nothing near it was changed (see %q).", i+2, i,
			strings.Repeat("why ", i)))
	}
	for name, d := range map[string]*incident.Diagnosis{
		"many reasons": diagnosis.Diagnose(snapshottest.Outage(5000, 500), diagnosis.Scope{}),
		"of one kind":  changedNodes(1), "of fourteen kinds": changedNodes(14), "of 140 kinds": changedNodes(140),
	} {
		_, told := incident.Number(d)
		for what, last := range map[string]incident.Event{
			"no plan": incident.NoPlan{Reason: strings.Join(whys, "\n")}, "an old reason": incident.NoPlan{Reason: strings.Join(whys, " ")},
			"a plan": incident.PlanProposed{Plan: commandstest.Plan()},
			"another plan": incident.NoPlan{Waits: "INC-2", Reason: "INC-2 has a plan for the same target. Approve or reject it there (/medic plan " +
				"INC-2), or close INC-2; then the cluster is looked at again for this one"},
		} {
			s := commandstest.NewKeeper(nil).Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *told},
				incident.Recalled{Similar: commandstest.Seen()}, incident.StoryTold{Story: story.Template(told, nil)}, last)
			bounded(t, name+", "+what, s)
		}
	}
}

func bounded(t *testing.T, name string, s *incident.State) {
	t.Helper()
	n, all := 0, ""
	for i, m := range commands.IncidentMessages(s, commandstest.Start.Add(57*time.Hour)) {
		said := commands.Plain(m.Reply)
		if i == 0 {
			if w := words(m); w > 60 {
				t.Errorf("%s: the message has %d words:\n%s", name, w, said)
			}
		} else if n += words(m); true {
			all += said + "\n"
		}
		if cut := regexp.MustCompile(`Since then[;…]|\.…|…\.|“[^”\n]*$`).FindString(said); cut != "" {
			t.Errorf("%s: %s: cut to %q:\n%s", name, m.Slot, cut, said)
		}
	}
	if n > 250 {
		t.Errorf("%s: the thread has %d words:\n%s", name, n, all)
	}
}
