package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

const head = `<!-- Generated from the checks' registry by "make docs". Do not edit. -->

# What Paramedic finds

%d codes of %d checks. ` + "`paramedic checks`" + ` lists them, ` + "`paramedic checks CODE`" + ` explains one. A **root** names what is at fault in itself; a symptom without an
observed root makes a cause that is merely possible. What a code explains, it explains only where a rule finds proof for that very pair of
objects; the rule's words are what a cause then says follows from it.
`

// Markdown is docs/checks.md.
func Markdown() string {
	docs := Codes()
	var b strings.Builder
	fmt.Fprintf(&b, head, len(docs), len(checks.Documented))
	for _, check := range checks.Documented {
		fmt.Fprintf(&b, "\n## %s\n", check.Name)
		if r := reads[check.Name]; len(r) > 0 {
			fmt.Fprintf(&b, "\nReads %s.\n", strings.Join(r, ", "))
		}
		for _, d := range docs {
			if d.Check == check.Name {
				writeCode(&b, d)
			}
		}
	}
	writePatience(&b)
	return b.String()
}

const patienceHead = `
## What may still pass

Much passes by itself. Whoever is to be woken (` + "`check`" + `, incidents of nobody's asking) hears of what was found once the time below is over; who asks about a namespace
or an object hears of it at once, with what it may still be and for how long. What was seen to fail is then told as a cause, what merely is
not done yet as a suspicion.

| patience | how long | it … | why |
|---|---|---|---|
`

const memoryHead = `
## What still speaks of now

How old something may be and still count, or how far apart two moments may lie and still belong together.

| memory | how long | why |
|---|---|---|
`

const thresholdHead = `
## From when on something is wrong

The checks and the Prometheus rules of [deploy/prometheus](../deploy/prometheus) go by the same numbers.

| threshold | how much | why | after |
|---|---|---|---|
`

// writePatience writes the tables of what may pass, of what is past, and of what is too much.
func writePatience(b *strings.Builder) {
	b.WriteString(patienceHead)
	for _, p := range finding.Patiences {
		howLong := "as the probe says"
		if p.For > 0 {
			howLong = finding.Duration(p.For)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", p.Name, howLong, escape(p.May), escape(p.Why))
	}
	b.WriteString(memoryHead)
	for _, m := range finding.Memories {
		fmt.Fprintf(b, "| %s | %s | %s |\n", m.Name, finding.Duration(m.For), escape(m.Why))
	}
	b.WriteString(thresholdHead)
	for _, t := range finding.Thresholds {
		fmt.Fprintf(b, "| %s | %g %s | %s | %s |\n", t.Name, t.Number, t.Unit, escape(t.Why), escape(t.Source))
	}
}

func writeCode(b *strings.Builder, d incident.CodeDoc) {
	kind := "symptom"
	if d.Root {
		kind = "root"
	}
	fmt.Fprintf(b, "\n### %s\n\n%s · %s. %s\n\n> %s\n", d.Code, d.Severity, kind, escape(d.Meaning), escape(d.Example))
	if d.Next != "" {
		fmt.Fprintf(b, "\nNext: %s\n", escape(d.Next))
	}
	writeLinks(b, "Explains", d.Explains)
	writeLinks(b, "Explained by", d.ExplainedBy)
}

// writeLinks gathers the links of one rule in one line.
func writeLinks(b *strings.Builder, heading string, list []incident.CodeLink) {
	if len(list) == 0 {
		return
	}
	byRule := map[string][]string{}
	var rules []incident.CodeLink
	for _, l := range list {
		if byRule[l.Rule] == nil {
			rules = append(rules, l)
		}
		byRule[l.Rule] = append(byRule[l.Rule], fmt.Sprintf("[%s](#%s)", l.Code, strings.ToLower(l.Code)))
	}
	slices.SortFunc(rules, func(a, b incident.CodeLink) int { return cmp.Compare(a.Rule, b.Rule) })
	fmt.Fprintf(b, "\n%s:\n\n", heading)
	for _, r := range rules {
		fmt.Fprintf(b, "- %s (%s: “%s”)\n", strings.Join(byRule[r.Rule], ", "), r.Rule, escape(r.Says))
	}
}

// escape keeps Markdown from taking placeholders for its own: <name>, *, and the bars of words in two numbers.
func escape(s string) string {
	return strings.NewReplacer("<", "&lt;", ">", "&gt;", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`).Replace(s)
}
