package eval

import (
	"fmt"
	"slices"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Ablated is what is said of a case once the codes that name its root are taken away, and the rules that start from them: as of a fault
// that nobody has thought of.
type Ablated struct {
	Codes   []string `json:"codes"` // those taken away
	First   *First   `json:"first"` // nil: no cause is left
	Root    bool     `json:"root"`  // the first cause names the root all the same
	Symptom bool     `json:"symptom"`
	Top3    bool     `json:"top3"` // one of the first three answers names the root
	// Asked is how it does when somebody asks about the namespace where it hurts; nil where there is none.
	Asked *AblatedAsked `json:"asked,omitempty"`
	// Wrong are the causes that are called certain and name neither the root nor one of its symptoms.
	Wrong []string `json:"wrong,omitempty"`
}

// AblatedAsked is what somebody is told who asks about the namespace where it hurts.
type AblatedAsked struct {
	Root bool `json:"root"` // the first answer names the root
	Top3 bool `json:"top3"` // one of the first three does
}

// Unknown says whether the answer is "I don't know": nothing is blamed, or the first cause is merely possible.
func (a Ablated) Unknown() bool { return a.First == nil || a.First.Confidence == incident.Possible }

// RootCodes are the codes that name what is at fault: those that the case wants, and those of the causes that a diagnosis blames it by.
func RootCodes(c Case, whole *incident.Diagnosis) []string {
	var out []string
	for _, r := range c.Root {
		out = append(out, r.Codes...)
		for _, x := range answers(whole) {
			if r.names(x) {
				out = append(out, x.Code)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// JudgeAblated judges what is said of a case without the codes, d, by what the case wants and by what is said with them, whole.
func JudgeAblated(c Case, codes []string, whole, d *incident.Diagnosis) Ablated {
	a := Ablated{Codes: codes, First: firstOf(d), Wrong: wronglyCertain(c, whole, d), Top3: c.amongFirst(mostAnswers, d)}
	if len(d.Causes) > 0 {
		a.Root = c.atRoot(d.Causes[0])
		a.Symptom = !a.Root && c.suffers(whole, d.Causes[0])
	}
	return a
}

// Ask takes account of what somebody is told who asks about the namespace where it hurts, d, without the codes; whole is told with them.
func (a *Ablated) Ask(c Case, whole, d *incident.Diagnosis) {
	a.Asked = &AblatedAsked{Root: c.amongFirst(1, d), Top3: c.amongFirst(mostAnswers, d)}
	a.Wrong = append(a.Wrong, wronglyCertain(c, whole, d)...)
}

// mostAnswers is how many answers a person reads.
const mostAnswers = 3

// amongFirst says whether one of the first n answers names the root.
func (c Case) amongFirst(n int, d *incident.Diagnosis) bool {
	all := answers(d)
	return slices.ContainsFunc(all[:min(len(all), n)], c.atRoot)
}

// wronglyCertain lists the causes that a diagnosis calls certain and that are neither what is at fault in the case nor suffer from it.
func wronglyCertain(c Case, whole, d *incident.Diagnosis) []string {
	var out []string
	for _, x := range d.Causes {
		if x.Confidence == incident.Certain && !c.atRoot(x) && !c.suffers(whole, x) {
			out = append(out, fmt.Sprintf("%s %s: %s", x.Code, words(x.Objects), x.Title))
		}
	}
	return out
}

// atRoot says whether a cause names what is at fault.
func (c Case) atRoot(x incident.Cause) bool {
	return slices.ContainsFunc(c.Root, func(r Root) bool { return r.names(x) })
}

// suffers says whether a cause names a symptom of what is at fault: what may be named as well, or what the root explains in the whole
// diagnosis.
func (c Case) suffers(whole *incident.Diagnosis, x incident.Cause) bool {
	symptoms := map[incident.Object]bool{}
	for _, root := range whole.Causes {
		if !c.atRoot(root) {
			continue
		}
		for _, o := range root.Objects {
			symptoms[o] = true
		}
		for _, id := range root.Explains {
			if f := whole.Finding(id); f != nil {
				symptoms[f.Object] = true
			}
		}
	}
	return slices.ContainsFunc(x.Objects, func(o incident.Object) bool { return symptoms[o] || names(c.Also, o) })
}
