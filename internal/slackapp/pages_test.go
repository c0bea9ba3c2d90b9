package slackapp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// can says whether a view has a button.
func can(v slackemu.View, actionID string) bool {
	for _, e := range (slackemu.Message{Blocks: v.Blocks}).Elements() {
		if e.ActionID == actionID {
			return true
		}
	}
	return false
}

// pageOf is the window that Ada looks at, once it shows something else than before and is no longer being filled.
func (b *bed) pageOf(t *testing.T, before string) slackemu.View {
	t.Helper()
	b.wait(t, func(n slackemu.Snapshot) bool {
		v := n.Views(ada)
		return len(v) == 1 && v[0].Hash != before && !strings.Contains(v[0].Plain(), "Looking …")
	})
	return b.slack.Views(ada)[0]
}

// turnThrough turns to the last page of the window that Ada has opened, as a person would.
func (b *bed) turnThrough(t *testing.T) []slackemu.View {
	t.Helper()
	pages := []slackemu.View{b.pageOf(t, "")}
	for v := pages[0]; can(v, "page-next"); pages = append(pages, v) {
		if v.Submit != "" {
			t.Fatalf("it can be approved on page %d of more", len(pages))
		}
		if err := b.slack.PressView(t.Context(), ada, v.ID, "page-next"); err != nil {
			t.Fatal(err)
		}
		v = b.pageOf(t, v.Hash)
	}
	return pages
}

func told(pages []slackemu.View) string {
	var out []string
	for _, v := range pages {
		out = append(out, v.Plain())
	}
	return strings.Join(out, "\n")
}

// review opens the plan of INC-1.
func (b *bed) review(t *testing.T) {
	t.Helper()
	if err := b.slack.Command(t.Context(), ada, channel, "/medic", "plan INC-1"); err != nil {
		t.Fatal(err)
	}
}

// arbitraryPlan has up to 20 steps with diffs of any length that a plan may have, of anything that they may hold.
func arbitraryPlan(random *rand.Rand) incident.Plan {
	p := commandstest.Plan()
	one := p.Steps[1]
	p.Steps = nil
	pick := func(all ...string) string { return all[random.IntN(len(all))] }
	most := random.IntN(8 << 10)
	for i := range 1 + random.IntN(20) {
		one.ID, one.Title = fmt.Sprintf("s%d", i+1), fmt.Sprintf("Set key-%d %s to what it was", i+1,
			pick("of *all*", "<!channel>", strings.Repeat("long/", 100)))
		one.Unless = 0
		if random.IntN(3) == 0 {
			one.Unless = 60e9
		}
		var diff strings.Builder
		diff.WriteString("--- x (now)\n+++ x (after)\n@@ -1,9 +1,9 @@\n")
		for n := 0; diff.Len() < most; n++ {
			line := fmt.Sprintf("%s%d.%d ", pick("+", "-", " "), i, n) + strings.Repeat(pick("a", "&", "<b>", "```", "` ", "* _x_ ", "🚑",
				"forward . 203.0.113.7 "), random.IntN(8)) + "."
			diff.WriteString(line + "\n")
		}
		one.Diff = diff.String()
		p.Steps = append(p.Steps, one)
	}
	p.Hash = p.ComputeHash()
	return p
}

