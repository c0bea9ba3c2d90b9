package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Propose composes one plan for a diagnosis' causes: by rank, but a cause that blocks another's remedy before it; then the
// conditional steps of all. The reason says what the plan does not treat and why; it is all there is when the plan is nil. An error
// means that the cluster, the store or a host could not be read; try again. The same diagnosis of the same world gives the same plan.
func (r *Recovery) Propose(ctx context.Context, d *incident.Diagnosis, s *snapshot.Snapshot) (*incident.Plan, string, error) {
	if len(d.Causes) == 0 {
		return nil, "nothing was found that needs a remedy", nil
	}
	c := composition{r: r, untreated: map[string]bool{}}
	for _, cause := range treatmentOrder(d.Causes) {
		if by, ok := c.blockedBy(d, cause); ok {
			c.refuse(cause, fmt.Sprintf("its remedy is blocked as long as %q is not mended", by.Title))
			continue
		}
		if err := c.treat(ctx, request{cause, d, s}); err != nil {
			return nil, "", fmt.Errorf("propose a plan for %s: %w", cause.Code, err)
		}
	}
	if len(c.steps) == 0 {
		return nil, strings.Join(c.refused, " "), nil
	}
	return c.plan(), strings.Join(c.refused, " "), nil
}

// treatmentOrder puts causes that block others' remedies before those; otherwise the rank stays. A circle is cut where it closes.
func treatmentOrder(causes []incident.Cause) []incident.Cause {
	var out []incident.Cause
	placed, visiting := map[string]bool{}, map[string]bool{}
	var place func(incident.Cause)
	place = func(c incident.Cause) {
		if placed[c.ID] || visiting[c.ID] {
			return
		}
		visiting[c.ID] = true
		for _, blocker := range causes {
			if blocks(blocker, c) {
				place(blocker)
			}
		}
		placed[c.ID] = true
		out = append(out, c)
	}
	for _, c := range causes {
		place(c)
	}
	return out
}

func blocks(a, b incident.Cause) bool {
	return a.ID != b.ID && slices.ContainsFunc(a.Blocks, func(x incident.Block) bool { return x.Cause == b.ID })
}

// composition is a plan in the making.
type composition struct {
	r            *Recovery
	steps, later []incident.Step
	runbooks     []string
	titles, why  []string
	causes       []string
	refused      []string        // sentences
	untreated    map[string]bool // causes for which there is no remedy
}

func (c *composition) refuse(cause incident.Cause, why string) {
	c.untreated[cause.ID] = true
	c.refused = append(c.refused, fmt.Sprintf("No remedy for %q: %s.", cause.Title, strings.TrimSuffix(why, ".")))
}

// blockedBy finds a cause that blocks this one's remedy and has none itself.
func (c *composition) blockedBy(d *incident.Diagnosis, cause incident.Cause) (incident.Cause, bool) {
	for _, other := range d.Causes {
		if blocks(other, cause) && c.untreated[other.ID] {
			return other, true
		}
	}
	return incident.Cause{}, false
}

// treat adds the steps of the first runbook that has a remedy for the cause.
func (c *composition) treat(ctx context.Context, q request) error {
	why := fmt.Sprintf("no runbook treats %s", q.cause.Code)
	for _, book := range Runbooks {
		if !slices.Contains(book.Codes, q.cause.Code) {
			continue
		}
		d, err := book.draft(ctx, c.r, q)
		if err != nil {
			return err
		}
		if d.no == "" {
			d, err = c.bind(ctx, d)
		}
		if err != nil {
			return err
		}
		if d.no == "" {
			c.add(book, q.cause, d)
			return nil
		}
		why = d.no
	}
	c.refuse(q.cause, why)
	return nil
}

