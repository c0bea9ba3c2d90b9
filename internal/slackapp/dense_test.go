package slackapp_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// weight is what Slack counts of a message, read from what goes over the wire: every text, and 125 for each block after the first.
func weight(t *testing.T, blocks []slack.Block) int {
	t.Helper()
	raw, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	var all any
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	n := 125 * max(len(blocks)-1, 0)
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for key, e := range v {
				if s, ok := e.(string); ok && (key == "text" || key == "format" || key == "fallback") {
					n += utf8.RuneCountInString(s)
				}
				walk(e)
			}
		}
	}
	walk(all)
	return n
}

// Whatever is in a Reply, its message keeps to what Slack takes, and Slack's own types agree.
func TestEveryMessageKeepsToSlacksMeasure(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for i := range 60 {
		m := slackapp.Render(slackapp.Arbitrary(random))
		if n := weight(t, m.Blocks); n > 12000 || len(m.Blocks) > 50 {
			t.Fatalf("message %d weighs %d in %d blocks", i, n, len(m.Blocks))
		}
		for _, b := range m.Blocks {
			if s, ok := b.(*slack.SectionBlock); ok && s.Text != nil && s.Text.Validate() != nil {
				t.Fatalf("message %d: %v", i, s.Text.Validate())
			}
		}
	}
}

// planOf is a plan of so many steps, each with a diff.
func planOf(steps int) incident.Plan {
	p := commandstest.Plan()
	one := p.Steps[1]
	p.Steps = nil
	for i := range steps {
		one.ID, one.Title = fmt.Sprintf("s%d", i+1), fmt.Sprintf("Restore the ConfigMap settings-%d", i+1)
		one.Target.Object.Name = fmt.Sprintf("settings-%d", i+1)
		one.Diff = "--- settings\n+++ settings\n@@ -3,7 +3,7 @@\n" + strings.Repeat("     unchanged: line\n", 8) +
			fmt.Sprintf("-    upstream: 127.0.0.1 # %d\n+    upstream: /etc/resolv.conf # %d\n", i, i)
		p.Steps = append(p.Steps, one)
	}
	return p
}

// However long a plan is, its message keeps its title, its buttons and the way to the whole; and the window that opens shows all of it.
func TestAPlanOfManyStepsKeepsItsButtons(t *testing.T) {
	for _, steps := range []int{20, 100} {
		t.Run(fmt.Sprint(steps), func(t *testing.T) {
			b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
			b.listen(t, b.set)
			b.deliver(t)
			b.keeper.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: planOf(steps)})
			var plan slackemu.Message
			b.wait(t, func(n slackemu.Snapshot) bool {
				for _, m := range n.Messages(channel) {
					for _, r := range n.Thread(channel, m.TS) {
						if len(r.Elements()) == 2 && r.Elements()[0].ActionID == "review" {
							plan = r
						}
					}
				}
				return plan.TS != ""
			})
			if got := plan.Plain(); !strings.Contains(got, "settings-1\n") || !strings.Contains(got, fmt.Sprintf("… %d more steps", steps-4)) {
				t.Errorf("the plan's message says %.600q", got)
			}
			if err := b.slack.Press(t.Context(), ada, channel, plan.TS, "review"); err != nil {
				t.Fatal(err)
			}
			window := b.turnThrough(t)
			if last := window[len(window)-1]; last.Submit != "Approve" {
				t.Errorf("all %d pages were shown, and it can't be approved", len(window))
			}
			if n := strings.Count(told(window), "upstream: /etc"); n != steps {
				t.Errorf("the window shows %d of %d steps", n, steps)
			}
			b.unharmed(t)
		})
	}
}

// The answer to a submitted window goes out with its acknowledgement, so it has to be small; what is more is shortened.
func TestALargeAnswerToASubmissionIsShown(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	large := commands.Reply{Text: "no", Exit: commands.ExitWrong, Blocks: []commands.Block{
		commands.Paragraph{commands.Text("It can’t be done. " + strings.Repeat("<because> ", 5000))}}}
	c := &forms{reply: large}
	b.listen(t, c)
	if err := b.slack.Command(t.Context(), ada, channel, "/medic", "plan INC-1"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { v := n.Views(ada); return len(v) == 1 && v[0].Submit == "Yes" })
	if err := b.slack.Submit(t.Context(), ada, b.slack.Views(ada)[0].ID, nil); err != nil {
		t.Fatal(err)
	}
	v := b.slack.Views(ada)
	if len(v) != 1 || !strings.Contains(v[0].Plain(), "It can’t be done.") || !strings.Contains(v[0].Plain(), "paramedic incidents INC-1") {
		t.Errorf("she sees %d windows: %+v", len(v), v)
	}
	b.unharmed(t)
	time.Sleep(50 * time.Millisecond) // a connection that was closed for it would be gone by now
	if n := b.slack.Snapshot().Connections; n != slackapp.Connections && !posts() {
		t.Errorf("%d connections", n)
	}
}
