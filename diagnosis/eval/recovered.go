package eval

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Recovered is what became of a live case that was to be mended.
type Recovered struct {
	Codes   []string `json:"codes"`            // of its causes, the first first
	Runbook string   `json:"runbook"`          // of the plan; empty: none was offered
	Steps   []string `json:"steps,omitempty"`  // kinds, in order
	People  int      `json:"people,omitempty"` // who approved it
	NoPlan  string   `json:"noPlan,omitempty"` // why no plan was offered
	Failed  string   `json:"failed,omitempty"` // why the fault is there still, or not proved to be gone
	Full    bool     `json:"full,omitempty"`   // watched for as long as by default
	Unwell  string   `json:"unwell,omitempty"` // the last of what was not well yet after the steps
	// Seconds from the alert to the plan, of the steps, of the proof, and from the manifests to the last look.
	Planned float64 `json:"planned"`
	Ran     float64 `json:"ran"`
	Proved  float64 `json:"proved"`
	Whole   float64 `json:"whole"`
}

// Mended says whether the case was diagnosed, a plan was run, and the fault is gone.
func (r Result) Mended() bool { return r.recovery() == mended }

// recovery is how the recovery of a result ended.
func (r Result) recovery() string {
	switch c := r.Recovered; {
	case r.Error != "" || c == nil || c.Failed != "":
		return failed
	case c.Runbook == "":
		return noPlan
	case !r.Verdict.Passed():
		return failed
	}
	return mended
}

const (
	failed = "not mended"
	noPlan = "no plan"
	mended = "mended"
)

// why says why a recovery failed.
func (r Result) why() string {
	if r.Error != "" {
		return "could not be run: " + r.Error
	}
	if r.Recovered == nil || r.Recovered.Failed == "" {
		return "not diagnosed as it should be: " + strings.Join(r.Amiss(), "; ")
	}
	return r.Recovered.Failed
}

// Recoveries is the account of recoveries in Markdown: what failed first.
func Recoveries(results []Result) string {
	by := map[string][]Result{}
	for _, r := range results {
		by[r.recovery()] = append(by[r.recovery()], r)
	}
	b := strings.Builder{}
	b.WriteString(sum(by))
	if len(by[failed]) > 0 {
		b.WriteString("\n### Not mended\n\n| case | cause | runbook | why |\n|---|---|---|---|\n")
	}
	for _, r := range by[failed] {
		c := r.Recovered
		if c == nil {
			c = &Recovered{}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", rowName(r), strings.Join(c.Codes, ", "), cmp.Or(c.Runbook, "none"), cell(r.why()))
	}
	if len(by[noPlan]) > 0 {
		b.WriteString("\n### No plan\n\nA runbook treats the cause, and does not fit what is there.\n\n| case | cause | " +
			"what the thread says |\n|---|---|---|\n")
	}
	for _, r := range by[noPlan] {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", rowName(r), strings.Join(r.Recovered.Codes, ", "), cell(r.Recovered.NoPlan))
	}
	b.WriteString("\n### Mended\n\nSeconds from the alert to the plan, of the steps, of the proof, and from the manifests to the " +
		"last look.\n\n" +
		"| case | cause | runbook | steps | people | planned | ran | proved | all |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range by[mended] {
		c := r.Recovered
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %d | %.0f | %.0f | %.0f | %.0f |\n", rowName(r), strings.Join(c.Codes, ", "), c.Runbook,
			strings.Join(c.Steps, ", "), c.People, c.Planned, c.Ran, c.Proved, c.Whole)
	}
	return b.String()
}

// sum is the account in a few sentences.
func sum(by map[string][]Result) string {
	var whole []float64
	full := 0
	books := map[string]bool{}
	for _, r := range by[mended] {
		whole, books[r.Recovered.Runbook] = append(whole, r.Recovered.Whole), true
		if r.Recovered.Full {
			full++
		}
	}
	slices.Sort(whole)
	text := fmt.Sprintf("%d cases were mended, by %d runbooks; %d were not, and for %d no plan was offered.", len(whole), len(books),
		len(by[failed]), len(by[noPlan]))
	if n := len(whole); n > 0 {
		text += fmt.Sprintf(" It took %.0f s in the middle, and %.0f s at most; %d of them were watched for the full six minutes.",
			(whole[(n-1)/2]+whole[n/2])/2, whole[n-1], full)
	}
	return text + "\n"
}

func rowName(r Result) string { return cell(r.Case + ": " + r.Title) }
