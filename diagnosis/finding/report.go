package finding

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Report takes what one check finds. It is not safe for concurrent use: each check has its own.
type Report struct {
	Findings []*Finding
	Codes    []Code
	judges   []incident.Resource
}

// Finding is a finding with what the causes need to know of it. Its ID and its Evidence are given later, from Seen.
type Finding struct {
	incident.Finding
	Root    bool                // names what is at fault in itself; see Code.Root
	Final   bool                // nothing has to stand behind it; see Code.Final
	Seen    []incident.Evidence // without ids; at most maxSeen
	Fault   []incident.Object   // what is at fault, not merely suffering; nil: Object
	Because string              // a sentence for the cause's reason; empty: Title
	Told    []time.Time         // the moments that Title or Because tell

	Workload  incident.Object // that the pods belong to; zero where it is not about pods
	Pods      []*corev1.Pod   // that fail, or that a remedy would have to restart
	Nodes     []string        // where they are, or the node that it is about
	Container string          // of the pods, that is ill, or that was put into them; empty: it is about no container alone
	Said      []logs.Fact     // by their logs: what they could not reach, and what else went wrong
	Refs      []incident.Object
	Detail    Detail // what only findings of its code have to tell the rules; nil: nothing

	// Suspect says that it proves nothing by itself: it is told to who presumes that something is ill there, as a suspicion, unless it is
	// shown to explain, or to follow from, something that is wrong. Its severity is info until then. See [Finding.Suspected].
	Suspect bool
	// AtMost bounds the confidence of a cause that it is the root of; empty: nothing does.
	AtMost incident.Confidence

	Changes []incident.Change // just before its onset and on the way to it, the nearest first; see package diagnosis

	hasPod map[*corev1.Pod]bool // Pods, for AddPod
	shown  incident.Severity    // of a suspicion that is shown to be more
}

// NewReport returns the empty report of a check that may report the codes.
func NewReport(codes []Code) *Report { return &Report{Codes: codes} }

// Detail is what findings of one code, or of a few that carry the same, tell the rules beyond what every Finding has: a small struct that
// is declared beside the codes, such as podproblem.Unschedulable. [Code].Detail says which struct goes with a code, and [DetailOf] reads
// it.
type Detail any

// DetailOf is the finding's detail, if it carries one of that type; or else the zero value.
func DetailOf[T any](f *Finding) (T, bool) {
	d, ok := f.Detail.(T)
	return d, ok
}

// Judges says what the check judges by: the objects that it is about, and what it needs to tell whether these are well. Only a check that
// says so can rule anything out.
func (r *Report) Judges(by ...incident.Resource) { r.judges = by }

// Judged is what the check has said that it judges by.
func (r *Report) Judged() []incident.Resource { return r.judges }

