package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// composition is a plan in the making.
type composition struct {
	r            *Recovery
	steps, later []incident.Step
	runbooks     []string
	titles, why  []string
	causes       []string
	partly       []string
	refused      []refusal
	untreated    map[string]bool // causes for which there is no remedy, or not in this plan
	waits        map[string]bool // those that are for the next plan
	full         bool            // what comes now is for the next plan
	rest         int             // targets that are left to it
	pods         int             // that the steps end or replace
	holds        []held          // what suspends the owners of the steps' targets
	seen         seen            // the diagnosis and the Snapshot
	s            *snapshot.Snapshot
	runs         incident.Runs // those that ended before
	treated      []treatedCause
	without      map[string][]string // by a cause's id, the runbooks that are not to treat it
}

func newComposition(r *Recovery, s *snapshot.Snapshot, runs incident.Runs) *composition {
	return &composition{r: r, s: s, runs: runs, untreated: map[string]bool{}, waits: map[string]bool{}, without: map[string][]string{}}
}

func (c *composition) refuse(cause incident.Cause, whys ...string) {
	c.untreated[cause.ID] = true
	c.refused = append(c.refused, refusal{cause, whys})
}

// leave puts a cause's targets off to the next plan, and with them everything that comes after: the most important comes first.
func (c *composition) leave(cause incident.Cause, targets int) {
	c.untreated[cause.ID], c.waits[cause.ID], c.full = true, true, true
	c.rest += targets
}

// blockedBy finds a cause that blocks this one's remedy and has none itself.
func (c *composition) blockedBy(d *incident.Diagnosis, cause incident.Cause) (incident.Cause, bool) {
	for _, other := range d.Causes {
		if c.untreated[other.ID] && other.BlocksRemedyOf(cause.ID) {
			return other, true
		}
	}
	return incident.Cause{}, false
}

// fit takes of a draft what there is room for in the plan, and says how many targets are left: all of a remedy that is one, of steps that
// stand each for itself the first.
func (c *composition) fit(d draft) (draft, int) {
	room := MaxSteps - len(c.steps)
	switch {
	case len(d.steps) <= room:
		return d, 0
	case d.many != "":
		left := len(d.steps) - room
		d.steps = d.steps[:room]
		return d, left
	}
	left := len(d.steps)
	d.steps = nil
	return d, left
}

// bind binds a draft's steps to their targets. The remedy is all of its steps or none, unless each stands for itself; a conditional step
// that cannot be bound is left out, for its target may well come back without it.
func (c *composition) bind(ctx context.Context, q request, d draft) (draft, error) {
	if d.many != "" && len(d.steps) > 1 {
		return c.bindEach(ctx, q, d)
	}
	bound, err := c.bindAll(ctx, q, d.steps)
	var nothing errNothing
	switch {
	case errors.As(err, &nothing):
		return no("%s is as the last-good copy has it already; what is wrong lies elsewhere", nothing.step.Target.Object)
	case errors.Is(err, ErrNoHost), unboundable(err):
		return no("%v", err)
	case err != nil:
		return d, err
	}
	d.steps = bound
	later := d.later
	d.later = nil
	for _, s := range later {
		bound, err := c.bindAll(ctx, q, []incident.Step{s})
		switch {
		case unboundable(err):
			d.why = join(d.why, fmt.Sprintf("%s is left out: %v.", s.Target.Object, err))
		case err != nil:
			return d, err
		default:
			d.later = append(d.later, bound...)
		}
	}
	return d, nil
}

// bindEach leaves out what cannot be bound.
func (c *composition) bindEach(ctx context.Context, q request, d draft) (draft, error) {
	var bound []incident.Step
	var left []string
	for _, s := range d.steps {
		b, err := c.bindOne(ctx, q, s)
		switch {
		case errors.Is(err, ErrNoHost), unboundable(err):
			left = append(left, fmt.Sprintf("%s is left out: %v.", s.Target.Object, err))
		case err != nil:
			return d, err
		default:
			bound = append(bound, b)
		}
	}
	if len(bound) == 0 {
		return no("%s", strings.Join(few(left, "more are left out"), " "))
	}
	d.steps, d.why = bound, strings.Join(append([]string{d.why}, few(left, "more are left out")...), " ")
	return d, nil
}

// unboundable says whether an error means that a step cannot be done to its target, rather than that nobody could look.
func unboundable(err error) bool {
	return err != nil && (errors.As(err, new(errNothing)) || apierrors.IsNotFound(err) || errors.As(err, new(errUnfit)))
}

