package recovery

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Propose composes one plan for a diagnosis' causes: by rank, but a cause that blocks another's remedy before it; then the conditional
// steps of all. It has at most [MaxSteps] steps, for the most important causes; its Rest says how much is left to the next plan. The
// diagnosis is the whole one, for a brief one does not name every target. The reason says what the plan does not treat and why; it is all
// there is when the plan is nil. An error means that the cluster, the store or a host could not be read; try again. The same diagnosis of
// the same world gives the same plan.
func (r *Recovery) Propose(ctx context.Context, d *incident.Diagnosis, s *snapshot.Snapshot) (*incident.Plan, string, error) {
	return newComposition(r, s, nil).compose(ctx, d, s)
}

// compose makes the plan.
func (c *composition) compose(ctx context.Context, d *incident.Diagnosis, s *snapshot.Snapshot) (*incident.Plan, string, error) {
	if len(d.Causes) == 0 {
		return nil, "nothing was found that needs a remedy", nil
	}
	c.seen = seen{[]any{d, s}, map[string]bool{}}
	for _, cause := range d.InOrder() {
		by, blocked := c.blockedBy(d, cause)
		if blocked && c.waits[by.ID] {
			c.leave(cause, max(1, len(cause.Objects)))
			continue
		}
		if blocked {
			c.refuse(cause, fmt.Sprintf("its remedy is blocked as long as %q is not mended", by.Title))
			continue
		}
		if err := c.treat(ctx, request{cause, d, s}); err != nil {
			return nil, "", fmt.Errorf("propose a plan for %s: %w", cause.Code, err)
		}
	}
	reason := incident.Clip(strings.Join(c.no(), "\n"), maxWhy)
	if len(c.steps) == 0 {
		return nil, reason, nil
	}
	if err := c.hold(ctx); err != nil {
		return nil, "", fmt.Errorf("propose a plan: %w", err)
	}
	p := c.plan()
	p.Watch = watch(p, d, s)
	Seal(p)
	return p, reason, nil
}

// Seal numbers a plan's bound steps, and sets its risk, the highest of the steps', and its hash.
func Seal(p *incident.Plan) {
	p.Risk = incident.Safe
	for i := range p.Steps {
		p.Steps[i].ID = strconv.Itoa(i + 1)
		p.Risk = riskier(p.Risk, riskOf(p.Steps[i]))
	}
	p.Inputs = inputsOf(p)
	p.Hash = p.ComputeHash()
}

// riskOf is a step's risk: of its kind, and of where it acts. On a node and in kube-system everything may hang on it.
func riskOf(s incident.Step) incident.Risk {
	risk := registry[s.Kind].risk(s)
	if o := s.Target.Object; o.Kind == "Node" || o.Namespace == systemNamespace {
		risk = riskier(risk, incident.Disruptive)
	}
	return risk
}

const systemNamespace = "kube-system"

func riskier(a, b incident.Risk) incident.Risk {
	order := []incident.Risk{incident.Safe, incident.Disruptive, incident.Destructive}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// Inverse is the plan that undoes what a plan's run did: the inverses of its steps, the newest first, as Apply returned them. Nil if
// there are none. Of more than a plan may have, the newest are undone. It is pure.
func Inverse(p *incident.Plan, undo []incident.Step) *incident.Plan {
	var steps []incident.Step
	for _, s := range undo {
		if _, ok := registry[s.Kind]; ok && len(steps) < MaxSteps {
			steps = append(steps, s)
		}
	}
	if len(steps) == 0 {
		return nil
	}
	out := &incident.Plan{
		Runbook: p.Runbook, InverseOf: p.Hash, Steps: steps,
		Title: incident.Clip("Undo: "+p.Title, maxTitle),
		Why:   "The plan did not help, or did not come to its end. This puts back what it changed; pods that were restarted stay restarted.",
	}
	Seal(out)
	return out
}