// Whole are the findings of a check that broke off, but for the last one, which may not be filled in.
func (r *Report) Whole() []*Finding {
	var out []*Finding
	for _, f := range r.Findings[:max(len(r.Findings)-1, 0)] {
		if f.Title != "" && len(f.Seen) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// maxSeen bounds the evidence of one finding.
const maxSeen = 16

// Find adds a finding with the severity and the next step that the code's documentation names, and returns it to be filled in.
func (r *Report) Find(code string, o incident.Object, title string) *Finding {
	c, _ := CodeIn(r.Codes, code)
	f := &Finding{Root: c.Root, Final: c.Final, Finding: incident.Finding{Code: code, Severity: c.Severity, Object: o,
		Title: OneLine(title, MaxTitle), Next: c.Next, RestsOn: slices.Clip(c.RestsOn)}}
	r.Findings = append(r.Findings, f)
	return f
}

// Cite adds evidence; what is beyond maxSeen is left out.
func (f *Finding) Cite(evidence ...incident.Evidence) *Finding {
	for _, e := range evidence {
		if len(f.Seen) < maxSeen && e.Excerpt != "" {
			f.Seen = append(f.Seen, e)
		}
	}
	return f
}

// Absent says of a finding that an object does not exist what else is there that is called alike, in words. Where there is nothing, it may
// not be who asks for it that errs, but who should have made it, and the finding is likely at most.
func (f *Finding) Absent(alike string) *Finding {
	if alike == "" {
		f.AtMost = incident.Likely
	}
	return f
}

// Alarms says whether the finding is more than worth knowing: of severity warning or above.
func (f *Finding) Alarms() bool { return f.Severity.Rank() >= incident.Warning.Rank() }

// AtFault names what is at fault, for the cause that the finding may become.
func (f *Finding) AtFault() []incident.Object {
	if len(f.Fault) == 0 {
		return []incident.Object{f.Object}
	}
	return f.Fault
}

// NeedsName says whether a log says that a name did not resolve.
func (f *Finding) NeedsName() bool {
	return slices.ContainsFunc(f.Said, func(d logs.Fact) bool { return d.Kind == logs.NameUnresolved })
}

// About says whether the finding is about pods of the workload.
func (f *Finding) About(workload incident.Object) bool {
	return !workload.IsZero() && f.Workload == workload
}

// Bounds on a finding's title and on one line of an excerpt, in bytes.
const (
	MaxTitle = 240
	MaxLine  = 300
)

// Earlier returns the earlier of two times; a zero time is unknown.
func Earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// MaxAlike is how many of those that say the same are named as at fault.
const MaxAlike = 8

// ShownPods is how many pods of a group give their evidence; the others say the same.
const ShownPods = 3

// AddFacts adds what the pods' logs say, each fact once.
func (f *Finding) AddFacts(facts []logs.Fact) {
	for _, d := range facts {
		if !slices.ContainsFunc(f.Said, d.Same) {
			f.Said = append(f.Said, d)
		}
	}
}

// MayPass says until when what was seen to fail may still pass by itself. Of several that hold, the longest counts; what began at an
// unknown time may pass no longer. Whoever is woken hears of it when that time is over; who asks about what it is about hears of it now, as
// a cause.
func (f *Finding) MayPass(p Patience, since time.Time) *Finding {
	return f.MayPassWithin(Lasts(p, since))
}

// MayPassWithin is MayPass for a term.
func (f *Finding) MayPassWithin(t Term) *Finding {
	t = Term{f.NormalUntil, f.Normal}.Max(t)
	f.NormalUntil, f.Normal = t.Until, t.May
	return f
}

// NotYet is MayPass for what shows no sign of failure as yet, and is merely not done: until that time it is a suspicion.
func (f *Finding) NotYet(p Patience, since, now time.Time) *Finding {
	return f.NotYetWithin(Lasts(p, since), now)
}

// NotYetWithin is NotYet for a term. What nobody would be woken for anyhow is no suspicion.
func (f *Finding) NotYetWithin(t Term, now time.Time) *Finding {
	if f.MayPassWithin(t); f.Early(now) && f.Alarms() {
		f.Suspected()
	}
	return f
}

// MayPass calls [Finding.MayPassWithin] for each finding from now on until the returned function is called.
func (r *Report) MayPass(t Term) func() {
	return r.each(func(f *Finding) { f.MayPassWithin(t) })
}

// NotYet calls [Finding.NotYetWithin] for each finding from now on until the returned function is called.
func (r *Report) NotYet(t Term, now time.Time) func() {
	return r.each(func(f *Finding) { f.NotYetWithin(t, now) })
}

func (r *Report) each(mark func(*Finding)) func() {
	n := len(r.Findings)
	return func() {
		for _, f := range r.Findings[n:] {
			mark(f)
		}
	}
}

// Early says whether what was found may still be normal.
func (f *Finding) Early(now time.Time) bool { return f.NormalUntil.After(now) }

// Suspected makes the finding a suspicion.
func (f *Finding) Suspected() *Finding {
	if !f.Suspect {
		f.Suspect, f.shown, f.Severity = true, f.Severity, incident.Info
	}
	return f
}

// Shown makes a suspicion what it would have been without doubt, for something has shown it.
func (f *Finding) Shown() {
	if f.Suspect {
		f.Suspect, f.Severity = false, f.shown
	}
}

// On says that the finding is about a node.
func (f *Finding) On(n *corev1.Node) *Finding {
	f.Nodes = []string{n.Name}
	return f
}

// Retitle says it in other words.
func (f *Finding) Retitle(title string) { f.Title = OneLine(title, MaxTitle) }
