package commands

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// What the summary of a plan holds, so that the first step is still seen on a phone: characters of a line, and how many are listed.
const (
	maxPlanTitle = 100
	maxSummary   = 150
	maxAgainst   = 85
	mostFailed   = 3
	mostCautions = 2
)

// planSummary is a plan in a few lines, which stand before its steps: what was found against it, then its steps, what they interrupt, how
// long they take, the way back, and by whose rights they run.
func planSummary(s *incident.State, p *incident.Plan, checks []incident.Check, rights string) []Block {
	title := []Span{Bold(atLength(p.Title, maxPlanTitle))}
	if s.Other != nil {
		title = append(title, Text(". Approving it withdraws the other plan."))
	}
	lines := List{{Spans: title}}
	for _, line := range []struct{ label, says string }{{"Steps", stepsLine(p)}, interruptsLine(p), {"Takes", takesLine(p)},
		{"Undo", backLine(p)}, {"Runs as", rightsLine(p, rights)}} {
		lines = append(lines, Item{Spans: []Span{Bold(line.label + ": "), Text(strings.TrimSuffix(line.says, ".") + ".")}})
	}
	if len(checks) > 0 && incident.AllOK(checks) {
		lines = append(lines, Item{Spans: []Span{Text(fmt.Sprintf("✓ All %s passed.", count(len(checks), "pre-check")))}})
	}
	if failed := failedChecks(checks); len(failed) > 0 { // what else there is to be wary of stands at its step
		return append(failed, lines)
	}
	return append(cautions(p), lines)
}

// failedChecks are what was found against a plan when it was tried out: the first of it, all of it stands at the plan's end.
func failedChecks(checks []incident.Check) []Block {
	n := bad(checks)
	if n == 0 {
		return nil
	}
	list := List{{Spans: []Span{Bold("You can’t approve this: "), Text(fmt.Sprintf("%d of %s failed.", n, count(len(checks), "pre-check")))}}}
	for _, c := range checks {
		if c.OK {
			continue
		}
		if len(list) > mostFailed {
			list = append(list, Item{Depth: 1, Spans: []Span{Text(fmt.Sprintf("… %d more, at the end", n-mostFailed))}})
			break
		}
		text := "✗ " + c.Name
		if c.Detail != "" {
			text += ": " + c.Detail
		}
		list = append(list, Item{Depth: 1, Spans: []Span{Text(clip.Runes(text, maxAgainst))}})
	}
	return []Block{list}
}

// stepsLine is how many steps there are, and on how much they act.
func stepsLine(p *incident.Plan) string {
	may := 0
	for i := range p.Steps {
		if p.Steps[i].Unless > 0 {
			may++
		}
	}
	must := len(p.Steps) - may
	text := fmt.Sprintf("%d on %s", must, count(p.Targets(), "object"))
	switch {
	case must == 0:
		text = fmt.Sprintf("none at once; %d only where it is needed", may)
	case may > 0:
		text = fmt.Sprintf("%d, and %d more only where needed, on %s", must, may, count(p.Targets(), "object"))
	}
	if p.Rest > 0 {
		text += fmt.Sprintf("; the other %s in the next plan", count(p.Rest, "object"))
	}
	return text
}

// interruptsLine is what the plan does to what runs now; all of it stands below the steps.
func interruptsLine(p *incident.Plan) struct{ label, says string } {
	line := struct{ label, says string }{"Interrupts", "nothing that runs"}
	switch p.Risk {
	case incident.Disruptive:
		line.says = ""
	case incident.Destructive:
		line.label, line.says = "Destroys", "what can’t be brought back"
	}
	for i, says := range p.Impact {
		text := says
		if line.says != "" {
			text = line.says + ". " + says
		}
		if len([]rune(text)) > maxSummary {
			if i == 0 {
				line.says = clip.Runes(text, maxSummary)
				continue
			}
			line.says += fmt.Sprintf("; and %d more, below the steps", len(p.Impact)-i)
			break
		}
		line.says = text
	}
	if line.says == "" {
		line.says = interrupted(p)
	}
	return line
}

// interrupted is what a disruptive plan ends or changes, where nothing is known of what hangs on it.
func interrupted(p *incident.Plan) string {
	if p.Pods > 0 {
		return "ends or replaces " + count(p.Pods, "pod")
	}
	var names []string
	for i := range p.Steps {
		if name := p.Steps[i].Target.Object.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 1 {
		return "whatever uses " + clip.Runes(names[0], maxSummary/2)
	}
	return fmt.Sprintf("whatever uses %s and %s", clip.Runes(strings.Join(names[:min(len(names), 1)], ""), maxSummary/2),
		count(len(names)-1, "more object"))
}

// takesLine is how long the plan takes, as far as anybody knows, and how long it is watched.
func takesLine(p *incident.Plan) string {
	if p.Took != "" {
		return clip.Runes(p.Took, maxSummary)
	}
	watched := "some minutes"
	if p.Watch > 0 {
		watched = "at least " + Duration(p.Watch)
	}
	return "unknown, it has never run here; it is then watched for " + watched
}

// backLine says which steps can be undone.
func backLine(p *incident.Plan) string {
	if p.InverseOf != "" {
		return "this plan is the undo of another"
	}
	var can, not []string
	for i := range p.Steps {
		if p.Steps[i].Reversible {
			can = append(can, fmt.Sprint(i+1))
		} else {
			not = append(not, fmt.Sprint(i+1))
		}
	}
	switch {
	case len(can) == 0:
		return "no step can be undone"
	case len(not) == 0:
		return "every step can be undone, by a plan of its own"
	}
	return fmt.Sprintf("%s can be undone, the other %d can’t", stepNumbers(can), len(not))
}

// stepNumbers names steps by their numbers.
func stepNumbers(numbers []string) string {
	if len(numbers) == 1 {
		return "step " + numbers[0]
	}
	const most = 6
	if len(numbers) > most {
		return fmt.Sprintf("%d steps", len(numbers))
	}
	return "steps " + strings.Join(numbers[:len(numbers)-1], ", ") + " and " + numbers[len(numbers)-1]
}

// rightsLine says by whose rights the plan runs, and whose yes it needs besides.
func rightsLine(p *incident.Plan, rights string) string {
	switch {
	case p.Terminal:
		return rights + "; the second approval is given in the terminal, with a kubeconfig of one’s own"
	case p.Asks() > 1:
		return fmt.Sprintf("%s; %d people have to approve", rights, p.Asks())
	}
	return rights
}

// destroyWord is typed to approve what can't be brought back.
const destroyWord = "destroy"

// wordFields ask for the word where a plan destroys something.
func wordFields(p *incident.Plan) []FormField {
	if p.Risk != incident.Destructive {
		return nil
	}
	return []FormField{{ID: "word", Label: "Type “" + destroyWord + "” to approve", Hint: "What this plan removes can’t be brought back.",
		Max: len(destroyWord)}}
}

// lacksWord says whether a plan destroys something and the word for it was not typed.
func lacksWord(p *incident.Plan, typed string) bool {
	return p != nil && p.Risk == incident.Destructive && !strings.EqualFold(strings.TrimSpace(typed), destroyWord)
}
