package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// treat adds the steps of the first runbook that has a remedy for the cause. A circumstance says what may have brought something about:
// where it cannot be taken back, what it brought about is treated for what it is.
func (c *composition) treat(ctx context.Context, q request) error {
	whys, done, err := c.tryAll(ctx, q)
	if err != nil || done {
		return err
	}
	if slices.Contains(circumstances, q.cause.Code) {
		treated := false
		for _, effect := range effects(q) {
			more, done, err := c.tryAll(ctx, effect)
			if err != nil {
				return err
			}
			treated = treated || done
			whys = append(whys, more...)
		}
		if treated {
			return nil
		}
	}
	if whys = distinctly(whys); len(whys) == 0 {
		whys = []string{fmt.Sprintf("no runbook treats %s", q.cause.Code)}
	}
	c.refuse(q.cause, whys...)
	return nil
}

// circumstances are the codes of what is no fault by itself: what changed just before, what the failing share, what their words name.
var circumstances = []string{"RecentChange", "SharedFactor", "NamedInError"}

// effects are requests to treat what a cause explains, each finding as a cause of its own code.
func effects(q request) []request {
	var out []request
	for _, id := range q.cause.Explains {
		f := q.d.Finding(id)
		if f == nil || !counts(*f) || f.Code == q.cause.Code {
			continue
		}
		effect := q
		effect.cause = incident.Cause{ID: q.cause.ID, Code: f.Code, Title: f.Title, Confidence: q.cause.Confidence,
			Objects: []incident.Object{f.Object}, Explains: []string{f.ID}, Evidence: f.Evidence, Since: f.Since}
		for _, o := range f.Objects {
			if o != f.Object {
				effect.cause.Objects = append(effect.cause.Objects, o)
			}
		}
		out = append(out, effect)
	}
	return out
}

// distinctly is a list without what repeats an earlier one.
func distinctly(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.TrimSuffix(s, "."); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// tryAll tries the runbooks for the cause's code in their order. It is done once one has a remedy, or what it treats is left to the next
// plan; otherwise whys says of each why it has none.
func (c *composition) tryAll(ctx context.Context, q request) (whys []string, done bool, err error) {
	for _, book := range Runbooks {
		if !slices.Contains(book.Codes, q.cause.Code) || slices.Contains(c.without[q.cause.ID], book.Name) {
			continue
		}
		if c.full {
			c.leave(q.cause, max(1, len(q.cause.Objects)))
			return nil, true, nil
		}
		why, err := c.try(ctx, book, q)
		if err != nil || why == "" {
			return nil, true, err
		}
		whys = append(whys, why)
	}
	return whys, false, nil
}

// try adds a runbook's steps for the cause, or leaves them to the next plan, or says why it has no remedy.
func (c *composition) try(ctx context.Context, book Runbook, q request) (why string, err error) {
	d, err := book.draft(ctx, c.r, q)
	if err != nil {
		return "", err
	}
	if d.no == "" && slices.Contains(stepsOf[book.Name], TryAgain) {
		d = madeAtOnce(q, d)
	}
	if s, ok := foreign(book, d); ok {
		return "", fmt.Errorf("runbook %s made a step %s on %s, which is none of its kinds", book.Name, s.Kind, s.Target.Object)
	}
	left := 0
	if d.no == "" {
		d, left = c.fit(d)
		if len(d.steps) == 0 && left > 0 {
			c.leave(q.cause, left)
			return "", nil
		}
		if d, err = c.bind(ctx, q, d); err != nil {
			return "", err
		}
		if d.no == "" {
			d = c.unblocked(book.Name, q.d.At, d)
		}
	}
	for d.many != "" && len(d.steps) > 1 && c.over(podsOf(c.s, d.steps)) {
		d.steps, left = d.steps[:len(d.steps)-1], left+1
	}
	if pods := podsOf(c.s, d.steps); d.no == "" && c.over(pods) {
		if !c.over(pods - c.pods) {
			c.leave(q.cause, len(d.steps))
			return "", nil
		}
		d.no = fmt.Sprintf("it would end or replace %s, and the configuration allows a plan %d (plans.ceiling.pods)", counted(pods, "pod"),
			c.r.o.CeilingPods)
	}
	if d.no != "" {
		return d.no, nil
	}
	c.add(book, q.cause, d)
	if left > 0 {
		c.leave(q.cause, left)
		c.partly = append(c.partly, q.cause.ID)
	}
	return "", nil
}

// foreign is a step of a draft whose kind is not among those that its runbook makes.
func foreign(book Runbook, d draft) (incident.Step, bool) {
	for _, s := range slices.Concat(d.steps, d.later) {
		if !book.makes(s) {
			return s, true
		}
	}
	return incident.Step{}, false
}