// bind binds a draft's steps to their targets. The remedy is all of its steps or none; a conditional step that cannot be bound is left
// out, for its target may well come back without it.
func (c *composition) bind(ctx context.Context, d draft) (draft, error) {
	bound, err := c.bindAll(ctx, d.steps)
	var nothing errNothing
	switch {
	case errors.As(err, &nothing):
		return no("%s is as the last-good copy has it already; what is wrong lies elsewhere", nothing.step.Target.Object)
	case errors.Is(err, ErrNoHost), apierrors.IsNotFound(err), errors.As(err, new(errUnfit)):
		return no("%v", err)
	case err != nil:
		return d, err
	}
	d.steps = bound
	later := d.later
	d.later = nil
	for _, s := range later {
		bound, err := c.bindAll(ctx, []incident.Step{s})
		switch {
		case errors.As(err, &nothing), apierrors.IsNotFound(err), errors.As(err, new(errUnfit)):
			d.why = join(d.why, fmt.Sprintf("%s is left out: %v.", s.Target.Object, err))
		case err != nil:
			return d, err
		default:
			d.later = append(d.later, bound...)
		}
	}
	return d, nil
}

func (c *composition) bindAll(ctx context.Context, drafts []incident.Step) ([]incident.Step, error) {
	var out []incident.Step
	for _, s := range drafts {
		b, err := c.r.Bind(ctx, s)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// add takes a bound draft into the plan. A target is acted on once: what an earlier, better ranked cause does to it stands.
func (c *composition) add(book Runbook, cause incident.Cause, d draft) {
	taken := func(s incident.Step) func(incident.Step) bool {
		return func(o incident.Step) bool { return o.Target.Object == s.Target.Object }
	}
	for _, s := range d.steps {
		if !slices.ContainsFunc(c.steps, taken(s)) {
			c.steps = append(c.steps, s)
		}
	}
	for _, s := range d.later {
		if !slices.ContainsFunc(c.later, taken(s)) {
			c.later = append(c.later, s)
		}
	}
	if !slices.Contains(c.runbooks, book.Name) {
		c.runbooks = append(c.runbooks, book.Name)
	}
	c.titles = append(c.titles, d.title)
	c.why = append(c.why, strings.TrimSuffix(cause.Title, ".")+".", d.why)
	for _, b := range cause.Blocks {
		if b.Reason != "" {
			c.why = append(c.why, "It comes first: "+strings.TrimSuffix(b.Reason, ".")+".")
			break
		}
	}
	c.causes = append(c.causes, cause.ID)
}

func (c *composition) plan() *incident.Plan {
	p := &incident.Plan{Runbook: strings.Join(c.runbooks, "+"), Causes: c.causes, Risk: incident.Safe}
	for _, s := range c.later {
		if !slices.ContainsFunc(c.steps, func(o incident.Step) bool { return o.Target.Object == s.Target.Object }) {
			c.steps = append(c.steps, s)
		}
	}
	title := strings.Join(c.titles, ", then ")
	p.Title = strings.ToUpper(title[:1]) + title[1:]
	p.Why = strings.Join(append(c.why, c.refused...), " ")
	p.Steps = c.steps
	Seal(p)
	return p
}

// Seal numbers a plan's bound steps, and sets its risk, the highest of the steps', and its hash.
func Seal(p *incident.Plan) {
	p.Risk = incident.Safe
	for i := range p.Steps {
		p.Steps[i].ID = strconv.Itoa(i + 1)
		p.Risk = riskier(p.Risk, registry[p.Steps[i].Kind].risk(p.Steps[i]))
	}
	p.Hash = p.ComputeHash()
}

func riskier(a, b incident.Risk) incident.Risk {
	order := []incident.Risk{incident.Safe, incident.Disruptive, incident.Destructive}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// Inverse is the plan that undoes what a plan's run did: the inverses of its steps, the newest first, as Apply returned them. Nil if
// there are none. It is pure.
func Inverse(p *incident.Plan, undo []incident.Step) *incident.Plan {
	var steps []incident.Step
	for _, s := range undo {
		if _, ok := registry[s.Kind]; ok {
			steps = append(steps, s)
		}
	}
	if len(steps) == 0 {
		return nil
	}
	out := &incident.Plan{
		Runbook: p.Runbook, InverseOf: p.Hash, Steps: steps,
		Title: "Undo: " + p.Title,
		Why:   "The plan did not help, or did not come to its end. This puts back what it changed; pods that were restarted stay restarted.",
	}
	Seal(out)
	return out
}