// No plan can be approved by somebody to whom not every step and every line of every diff was shown; and each page begins with what
// approving it means.
func TestNothingIsApprovedThatWasNotShown(t *testing.T) {
	b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	b.listen(t, b.set)
	random := rand.New(rand.NewPCG(9, 9))
	as := strings.NewReplacer("ˋ", "`", "∗", "*", "ˍ", "_")
	for i := range 12 {
		plan := arbitraryPlan(random)
		b.keeper.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: plan})
		b.review(t)
		pages := b.turnThrough(t)
		whole := as.Replace(told(pages))
		from := 0
		for _, step := range plan.Steps {
			for _, line := range strings.Split(strings.TrimSpace(step.Diff), "\n") {
				at := strings.Index(whole[from:], "\n"+line+"\n")
				if at < 0 {
					t.Fatalf("plan %d: %q is on none of %d pages, or not in its place", i, line, len(pages))
				}
				from += at + len(line)
			}
		}
		for n, v := range pages {
			for _, block := range v.Blocks {
				if block.Type() == "section" && block["expand"] != true {
					t.Errorf("plan %d, page %d: Slack may fold %.100v", i, n+1, block["text"])
				}
			}
			text := as.Replace(v.Plain())
			for _, line := range []string{"*Steps:* ", "*Interrupts:* ", "*Takes:* ", "*Undo:* ", "*Runs as:* ada@example.com.",
				"All 2 pre-checks passed."} {
				if !strings.Contains(text, line) {
					t.Errorf("plan %d, page %d lacks %q: %.300s", i, n+1, line, text)
				}
			}
			if last := n == len(pages)-1; strings.Contains(text, plan.Hash[:12]) != last || (v.Submit == "Approve") != last {
				t.Errorf("plan %d, page %d of %d: submit %q, hash shown: %t", i, n+1, len(pages), v.Submit, strings.Contains(text, plan.Hash[:12]))
			}
		}
		if err := b.slack.CloseView(t.Context(), ada, pages[len(pages)-1].ID); err != nil {
			t.Fatal(err)
		}
	}
	b.unharmed(t)
}

// Whoever asks where no window can be opened reads the plan in short, and opens it from there: all of it is shown in a window alone.
func TestAPlanAskedForInWordsIsOpenedFromThere(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.listen(t, b.set)
	plan := planOf(20)
	plan.Hash = plan.ComputeHash()
	b.keeper.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: plan})
	if _, err := b.slack.Mention(t.Context(), ada, channel, "", "plan INC-1"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return strings.Contains(last(n, ada), "[Open the plan]") })
	if got := last(b.slack.Snapshot(), ada); strings.Contains(got, plan.Hash[:8]) || strings.Contains(got, "[Approve") {
		t.Errorf("it can be approved from a message: %s", got)
	}
	m := b.slack.Ephemerals(ada)[0]
	if err := b.slack.Press(t.Context(), ada, channel, m.TS, "open"); err != nil {
		t.Fatal(err)
	}
	if pages := b.turnThrough(t); pages[len(pages)-1].Submit != "Approve" {
		t.Error("it can't be approved in the window")
	}
	b.unharmed(t)
}

// Where Slack takes no window that large the pages are smaller, and as whole.
func TestSmallerPages(t *testing.T) {
	b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	b.listen(t, b.set)
	b.keeper.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: planOf(20)})
	b.slack.Inject(slackemu.Fault{Method: "views.update", Outcome: slackemu.Refused, Error: "view_too_large"})
	b.review(t)
	pages := b.turnThrough(t)
	if n := strings.Count(told(pages), "upstream: /etc"); n != 20 || len(pages) < 2 || pages[len(pages)-1].Submit != "Approve" {
		t.Errorf("%d pages show %d of 20 steps; submit %q", len(pages), n, pages[len(pages)-1].Submit)
	}
}

