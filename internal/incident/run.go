package incident

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Treated is a runbook and the code of the cause that it treats.
type Treated struct {
	Runbook string `json:"runbook"`
	Code    string `json:"code"`
}

// Record is how the runs of a runbook for causes of a code have ended here so far.
type Record struct {
	Treated
	Helped  int       `json:"helped,omitempty"`
	Useless int       `json:"useless,omitempty"` // ran to their end, and not all was well
	Undone  int       `json:"undone,omitempty"`  // of either, taken back afterwards
	Last    time.Time `json:"last,omitzero"`     // when a run last helped
}

// String is the record in words: "helped 4 of 5 times, last on 2026-11-20, undone once".
func (r Record) String() string {
	ran := r.Helped + r.Useless
	switch {
	case ran == 0:
		return "has not been run here"
	case r.Helped == 0:
		return fmt.Sprintf("helped in none of %s", runsInWords(ran)) + r.undone()
	}
	return fmt.Sprintf("helped %d of %s, last on %s", r.Helped, runsInWords(ran), r.Last.UTC().Format(time.DateOnly)) + r.undone()
}

func (r Record) undone() string {
	switch r.Undone {
	case 0:
		return ""
	case 1:
		return ", undone once"
	}
	return fmt.Sprintf(", undone %d times", r.Undone)
}

func runsInWords(n int) string {
	if n == 1 {
		return "1 time"
	}
	return fmt.Sprintf("%d times", n)
}

// RunResult is how a plan's run ended.
type RunResult string

// The ends of a run.
const (
	RunHelped  RunResult = "helped"
	RunUseless RunResult = "did not help"
	RunUndone  RunResult = "undone" // an earlier run was taken back
)

// RunEnded says how a plan's run ended. It is kept beside the incidents, so that what helps is known without reading all of them.
type RunEnded struct {
	Incident string    `json:"incident"`
	PlanHash string    `json:"planHash"` // of a run that was undone, the hash of the plan that was taken back
	Of       []Treated `json:"of,omitempty"`
	Targets  []Target  `json:"targets,omitempty"`
	Result   RunResult `json:"result"`
	Began    time.Time `json:"began,omitzero"` // its first step
}

func (RunEnded) event() {}

// EndOfRun is how the current plan's run ended with the events that led from one state to the next; nil if none did. A run of which a step
// failed or that was stopped shows nothing of whether it helps.
func EndOfRun(before, after *State) *RunEnded {
	p := after.Plan
	if p == nil || !before.Running() && !after.Running() || before.Plan == nil || before.Plan.Hash != p.Hash {
		return nil
	}
	out := &RunEnded{Incident: after.ID, PlanHash: p.Hash, Began: after.Steps[0].Intended}
	if p.InverseOf != "" {
		if before.RunEnded() || !after.RunEnded() || after.RunFailed() || after.Stopped != nil {
			return nil
		}
		out.PlanHash, out.Result = p.InverseOf, RunUndone
		return out
	}
	v := after.Verification
	if v.Ended.IsZero() || !before.Verification.Ended.IsZero() || after.RunFailed() || after.Stopped != nil {
		return nil
	}
	if out.Result = RunUseless; v.OK {
		out.Result = RunHelped
	}
	for _, r := range p.Record {
		out.Of = append(out.Of, r.Treated)
	}
	for i := range p.Steps {
		if t := (Target{Object: p.Steps[i].Target.Object, UID: p.Steps[i].Target.UID}); !slices.Contains(out.Targets, t) {
			out.Targets = append(out.Targets, t)
		}
	}
	return out
}

// Run is a run that ended, as it counts today.
type Run struct {
	RunEnded
	At     time.Time
	Undone bool
}

// Runs are all runs that ended, in order.
type Runs []Run

// RunsOf reads them from their log.
func RunsOf(log []Recorded) Runs {
	var out Runs
	for _, r := range log {
		e, ok := r.Event.(RunEnded)
		switch {
		case !ok:
		case e.Result == RunUndone:
			for i := len(out) - 1; i >= 0; i-- {
				if out[i].PlanHash == e.PlanHash && out[i].Incident == e.Incident {
					out[i].Undone = true
					break
				}
			}
		default:
			out = append(out, Run{RunEnded: e, At: r.At})
		}
	}
	return out
}

// Record is how a runbook's runs for a code have ended.
func (all Runs) Record(t Treated) Record {
	r := Record{Treated: t}
	for _, run := range all {
		if !slices.Contains(run.Of, t) {
			continue
		}
		if run.Undone {
			r.Undone++
		}
		if run.Result == RunHelped {
			r.Helped++
			r.Last = run.At
		} else {
			r.Useless++
		}
	}
	return r
}

// Records are those of every runbook and code that were run, by name.
func (all Runs) Records() []Record {
	seen := map[Treated]bool{}
	var out []Record
	for _, run := range all {
		for _, t := range run.Of {
			if !seen[t] {
				seen[t] = true
				out = append(out, all.Record(t))
			}
		}
	}
	slices.SortFunc(out, func(a, b Record) int {
		return cmp.Or(strings.Compare(a.Runbook, b.Runbook), strings.Compare(a.Code, b.Code))
	})
	return out
}

// Useless is how often in a row, until now, a runbook was run on a target without helping, whatever it was run for. A target that was
// made again is another one.
func (all Runs) Useless(runbook string, t Target) (n int, last time.Time) {
	for i := len(all) - 1; i >= 0; i-- {
		run := all[i]
		about := slices.ContainsFunc(run.Of, func(o Treated) bool { return o.Runbook == runbook }) &&
			slices.ContainsFunc(run.Targets, func(o Target) bool { return o.Object == t.Object && o.UID == t.UID })
		if !about {
			continue
		}
		if run.Result == RunHelped {
			return n, last
		}
		if n++; last.IsZero() {
			last = run.At
		}
	}
	return n, last
}
