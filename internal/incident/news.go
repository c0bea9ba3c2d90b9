package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// NewsKind is a kind of news.
type NewsKind string

// The kinds of news.
const (
	Worse  NewsKind = "worse"  // more is hurt than before, or it is more severe, or what was done did not help
	Waits  NewsKind = "waits"  // a plan waits for somebody's approval
	Failed NewsKind = "failed" // a step failed
	Asks   NewsKind = "asks"   // nobody but a person can tell whether a step was done
)

// damped are the kinds of news that come by themselves. The others follow from what a person approved, who is to hear of them in any case.
var damped = []NewsKind{Worse, Waits}

// Damped says whether news of the kind is told in the thread alone where a channel has had enough.
func (k NewsKind) Damped() bool { return slices.Contains(damped, k) }

// MostNews is how much news a State holds; what comes beyond is counted.
const MostNews = 40

// News is something that people are to hear of in a message of its own, once: that another message changes notifies nobody.
type News struct {
	Kind    NewsKind
	Version int // of the event that it is about
	At      time.Time
	Title   string // the plan's, the step's, or what has become worse
	Detail  string
	Plan    string // the hash of the plan that waits, or that the step is of
	Step    string
	Told    *Notified // nil: it was not told, yet or at all
	ToldAt  time.Time

	same    string // tells what waits from other things that wait
	history bool   // it was known before news was told: nobody is told of it, nor of the same again
}

// Notified says that news of the incident is told in a message of its own, or, where the channel has had enough, in the thread alone.
type Notified struct {
	Of      int    `json:"of"`                // the version of the event that it is about
	To      Person `json:"to,omitzero"`       // who is mentioned: who has the incident, or approved what failed
	Channel string `json:"channel,omitempty"` // the incident's
	Quiet   bool   `json:"quiet,omitempty"`   // in the thread alone
	Silent  bool   `json:"silent,omitempty"`  // and that because of a silence
	// Last says that it is the last that the channel is told for a while, Until which more is told in threads alone.
	Last  bool      `json:"last,omitempty"`
	Until time.Time `json:"until,omitzero"`
	// Others are incidents that had news told in their threads alone since the channel was last told of any; there may be More.
	Others []string `json:"others,omitempty"`
	More   int      `json:"more,omitempty"`
}

func (Notified) event() {}

// weight is how bad a diagnosis is.
type weight struct {
	severity         Severity
	workloads, nodes int
}

func weigh(d *Diagnosis) weight {
	t := d.Total()
	return weight{d.Worst(), t.Workloads, t.Nodes}
}

// Worst is the greatest severity among the findings.
func (d *Diagnosis) Worst() Severity {
	worst := Info
	for _, f := range d.Findings {
		if f.Severity.Rank() > worst.Rank() {
			worst = f.Severity
		}
	}
	return worst
}

// mostSpread is by how many workloads more, at least, it has spread.
const mostSpread = 3

// worse says in words how much worse it is than it was; empty if it is not. What is hurt must have doubled, so that however large an outage
// becomes, people are told a few times.
func (w weight) worse(than weight) string {
	switch {
	case than.severity.Rank() > Info.Rank() && w.severity.Rank() > than.severity.Rank():
		return fmt.Sprintf("It is %s now; it was %s", w.severity, than.severity)
	case w.nodes > 0 && w.nodes >= 2*than.nodes:
		return are(w.nodes, "node") + " hurt now" + upFrom(than.nodes)
	case w.workloads >= 2*than.workloads && w.workloads-than.workloads >= mostSpread:
		return are(w.workloads, "workload") + " hurt now" + upFrom(than.workloads)
	}
	return ""
}

func are(n int, what string) string {
	if n == 1 {
		return "1 " + what + " is"
	}
	return fmt.Sprintf("%d %ss are", n, what)
}

func upFrom(n int) string {
	if n == 0 {
		return "; none was at the look before"
	}
	return fmt.Sprintf(", up from %d", n)
}

