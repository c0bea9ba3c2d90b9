package app

import (
	"context"
	"fmt"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// mostEarlier bounds the incidents that are looked at for what ran before.
const mostEarlier = 200

// run is a plan that was approved, and how far it came.
type run struct {
	plan                     *incident.Plan
	approved, began, verdict time.Time // zero: it was not
	ok                       bool      // it is proved that it helped
}

// runsIn are the plans of an incident that were approved, or begun, from its log, in order.
func runsIn(s *incident.State) []*run {
	plans, all := map[string]*incident.Plan{}, []*run(nil)
	last := func(hash string) *run {
		if n := len(all); n > 0 && all[n-1].plan.Hash == hash {
			return all[n-1]
		}
		if plans[hash] == nil {
			return nil
		}
		all = append(all, &run{plan: plans[hash]})
		return all[len(all)-1]
	}
	for _, r := range s.Log {
		for _, p := range plansIn(r.Event) {
			plans[p.Hash] = p
		}
		switch e := r.Event.(type) {
		case incident.PlanApproved:
			if x := last(e.Approval.PlanHash); x != nil {
				x.approved = r.At
			}
		case incident.StepIntended:
			if x := last(e.PlanHash); x != nil && x.began.IsZero() {
				x.began = r.At
			}
		case incident.Verified:
			if n := len(all); n > 0 && all[n-1].verdict.IsZero() {
				all[n-1].verdict, all[n-1].ok = r.At, e.OK
			}
		}
	}
	return all
}

// disturbed is how many pods the other plans end or replace that were approved or begun within an hour, and when the first of them has
// been over for an hour.
func (l *ledger) disturbed(ctx context.Context, but string) (pods int, until time.Time, err error) {
	newest, _, err := l.List(ctx, mostEarlier)
	if err != nil {
		return 0, until, fmt.Errorf("count what was disturbed within the hour: %w", err)
	}
	since := l.now().Add(-time.Hour)
	for _, s := range newest {
		for _, r := range runsIn(s) {
			at := r.approved
			if r.began.After(at) {
				at = r.began
			}
			if r.plan.Hash == but || r.plan.Pods == 0 || !at.After(since) {
				continue
			}
			pods += r.plan.Pods
			if ends := at.Add(time.Hour); until.IsZero() || ends.Before(until) {
				until = ends
			}
		}
	}
	return pods, until, nil
}

// tooMuch says in words why a plan would disturb more than may be within an hour; empty if it would not. What disturbs no pod may always
// be, the way back too.
func (l *ledger) tooMuch(ctx context.Context, p *incident.Plan, perHour int) (string, error) {
	if perHour == 0 || p.Pods == 0 || p.InverseOf != "" {
		return "", nil
	}
	pods, until, err := l.disturbed(ctx, p.Hash)
	if err != nil || pods+p.Pods <= perHour {
		return "", err
	}
	return fmt.Sprintf("it ends or replaces %d pods, other plans of the last hour %d, and the configuration allows %d within an hour "+
		"(plans.ceiling.podsPerHour); the first of them is an hour old at %s", p.Pods, pods, perHour, until.UTC().Format("15:04 UTC")), nil
}

// withinCeiling refuses an approval by which too much would be disturbed within an hour.
func (i *Incidents) withinCeiling(ctx context.Context, id string, p *incident.Plan, by incident.Person) error {
	why, err := i.ledger.tooMuch(ctx, p, i.podsPerHour)
	if err != nil || why == "" {
		return err
	}
	return i.refuse(ctx, id, by, "approve the plan", "Not now: "+why+".", "Approve it then, or have the ceiling raised.")
}

// took is how long earlier runs of a plan's steps took on the same targets until it was proved that all is well, in words; empty if none
// did.
func (l *ledger) took(ctx context.Context, p *incident.Plan) (string, error) {
	newest, _, err := l.List(ctx, mostEarlier)
	if err != nil {
		return "", fmt.Errorf("look how long earlier runs took: %w", err)
	}
	n, least, most, last := 0, time.Duration(0), time.Duration(0), time.Time{}
	for _, s := range newest {
		for _, r := range runsIn(s) {
			if !r.ok || r.began.IsZero() || !covers(r.plan, p) {
				continue
			}
			d := r.verdict.Sub(r.began)
			if n++; n == 1 || d < least {
				least = d
			}
			most = max(most, d)
			if r.verdict.After(last) {
				last = r.verdict
			}
		}
	}
	if n == 0 {
		return "", nil
	}
	span := commands.Duration(most)
	if commands.Duration(least) != span {
		span = commands.Duration(least) + " to " + span
	}
	times := "once"
	if n > 1 {
		times = fmt.Sprintf("%d times", n)
	}
	return fmt.Sprintf("%s until all was proved well, as it took earlier (%s, last on %s)", span, times, last.UTC().Format("2006-01-02")), nil
}

// covers says whether a plan had all steps of another that are not conditional, on the same targets.
func covers(had, p *incident.Plan) bool {
	type act struct {
		kind string
		on   incident.Object
	}
	did := map[act]bool{}
	for _, s := range had.Steps {
		did[act{s.Kind, s.Target.Object}] = true
	}
	n := 0
	for _, s := range p.Steps {
		if s.Unless > 0 {
			continue
		}
		if n++; !did[act{s.Kind, s.Target.Object}] {
			return false
		}
	}
	return n > 0
}
