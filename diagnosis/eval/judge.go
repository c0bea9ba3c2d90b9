package eval

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Verdict is how a diagnosis did on a case.
type Verdict struct {
	Case  string `json:"case"`
	Quiet bool   `json:"quiet"` // nothing was to be found
	Top1  bool   `json:"top1"`  // the first cause names something at fault
	Top3  bool   `json:"top3"`  // all that is at fault is named by the first three causes, or by as many as there are roots
	Right bool   `json:"right"` // and each for the right reason: code and words
	// FalseAlarms are findings of severity warning or above about what is well.
	FalseAlarms []string `json:"falseAlarms,omitempty"`
	// Misnamed are causes that name neither what is at fault nor what may be named: symptoms taken for roots.
	Misnamed []string `json:"misnamed,omitempty"`
	// Missed says what is not as the case wants it, for people.
	Missed []string `json:"missed,omitempty"`
	// Confidence is that of the first cause; empty without one.
	Confidence incident.Confidence `json:"confidence,omitempty"`
	// Suspected says that there is no cause and that the first answer is a suspicion, which proves nothing.
	Suspected bool `json:"suspected,omitempty"`
}

// Passed says whether nothing is amiss.
func (v Verdict) Passed() bool {
	return v.Top1 && v.Top3 && v.Right && len(v.FalseAlarms) == 0 && len(v.Misnamed) == 0
}

// Judge compares a diagnosis with what the case wants.
func Judge(c Case, d *incident.Diagnosis) Verdict {
	v := Verdict{Case: c.Name, Quiet: len(c.Root) == 0, Top1: true, Top3: true, Right: true}
	if len(d.Causes) > 0 {
		v.Confidence = d.Causes[0].Confidence
	}
	for _, f := range d.Findings {
		if f.Severity.Rank() >= incident.Warning.Rank() && (v.Quiet && !names(c.Also, f.Object) || names(c.Quiet, f.Object)) {
			v.FalseAlarms = append(v.FalseAlarms, fmt.Sprintf("%s %s: %s", f.Code, f.Object, f.Title))
		}
	}
	if v.Quiet {
		return v
	}
	all := answers(d)
	v.Suspected = len(d.Causes) == 0 && len(all) > 0
	v.Top1 = len(all) > 0 && slices.ContainsFunc(c.Root, func(r Root) bool { return r.names(all[0]) })
	if !v.Top1 {
		v.Missed = append(v.Missed, "the first cause names nothing that is at fault")
	}
	most := min(len(all), max(3, len(c.Root)))
	for _, r := range c.Root {
		i := slices.IndexFunc(all[:most], r.names)
		if i < 0 {
			v.Top3, v.Right = false, false
			v.Missed = append(v.Missed, r.Object+" is not named")
			continue
		}
		if why := r.wrong(d, all[i]); why != "" {
			v.Right = false
			v.Missed = append(v.Missed, why)
		}
	}
	for _, x := range d.Causes {
		if !slices.ContainsFunc(c.Root, func(r Root) bool { return r.names(x) }) &&
			!slices.ContainsFunc(x.Objects, func(o incident.Object) bool { return names(c.Also, o) }) {
			v.Misnamed = append(v.Misnamed, fmt.Sprintf("%s %s: %s", x.Code, words(x.Objects), x.Title))
		}
	}
	return v
}

// answers are the causes, and after them, where somebody asked, the suspicions.
func answers(d *incident.Diagnosis) []incident.Cause {
	all := slices.Clone(d.Causes)
	for _, x := range d.Suspicions {
		all = append(all, incident.Cause{Code: x.Code, Title: x.Title, Objects: x.Objects, Next: x.Next, Evidence: x.Evidence})
	}
	return all
}

// Blind compares what is said of a case with what is said where the files of hosts are not seen, as for most who use the program; hosts
// says whether the case has any. Without any it may make no difference. With some, less may be known then, and a cause that only they show
// may be missed: but nothing that is well may be blamed, and nothing but the root for certain. What is amiss is returned, for people.
func Blind(c Case, hosts bool, seen, blind *incident.Diagnosis) (amiss []string) {
	say := func(format string, args ...any) {
		amiss = append(amiss, "without files of hosts: "+fmt.Sprintf(format, args...))
	}
	if !hosts {
		if a, b := told(seen), told(blind); a != b {
			say("it says %s, not %s", b, a)
		}
		return amiss
	}
	v := Judge(c, blind)
	before := Judge(c, seen)
	for _, f := range v.FalseAlarms {
		if !slices.Contains(before.FalseAlarms, f) {
			say("false alarm: %s", f)
		}
	}
	for _, x := range blind.Causes {
		named := slices.ContainsFunc(c.Root, func(r Root) bool { return r.names(x) }) ||
			slices.ContainsFunc(x.Objects, func(o incident.Object) bool { return names(c.Also, o) })
		if x.Confidence == incident.Certain && !named {
			say("a symptom is taken for a root, and called certain: %s %s: %s", x.Code, words(x.Objects), x.Title)
		}
	}
	return amiss
}

// told is what a diagnosis blames, how surely, and what it rules out.
func told(d *incident.Diagnosis) string {
	var b strings.Builder
	for _, c := range d.Causes {
		fmt.Fprintf(&b, "%s: %s (%s) of %s, for %s; ", c.ID, c.Title, c.Confidence, words(c.Objects), c.Reason)
	}
	for _, r := range d.RuledOut {
		fmt.Fprintf(&b, "ruled out: %s; ", r.What)
	}
	fmt.Fprintf(&b, "%d findings", len(d.Findings))
	return b.String()
}

func words(objects []incident.Object) string {
	var out []string
	for _, o := range objects {
		out = append(out, o.String())
	}
	return strings.Join(out, ", ")
}

func names(list []string, o incident.Object) bool { return slices.Contains(list, o.String()) }

// names says whether the cause blames the root, or what is as good an answer.
func (r Root) names(c incident.Cause) bool {
	return slices.ContainsFunc(c.Objects, func(o incident.Object) bool { return o.String() == r.Object || names(r.Or, o) })
}

// wrong says what the cause has wrong; "" if nothing.
func (r Root) wrong(d *incident.Diagnosis, c incident.Cause) string {
	if len(r.Codes) > 0 && !slices.Contains(r.Codes, c.Code) {
		return fmt.Sprintf("%s is blamed for %s, not for %s", r.Object, c.Code, strings.Join(r.Codes, " or "))
	}
	all := []string{c.Title, c.Reason, c.Next}
	for _, id := range c.Evidence {
		if e := d.EvidenceByID(id); e != nil {
			all = append(all, e.Field, e.Excerpt)
		}
	}
	said := strings.ToLower(strings.Join(all, "\n"))
	for _, w := range r.Says {
		if !strings.Contains(said, strings.ToLower(w)) {
			return fmt.Sprintf("%s: nothing says %q", r.Object, w)
		}
	}
	return ""
}