func (c *composition) bindAll(ctx context.Context, q request, drafts []incident.Step) ([]incident.Step, error) {
	var out []incident.Step
	for _, s := range drafts {
		b, err := c.bindOne(ctx, q, s)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// bindOne binds a step that says where its value comes from; no other is offered.
func (c *composition) bindOne(ctx context.Context, q request, s incident.Step) (incident.Step, error) {
	b, err := c.r.Bind(ctx, s)
	if err == nil && b.Source == "" {
		err = unfit("%s on %s says nothing of where its value comes from", s.Kind, s.Target.Object)
	}
	if err != nil {
		return b, err
	}
	b.Unmentioned = c.r.inALine(c.unmentioned(q, b))
	if isOwned(b.Kind) {
		by, ok, err := c.r.ownerOf(ctx, c.s, b.Target.Object)
		if err != nil || !ok {
			return b, err
		}
		b.Owner, b.Instead = c.r.inALine(by.by), c.r.inALine(by.instead)
		if by.hold != nil {
			c.holds = append(c.holds, held{b.Target.Object, *by.hold})
		}
	}
	return b, nil
}

// add takes a bound draft into the plan. A target is acted on once: what an earlier, better ranked cause does to it stands.
func (c *composition) add(book Runbook, cause incident.Cause, d draft) {
	taken := func(s incident.Step) func(incident.Step) bool {
		return func(o incident.Step) bool { return o.Target.Object == s.Target.Object }
	}
	for _, s := range d.steps {
		if !slices.ContainsFunc(c.steps, taken(s)) {
			c.steps = append(c.steps, s)
			c.pods += podsOf(c.s, []incident.Step{s})
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
	if d.many != "" && len(d.steps) > 1 {
		d.title = fmt.Sprintf(d.many, len(d.steps))
	}
	c.titles = append(c.titles, d.title)
	why := strings.TrimSuffix(cause.Title, ".") + ". " + d.why
	for _, b := range cause.Blocks {
		if b.Reason != "" {
			why = join(why, "It comes first: "+strings.TrimSuffix(b.Reason, ".")+".")
			break
		}
	}
	c.why = append(c.why, why)
	if !slices.Contains(c.causes, cause.ID) {
		c.causes = append(c.causes, cause.ID)
	}
	c.treated = append(c.treated, treatedCause{cause.ID, incident.Treated{Runbook: book.Name, Code: cause.Code}})
}

func (c *composition) plan() *incident.Plan {
	p := &incident.Plan{Runbook: strings.Join(c.runbooks, "+"), Causes: c.causes, Partly: c.partly, Rest: c.rest, Risk: incident.Safe,
		Record: c.records()}
	byThemselves := 0
	for _, s := range c.later {
		switch {
		case slices.ContainsFunc(c.steps, func(o incident.Step) bool { return o.Target.Object == s.Target.Object }):
		case len(c.steps) == MaxSteps, c.over(podsOf(c.s, []incident.Step{s})):
			byThemselves++
		default:
			c.steps = append(c.steps, s)
			c.pods += podsOf(c.s, []incident.Step{s})
		}
	}
	title := strings.Join(few(c.titles, "more remedies"), ", then ")
	p.Title = incident.Clip(strings.ToUpper(title[:1])+title[1:], maxTitle)
	why := append(few(c.why, "more causes are treated"), c.no()...)
	if byThemselves > 0 {
		why = append(why, fmt.Sprintf("%d dependants more are left to come back by themselves.", byThemselves))
	}
	p.Why = incident.Clip(strings.Join(why, "\n"), maxWhy)
	p.Steps, p.Pods = c.steps, podsOf(c.s, c.steps)
	p.Impact = c.r.impact(c.s, p.Steps)
	return p
}

// no is what has no remedy, in sentences.
func (c *composition) no() []string { return reasons(c.refused) }

// few is the first few sentences, and how many more there are.
func few(all []string, more string) []string {
	if len(all) <= mostSentences {
		return slices.Clone(all)
	}
	return append(slices.Clone(all[:mostSentences]), fmt.Sprintf("%d %s.", len(all)-mostSentences, more))
}

const mostSentences = 5

// Bounds of a plan, so that a person can read all of it and that it can be recorded whatever it does.
const (
	// MaxSteps is the most that a plan has of steps. What is left is for the next plan.
	MaxSteps  = 20
	maxStep   = 32 << 10 // bytes of one step as JSON, and of its inverse
	maxTitle  = 600
	maxSource = 400
	maxWhy    = 6000
)