// learn takes in what of an event, which was folded in already, is news.
func (s *State) learn(r Recorded) {
	switch e := r.Event.(type) {
	case DiagnosisMade:
		s.worsened(r)
	case Verified:
		if !e.OK && s.Plan != nil && s.Running() {
			s.news(News{Kind: Worse, Title: "The plan “" + s.Plan.Title + "” did not help", Plan: s.Plan.Hash}, r)
		}
	case PlanProposed:
		s.news(News{Kind: Waits, Title: e.Plan.Title, Plan: e.Plan.Hash, same: sameness(&e.Plan)}, r)
	case PlanApproved:
		a := e.Approval
		if s.current(a.PlanHash) && !s.Running() && !s.Plan.enough(s.Standing(r.At)) {
			s.news(News{Kind: Waits, Title: s.Plan.Title, Plan: a.PlanHash, same: sameness(s.Plan) + "+1",
				Detail: a.By.Name + " has approved it; one more has to"}, r)
		}
	case StepDone:
		if e.Outcome == StepFailed && s.current(e.PlanHash) {
			s.news(News{Kind: Failed, Title: s.stepTitle(e.Step), Detail: e.Detail, Plan: e.PlanHash, Step: e.Step}, r)
		}
	case StepUnclear:
		if s.current(e.PlanHash) {
			s.news(News{Kind: Asks, Title: s.stepTitle(e.Step), Detail: e.Detail, Plan: e.PlanHash, Step: e.Step}, r)
		}
	case Notified:
		if n := s.newsOf(e.Of); n != nil && n.Told == nil {
			n.Told, n.ToldAt = &e, r.At
		}
	}
}

// worsened compares a new diagnosis with how it was when people were last told. What began anew is told as an onset already.
func (s *State) worsened(r Recorded) {
	now, before := weigh(s.Diagnosis), s.weight
	if s.Investigation.Looks == 1 {
		s.weight = now
		return
	}
	text := now.worse(before)
	if text == "" {
		return
	}
	s.weight = weight{before.severity, max(before.workloads, now.workloads), max(before.nodes, now.nodes)}
	if now.severity.Rank() > before.severity.Rank() {
		s.weight.severity = now.severity
	}
	if n := len(s.Onsets); n == 0 || !s.Onsets[n-1].At.Equal(r.At) {
		s.news(News{Kind: Worse, Title: text}, r)
	}
}

// news takes in what is new. What waits again is no news, unless nobody was told of it before it ceased to.
func (s *State) news(n News, r Recorded) {
	n.Version, n.At, n.history = r.Version, r.At, r.history()
	if i := slices.IndexFunc(s.News, func(o News) bool { return n.same != "" && o.same == n.same }); i >= 0 {
		if s.News[i].Told == nil && !s.News[i].history {
			s.News[i] = n
		}
		s.News[i].Plan = n.Plan
		return
	}
	if n.history && n.same == "" {
		return
	}
	if len(s.News) >= MostNews {
		s.MoreNews++
		return
	}
	s.News = append(s.News, n)
}

func (s *State) newsOf(version int) *News {
	if i := slices.IndexFunc(s.News, func(n News) bool { return n.Version == version }); i >= 0 {
		return &s.News[i]
	}
	return nil
}

// Untold is the news that is to be told at now. A plan that waits no more is not.
func (s *State) Untold(now time.Time) []News {
	var out []News
	for _, n := range s.News {
		if n.Told == nil && !n.history && s.Stands(n, now) {
			out = append(out, n)
		}
	}
	return out
}

// Stands says whether what the news is about is still so at now: the plan waits, nobody has said whether the step was done. What failed or
// got worse has done so for good.
func (s *State) Stands(n News, now time.Time) bool {
	switch n.Kind {
	case Waits:
		return s.Open() && s.current(n.Plan) && s.Rejected == nil && !s.Running() && !s.ApprovalValid(now) &&
			(n.Detail == "" || len(s.Standing(now)) > 0)
	case Asks:
		st := s.unclear()
		return s.Open() && st != nil && st.Step == n.Step && s.current(n.Plan)
	}
	return true
}

// Owner is who is told of what became of the incident: who has it, or else, where a plan was approved, who approved it. Nobody: the zero
// Person.
func (s *State) Owner() Person {
	if s.Claimed != nil {
		return *s.Claimed
	}
	if a := s.Approval(); a != nil && !a.Terminal {
		return a.By
	}
	return Person{}
}

func (s *State) stepTitle(id string) string {
	if s.Plan != nil && s.Plan.Step(id) != nil {
		return s.Plan.Step(id).Title
	}
	return "step " + id
}

// sameness is what a plan has in common with itself when it is made again: what it does to what, not the values that are made anew.
func sameness(p *Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\x00%s\x00%s", p.Runbook, p.Title, p.InverseOf)
	for _, step := range p.Steps {
		fmt.Fprintf(&b, "\x00%s %s", step.Kind, step.Target.Object)
	}
	return b.String()
}
