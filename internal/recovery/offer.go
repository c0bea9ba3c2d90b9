package recovery

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Offer is what people may choose between.
type Offer struct {
	Plan  *incident.Plan // nil: there is none, for the Reason
	Other *incident.Plan // by another runbook for the same first cause; nil where there is no choice
	// Idle is what happens if nobody does anything, as far as it is known.
	Idle   []incident.Prospect
	Reason string // see [Recovery.Propose]
}

// Offer makes the plan that Propose makes, and where another runbook treats the first cause too, a second one beside it. runs are those
// that ended before: a runbook that was useless three times on a target is not offered for it again.
func (r *Recovery) Offer(ctx context.Context, d *incident.Diagnosis, s *snapshot.Snapshot, runs incident.Runs) (Offer, error) {
	first := newComposition(r, s, runs)
	plan, reason, err := first.compose(ctx, d, s)
	if err != nil || plan == nil {
		return Offer{Reason: reason}, err
	}
	o := Offer{Plan: plan, Idle: idle(d, s), Reason: reason}
	cause := first.treated[0]
	second := newComposition(r, s, runs)
	second.without[cause.id] = []string{cause.of.Runbook}
	other, _, err := second.compose(ctx, d, s)
	if err != nil {
		return Offer{}, err
	}
	if other != nil && second.treats(cause.id) && !sameSteps(plan, other) && recordable(plan, other) {
		o.Other = other
	}
	return o, nil
}

// treatedCause is a cause that a plan treats, and by which runbook.
type treatedCause struct {
	id string
	of incident.Treated
}

func (c *composition) treats(id string) bool {
	return slices.ContainsFunc(c.treated, func(t treatedCause) bool { return t.id == id })
}

// records are how the plan's runbooks have fared for the codes of its causes.
func (c *composition) records() []incident.Record {
	var out []incident.Record
	seen := map[incident.Treated]bool{}
	for _, t := range c.treated {
		if !seen[t.of] {
			seen[t.of] = true
			out = append(out, c.runs.Record(t.of))
		}
	}
	return out
}

// sameSteps says whether two plans do the same, whatever their words.
func sameSteps(a, b *incident.Plan) bool {
	return slices.EqualFunc(a.Steps, b.Steps, func(x, y incident.Step) bool {
		return x.Kind == y.Kind && x.Target == y.Target && x.Unless == y.Unless && maps.Equal(x.Params, y.Params)
	})
}

// recordable says whether both plans fit into the one event that offers them, with room for all else that it holds.
func recordable(plans ...*incident.Plan) bool {
	b, err := json.Marshal(plans)
	return err == nil && len(b) < incident.MaxEvent*7/8
}

const (
	// mostUseless is how often a runbook may be run in vain on one target.
	mostUseless = 3
	// uselessFor is how long that is remembered: what was useless last month may have been for another reason.
	uselessFor = 30 * 24 * time.Hour
)

// blocked says why a runbook is not to be run on one of the targets once more; empty: it may be.
func (c *composition) blocked(book string, now time.Time, steps []incident.Step) string {
	for i := range steps {
		n, last := c.runs.Useless(book, steps[i].Target)
		if n >= mostUseless && now.Sub(last) < uselessFor {
			return fmt.Sprintf("%s was run on %s %d times in a row and did not help, last on %s; it is not offered again for %d days", book,
				steps[i].Target.Object, n, last.UTC().Format(time.DateOnly), int(uselessFor.Hours()/24))
		}
	}
	return ""
}

// unblocked leaves out what a runbook was useless on: all of a remedy, or of steps that stand each for itself those.
func (c *composition) unblocked(book string, now time.Time, d draft) draft {
	if d.many == "" || len(d.steps) < 2 {
		if why := c.blocked(book, now, d.steps); why != "" {
			return draft{no: why}
		}
		return d
	}
	var left []string
	d.steps = slices.DeleteFunc(slices.Clone(d.steps), func(s incident.Step) bool {
		why := c.blocked(book, now, []incident.Step{s})
		if why != "" {
			left = append(left, strings.ToUpper(why[:1])+why[1:]+".")
		}
		return why != ""
	})
	if len(d.steps) == 0 {
		return draft{no: strings.Join(few(left, "more are left out"), " ")}
	}
	d.why = strings.TrimSpace(strings.Join(append([]string{d.why}, few(left, "more are left out")...), " "))
	return d
}
