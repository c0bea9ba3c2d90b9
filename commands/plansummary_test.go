package commands_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// A phone of 400 × 800 pixels shows so many lines of so many characters of a window, below its title and above its buttons.
const (
	foldLines = 28
	foldWidth = 46
)

// wrapped counts the lines that a text takes on a phone, broken at blanks.
func wrapped(text string) int {
	n := 0
	for _, line := range strings.Split(text, "\n") {
		n++
		room := foldWidth
		for _, word := range strings.Fields(line) {
			for w := utf8.RuneCountInString(word) + 1; w > room+1; w -= foldWidth {
				n, room = n+1, foldWidth
			}
			room -= utf8.RuneCountInString(word) + 1
		}
	}
	return n
}

// beforeTheSteps is what stands before a plan's first step.
func beforeTheSteps(t *testing.T, r commands.Reply) string {
	t.Helper()
	text := commands.Plain(r)
	i := strings.Index(text, "\n1. ")
	if i < 0 {
		t.Fatalf("it has no first step:\n%s", text)
	}
	return strings.TrimSpace(text[:i])
}

// hugePlan is as large as a plan can be, with all that can be said against it.
func hugePlan(risk incident.Risk) incident.Plan {
	p := commandstest.Plan()
	one := p.Steps[1]
	p.Steps, p.Risk, p.Rest, p.People = nil, risk, 1000, 2
	p.Title = strings.Repeat("Restore the network configuration of node leveling-pc, then ", 9)
	for i := range 20 {
		one.ID, one.Title = fmt.Sprintf("s%d", i+1), fmt.Sprintf("Set key-%d", i+1)
		one.Unless, one.Reversible = 0, i%2 == 0
		one.Unmentioned = strings.Repeat("nothing speaks of this target, ", 9)
		if i > 10 {
			one.Unless = time.Minute
		}
		p.Steps = append(p.Steps, one)
		p.Impact = append(p.Impact, fmt.Sprintf("%d pods of Deployment shop/checkout-%d restart one after another", i+2, i))
	}
	p.Hash = p.ComputeHash()
	return p
}

func shown(p incident.Plan, other *incident.Plan, checks []incident.Check) commands.Reply {
	k := commandstest.NewKeeper(nil)
	s := k.Append("INC-123456", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()},
		incident.PlanProposed{Plan: p, Other: other, Idle: []incident.Prospect{{Text: "the rollout is given up"}}})
	return commands.PlanReview(s, s.Plan, &incident.PlanReviewed{PlanHash: p.Hash, By: commandstest.Ada, Checks: checks,
		As: incident.Identity{User: "ada.lovelace.of.the.platform.team@example.com"}})
}

// checked are so many pre-checks, of which the last have failed.
func checked(n, failed int) []incident.Check {
	var all []incident.Check
	for i := range n {
		all = append(all, incident.Check{Name: fmt.Sprintf("step %d: rights", i+1), OK: i < n-failed,
			Detail: strings.Repeat("may patch configmaps ", 20)})
	}
	return all
}

// Whatever the plan, its first step begins on the first screen of a phone: what approving means is read without scrolling.
func TestWhatApprovingMeansIsAboveTheFold(t *testing.T) {
	other := commandstest.Plan()
	for name, c := range map[string]struct {
		reply commands.Reply
		most  int
	}{
		"the founding incident":   {shown(commandstest.Plan(), nil, checked(26, 0)), 12},
		"one of two":              {shown(commandstest.Plan(), &other, checked(26, 0)), 13},
		"the largest":             {shown(hugePlan(incident.Disruptive), &other, checked(40, 0)), foldLines},
		"the largest, destroying": {shown(hugePlan(incident.Destructive), nil, checked(40, 0)), foldLines},
		"what failed":             {shown(commandstest.Plan(), nil, checked(26, 20)), foldLines},
		"all at once":             {shown(hugePlan(incident.Disruptive), &other, checked(40, 20)), foldLines},
	} {
		t.Run(name, func(t *testing.T) {
			text := beforeTheSteps(t, c.reply)
			if n := wrapped(text); n > c.most {
				t.Errorf("%d lines and %d characters before the first step:\n%s", n, utf8.RuneCountInString(text), text)
			}
			if n := utf8.RuneCountInString(c.reply.Form.Title); n > 24 {
				t.Errorf("the title %q has %d characters", c.reply.Form.Title, n)
			}
			if !strings.HasPrefix(c.reply.Form.Title, "INC-123456: ") {
				t.Errorf("the title is %q", c.reply.Form.Title)
			}
		})
	}
}

