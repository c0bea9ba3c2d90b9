package eval

import (
	"fmt"
	"strings"
)

// Result is one case that was run.
type Result struct {
	Verdict
	Title   string  `json:"title"`
	Fault   string  `json:"fault"`   // the row that it belongs to
	Seconds float64 `json:"seconds"` // of the diagnosis; of a live case from its manifests to the verdict
	Live    bool    `json:"live,omitempty"`
	Version string  `json:"version,omitempty"` // of a live case's API server
	// Swayed says what untrusted words did that they may not: change the ranking, or get repeated as an order.
	Swayed []string `json:"swayed,omitempty"`
	// Blind says what goes wrong where the files of hosts are not seen, see [Blind].
	Blind []string `json:"blind,omitempty"`
	// Asking is how it does when somebody asks about a part of the cluster; of a live case nil.
	Asking *Asking `json:"asking,omitempty"`
	// Ablated is what is said without the codes that name the root; nil unless that was asked for and the case has one.
	Ablated *Ablated `json:"ablated,omitempty"`
	// Varied is what each of [Variations] made of the answer; none unless that was asked for.
	Varied []Varied `json:"varied,omitempty"`
	Told   *Told    `json:"told,omitempty"`  // nil: nobody told it
	Views  []View   `json:"views,omitempty"` // of a live case that was looked at in all of [Ways]
	// Recovered is what became of a live case that was to be mended; nil: nobody tried.
	Recovered *Recovered `json:"recovered,omitempty"`
	Error     string     `json:"error,omitempty"` // why it could not be run; the verdict is empty then
}

// Passed says whether the case was run and nothing is amiss.
func (r Result) Passed() bool {
	return r.Error == "" && len(r.Swayed) == 0 && len(r.Blind) == 0 && len(r.alarmed()) == 0 && r.Verdict.Passed() && len(r.disagree()) == 0
}

// alarmed lists the false alarms of questions about what is well.
func (r Result) alarmed() []string {
	if r.Asking == nil {
		return nil
	}
	return r.Asking.Alarmed
}

// disagree lists the ways of looking whose answers cannot stand beside that of the whole look.
func (r Result) disagree() (out []string) {
	for _, v := range r.Views {
		if why := v.Wrong + v.Error; why != "" {
			out = append(out, fmt.Sprintf("%s: %s: %s", v.Way, v.First, why))
		}
	}
	return out
}

// Area is the first part of the row's id: "pods".
func (r Result) Area() string {
	area, _, _ := strings.Cut(r.Fault, "/")
	return area
}

// Amiss lists what is not as it should be, for people; nothing if the case passed.
func (r Result) Amiss() []string {
	var out []string
	add := func(what string, list []string) {
		for _, s := range list {
			out = append(out, what+s)
		}
	}
	if r.Error != "" {
		return []string{"could not be run: " + r.Error}
	}
	add("", r.Missed)
	add("false alarm: ", r.FalseAlarms)
	add("a symptom taken for a root: ", r.Misnamed)
	add("", r.Swayed)
	add("", r.Blind)
	add("", r.alarmed())
	add("", r.disagree())
	return out
}
