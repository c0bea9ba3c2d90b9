package recovery

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

const guideHead = `<!-- Generated from the registries of runbooks and steps by "make docs". Do not edit. -->

# Runbooks

What can be done about each code that [can be found](checks.md): %d of %d have a runbook. A runbook is tried for the causes that bear its
codes; where its remedy
does not fit what is there, the thread says why. [recovery.md](recovery.md) tells how a plan is approved, run and proved.

| code | runbook, or why none and what to do by hand |
|---|---|
`

const stepsHead = `
## Kinds of step

Nothing else can be done: the list is closed, and neither the model nor a log line can add to it. The rights are those of the person who
approves, on the objects of the plan,
and of whoever undoes it.

| kind of step | what it does | risk | rights |
|---|---|---|---|
`

// Markdown is docs/runbooks.md, given all codes that can be found.
func Markdown(codes []string) string {
	var rows, b strings.Builder
	treated := 0
	for _, code := range codes {
		names, means := Treating(code)
		cell := strings.Join(means, " ")
		switch {
		case len(names) > 0:
			treated++
			cell = "`" + strings.Join(names, "`, `") + "`: " + cell
		default:
			cell = "by hand: " + ByHand[code]
		}
		fmt.Fprintf(&rows, "| [%s](checks.md#%s) | %s |\n", code, strings.ToLower(code), cell)
	}
	fmt.Fprintf(&b, guideHead, treated, len(codes))
	b.WriteString(rows.String() + stepsHead)
	for _, k := range StepKinds() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Kind, k.Means, k.Risk, rightsInWords(k.Needs))
	}
	return b.String()
}

// Treating are the runbooks that are tried for a cause of the code, in their order, and what each does.
func Treating(code string) (names, means []string) {
	for _, book := range Runbooks {
		if slices.Contains(book.Codes, code) {
			names, means = append(names, book.Name), append(means, book.Means)
		}
	}
	return names, means
}

func rightsInWords(all []incident.Right) string {
	var out []string
	for _, r := range all {
		text := r.Verb + " " + r.Resource
		if r.Group != "" {
			text += "." + r.Group
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}