// The summary has a line for each thing that a person asks before they say yes.
func TestThePlansSummary(t *testing.T) {
	p := commandstest.Plan()
	p.Steps[0].Reversible, p.Steps[1].Reversible = true, true
	p.Impact = []string{"The only pod of Deployment kube-system/coredns is replaced"}
	p.Took = "2 minutes until all was proved well, as it took earlier (3 times, last on 2025-10-01)"
	p.Hash = p.ComputeHash()
	text := beforeTheSteps(t, shown(p, nil, checked(26, 0)))
	want := `Restore the network configuration, then DNS
Steps: 3, and 1 more only where needed, on 4 objects.
Interrupts: The only pod of Deployment kube-system/coredns is replaced.
Takes: 2 minutes until all was proved well, as it took earlier (3 times, last on 2025-10-01).
Undo: steps 1 and 2 can be undone, the other 2 can’t.
Runs as: ada.lovelace.of.the.platform.team@example.com.
✓ All 26 pre-checks passed.`
	if text != want {
		t.Errorf("%s", text)
	}
}

// What failed stands before all else, and leaves nothing to approve.
func TestFailedChecksComeFirst(t *testing.T) {
	r := shown(commandstest.Plan(), nil, checked(26, 2))
	if text := beforeTheSteps(t, r); !strings.HasPrefix(text, "You can’t approve this: 2 of 26 pre-checks failed.\n  - ✗ step 25: rights") ||
		strings.Contains(text, "passed") {
		t.Errorf("%s", text)
	}
	if r.Form.Submit != "" || r.Form.Command != "" || r.Exit != commands.ExitWrong {
		t.Errorf("it can be approved: %+v", r.Form)
	}
}

// What destroys is approved by a word that is typed, in a window and in a line alike.
func TestWhatDestroysIsApprovedByAWord(t *testing.T) {
	set, k := newSet(commandstest.Founding())
	p := hugePlan(incident.Destructive)
	k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: p})
	f := ask(t, set, "plan INC-1").Form
	if len(f.Fields) != 1 || f.Submit != "Approve" {
		t.Fatalf("%+v", f)
	}
	words, err := commands.Parse(f.Command)
	if err != nil {
		t.Fatal(err)
	}
	submit := func(word string) commands.Reply {
		return set.Dispatch(t.Context(), commands.Request{Command: words[0], Args: words[1:], Values: map[string]string{"word": word},
			Person: commandstest.Ada})
	}
	if r := submit("yes"); r.Errors["word"] == "" {
		t.Errorf("another word: %+v", r)
	}
	if r := ask(t, set, f.Command); r.Exit != commands.ExitWrong || !strings.Contains(r.Text, "“destroy”") {
		t.Errorf("typed without the word: %+v", r)
	}
	if s, _ := k.Get(t.Context(), "INC-1"); s.Approval() != nil {
		t.Fatal("it was approved without the word")
	}
	if r := submit(" Destroy "); r.Exit != commands.ExitFine {
		t.Errorf("with the word: %+v", r)
	}
}

// A plan is rejected with a reason, from its window and from its thread, and each action has one name.
func TestAPlanIsRejectedWithAReason(t *testing.T) {
	set, k := newSet(commandstest.Founding())
	s := k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: commandstest.Plan()})
	inWindow := ask(t, set, "plan INC-1").Form.Actions
	if len(inWindow) != 1 {
		t.Fatalf("the window offers %+v", inWindow)
	}
	names := map[string]string{}
	for _, m := range commands.IncidentMessages(s, commandstest.Start) {
		for _, block := range m.Reply.Blocks {
			buttons, _ := block.(commands.Actions)
			for _, b := range append(buttons, inWindow...) {
				if name := names[b.Value]; name != "" && name != b.Label {
					t.Errorf("%s is called %q and %q", b.Value, name, b.Label)
				}
				names[b.Value] = b.Label
			}
		}
	}
	f := ask(t, set, inWindow[0].Value).Form
	if f == nil || len(f.Fields) != 1 || f.Submit != inWindow[0].Label || f.Cancel != "Cancel" {
		t.Fatalf("%+v", f)
	}
	words, err := commands.Parse(f.Command)
	if err != nil {
		t.Fatal(err)
	}
	set.Dispatch(t.Context(), commands.Request{Command: words[0], Args: words[1:], Values: map[string]string{"reason": "not\nnow"},
		Person: commandstest.Ada})
	if s, _ := k.Get(t.Context(), "INC-1"); s.Rejected == nil || s.Rejected.Reason != "not now" {
		t.Errorf("%+v", s.Rejected)
	}
}
