package eval

import (
	"fmt"
	"strings"
)

// String is "7 of 8 (88%)".
func (c Count) String() string {
	if c.Of == 0 {
		return "none"
	}
	return fmt.Sprintf("%d of %d (%d%%)", c.Yes, c.Of, (200*c.Yes+c.Of)/(2*c.Of))
}

// Row is one measure of a Board, for people.
type Row struct{ What, Value string }

// Rows are a Board's measures, in the order in which people read them.
func (b Board) Rows() []Row {
	rows := []Row{
		{"Cases passed", b.Cases.String()},
		{"Root object first", b.Top1.String()},
		{"… of these merely suspected", fmt.Sprint(b.Suspected)},
		{"All root objects among the first three", b.Top3.String()},
		{"Right cause", b.Right.String()},
		{"Quiet cases with a false alarm", fmt.Sprintf("%s; %d alarms in all", b.Alarmed, b.Alarms)},
		{"Symptoms taken for roots", fmt.Sprint(b.Misnamed)},
		{"Swayed by untrusted words", fmt.Sprint(b.Swayed)},
		{"Seconds, median and most", fmt.Sprintf("%.3g, %.3g", b.Median, b.Slowest)},
	}
	if b.Agree.Of > 0 {
		rows = append(rows, Row{"Restricted looks that agree", b.Agree.String()})
	}
	for _, c := range b.Confidence {
		rows = append(rows, Row{"First cause right when " + string(c.Confidence), c.Right.String()})
	}
	rows = append(append(rows, Row{"Right first answers that are certain", b.Surely.String()}), b.Asked.rows()...)
	if b.Errors > 0 {
		rows = append(rows, Row{"Could not be run", fmt.Sprint(b.Errors)})
	}
	if m := b.Model; m != nil {
		rows = append(rows,
			Row{"Root object chosen by " + m.Name, m.Top1.String()},
			Row{"… by the rules alone", m.Rules.String()},
			Row{"… the template told instead", m.Fallbacks.String()},
			Row{"… answers refused for their citations", fmt.Sprint(m.Refused)},
			Row{"… tokens read and written", fmt.Sprintf("%d, %d", m.Prompt, m.Answer)})
	}
	return rows
}

// Markdown is a scoreboard and what became of each case, failures included.
func Markdown(results []Result) string {
	b := Score(results)
	var w strings.Builder
	w.WriteString("| measure | |\n|---|---|\n")
	for _, r := range b.Rows() {
		fmt.Fprintf(&w, "| %s | %s |\n", r.What, r.Value)
	}
	w.WriteString("\n| area | passed | root object first |\n|---|---|---|\n")
	for _, a := range b.Areas {
		fmt.Fprintf(&w, "| %s | %s | %s |\n", a.Name, a.Cases, a.Top1)
	}
	w.WriteString(b.Ablations.markdown(results) + variedMarkdown(b.Variations, results))
	w.WriteString("\n| row | case | verdict | seconds | API server |\n|---|---|---|---|---|\n")
	for _, r := range results {
		verdict := "passed"
		if !r.Passed() {
			verdict = "**failed**: " + cell(strings.Join(r.Amiss(), "; "))
		}
		version := r.Version
		if version == "" {
			version = "in memory"
		}
		fmt.Fprintf(&w, "| %s | %s: %s | %s | %.3g | %s |\n", r.Fault, r.Case, cell(r.Title), verdict, r.Seconds, version)
	}
	if b.Agree.Of > 0 {
		w.WriteString("\n## First causes, four ways\n\n" + Views(results))
	}
	return w.String()
}

// cell keeps a text within its cell.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", ">", "&gt;").Replace(s)
}