// A double press turns one page, going back takes nothing away, and what was turned to of another plan does not count for this one.
func TestTurningPages(t *testing.T) {
	b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	b.listen(t, b.set)
	propose := func(what string) {
		plan := planOf(20)
		for i := range plan.Steps {
			plan.Steps[i].Diff += strings.Repeat("+    "+what+"\n", 7000/(len(what)+6))
		}
		plan.Hash = plan.ComputeHash()
		b.keeper.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: plan})
	}
	propose("one")
	b.review(t)
	first := b.pageOf(t, "")
	turn := func(v slackemu.View, button string) slackemu.View {
		t.Helper()
		if err := b.slack.PressView(t.Context(), ada, v.ID, button); err != nil {
			t.Fatal(err)
		}
		return b.pageOf(t, v.Hash)
	}
	second := turn(first, "page-next")
	if !strings.Contains(second.Plain(), "Page 2 of 3.") || second.Submit != "" {
		t.Fatalf("%.200s … submit %q", second.Plain(), second.Submit)
	}
	third := turn(second, "page-next")
	if again := turn(third, "page-previous"); again.Submit != "Approve" || !strings.Contains(again.Plain(), "Page 2 of 3.") {
		t.Errorf("back on page 2 it says submit %q", again.Submit)
	}
	propose("two")
	changed := turn(b.slack.Views(ada)[0], "page-next")
	if changed.Submit != "" || !strings.Contains(changed.Plain(), "is not on offer") {
		t.Errorf("another plan's pages count: submit %q, %.300s", changed.Submit, changed.Plain())
	}
	b.unharmed(t)
}

// endless answers "plan" with a Form whose Whole grows at each look, and counts what is approved.
type endless struct {
	looks    int
	approved int
}

func (e *endless) Dispatch(_ context.Context, r commands.Request) commands.Reply {
	if r.Command == "approve" {
		e.approved++
	}
	e.looks++
	var whole []commands.Block
	for i := range 40 {
		whole = append(whole, commands.Code{Text: strings.Repeat(fmt.Sprintf("+ look %d, %d\n", e.looks, i), 200), Language: "diff"})
	}
	return commands.Reply{Text: "x", Blocks: []commands.Block{commands.Paragraph{commands.Text("In short")}},
		Form: &commands.Form{Submit: "Approve", Command: "approve", Whole: whole, Again: "page"}}
}
func (e *endless) Opens(string) bool { return true }
func (e *endless) Acts(string) bool  { return true }

// Pages that are not what they were when they were turned to are to be read anew.
func TestWhatHasChangedIsReadAnew(t *testing.T) {
	b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	b.listen(t, &endless{})
	b.review(t)
	v := b.pageOf(t, "")
	for range 4 {
		if err := b.slack.PressView(t.Context(), ada, v.ID, "page-next"); err != nil {
			t.Fatal(err)
		}
		v = b.pageOf(t, v.Hash)
		if v.Submit != "" || !strings.Contains(v.Plain(), "Page 1 of") || !strings.Contains(v.Plain(), "no longer what you opened") {
			t.Fatalf("submit %q: %.200s", v.Submit, v.Plain())
		}
	}
	var kept struct{ Command string }
	if err := json.Unmarshal([]byte(v.PrivateMetadata), &kept); err != nil || kept.Command != "" {
		t.Errorf("the window keeps the command %q, %v", kept.Command, err)
	}
}

// What can't be shown whole can't be approved: a summary without end, a block of a kind that is shortened.
func TestWhatCannotBeShownWholeIsNotOffered(t *testing.T) {
	long := commands.Paragraph{commands.Text(strings.Repeat("words ", 20000))}
	for name, r := range map[string]commands.Reply{
		"a summary without end": {Blocks: []commands.Block{long}, Form: &commands.Form{Whole: []commands.Block{commands.Code{Text: "+a"}},
			Again: "page"}},
		"a table":             {Form: &commands.Form{Whole: []commands.Block{commands.Table{}}, Again: "page"}},
		"pages without a way": {Form: &commands.Form{Whole: []commands.Block{long}}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, slackemu.Options{})
			r.Form.Submit, r.Form.Command = "Yes", "approve"
			w := whatever{make(chan commands.Reply, 1)}
			w.replies <- r
			b.listen(t, w)
			b.review(t)
			if v := b.pageOf(t, ""); v.Submit != "" || !strings.Contains(v.Plain(), "can’t be approved here") {
				t.Errorf("submit %q: %.200s", v.Submit, v.Plain())
			}
			b.unharmed(t)
		})
	}
}
