package slackapp_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// A cause is accepted from the incident's thread: the button asks why and until when, and what was not said it asks for again.
func TestAFindingIsAcceptedByAPress(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	known := &commandstest.Acceptances{}
	b.set.Acceptances = known
	b.set.Codes = []incident.CodeDoc{{Code: "NodeCNIMissing", Severity: incident.Critical}}
	b.deliver(t)
	b.listen(t, b.set)
	b.keeper.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()})
	var ts, action string
	b.wait(t, func(n slackemu.Snapshot) bool {
		for _, root := range n.Messages(channel) {
			for _, m := range n.Thread(channel, root.TS) {
				for _, e := range m.Elements() {
					if strings.HasPrefix(e.Label, "Accept cause 2") {
						ts, action = m.TS, e.ActionID
					}
				}
			}
		}
		return ts != ""
	})
	if err := b.slack.Press(t.Context(), ada, channel, ts, action); err != nil {
		t.Fatal(err)
	}
	var v slackemu.View
	b.wait(t, func(n slackemu.Snapshot) bool {
		all := n.Views(ada)
		if len(all) > 0 {
			v = all[len(all)-1]
		}
		return v.Submit == "Accept"
	})
	if text := v.Plain(); !strings.Contains(text, "NodeCNIMissing of") || !strings.Contains(text, "Node/leveling-pc") {
		t.Errorf("the window does not say what is accepted:\n%s", text)
	}
	var wrong slackemu.InputErrors
	err := b.slack.Submit(t.Context(), ada, v.ID, map[string]string{"reason": "it is replaced", "until": "soon"})
	if !errors.As(err, &wrong) || !strings.Contains(wrong["until"], "no time such as 7d") {
		t.Errorf("a time that is none: %v", err)
	}
	if list, _ := known.InForce(t.Context()); len(list) > 0 {
		t.Errorf("accepted: %+v", list)
	}
	if err := b.slack.Submit(t.Context(), ada, v.ID, map[string]string{"reason": "it is replaced", "until": "2099-01-31"}); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(slackemu.Snapshot) bool { list, _ := known.InForce(t.Context()); return len(list) == 1 })
	list, _ := known.InForce(t.Context())
	want := incident.Object{Kind: "Node", Name: "leveling-pc"}
	if a := list[0]; a.Object != want || a.Reason != "it is replaced" || a.By != "Ada Lovelace" || a.Worst != incident.Critical {
		t.Errorf("accepted: %+v", a)
	}
	if text := b.asks(t, "accept"); !strings.Contains(text, "NodeCNIMissing") || !strings.Contains(text, "it is replaced") {
		t.Errorf("the list:\n%s", text)
	}
	b.unharmed(t)
}
