package recovery

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// reviewers bounds the steps that are tried at once: a person waits, and the API server has other work.
const reviewers = 6

// Review asks for every step whether the person has the rights, and tries it as that person by a server-side dry-run, whose effect
// must be what the step's diff shows. It changes nothing. The checks are in the order of the steps, two for each: rights, then
// dry-run. A step that cannot be looked at fails its check with the reason.
func (r *Recovery) Review(ctx context.Context, p *incident.Plan, as incident.Identity) []incident.Check {
	w, err := r.o.WriterFor(as)
	if err != nil {
		return []incident.Check{{Name: "act as " + as.User, Detail: err.Error()}}
	}
	results := make([][]incident.Check, len(p.Steps))
	var g errgroup.Group
	g.SetLimit(reviewers)
	for i, s := range p.Steps {
		g.Go(func() error {
			results[i] = append(r.rights(ctx, w, s), r.dryRun(ctx, w, s, as))
			return nil
		})
	}
	_ = g.Wait() // what failed is in the checks
	var checks []incident.Check
	for _, c := range results {
		checks = append(checks, c...)
	}
	return checks
}

func (r *Recovery) rights(ctx context.Context, w Writer, s incident.Step) []incident.Check {
	c := incident.Check{Name: fmt.Sprintf("step %s: rights", s.ID), OK: true}
	for _, right := range s.Rights {
		ok, reason, err := w.Can(ctx, right)
		if err != nil {
			c.OK, c.Detail = false, err.Error()
			return []incident.Check{c}
		}
		if !ok {
			c.OK, c.Detail = false, reason+"; “paramedic rbac --runbooks all” prints the role to bind to this user"
			return []incident.Check{c}
		}
		c.Detail = fmt.Sprintf("may %s %s %s", right.Verb, right.Resource, right.Name)
	}
	if len(s.Rights) == 0 { // a step without rights was not made by this package
		c.OK, c.Detail = false, "the step names no right that it needs"
	}
	return []incident.Check{c}
}

func (r *Recovery) dryRun(ctx context.Context, w Writer, s incident.Step, as incident.Identity) incident.Check {
	c := incident.Check{Name: fmt.Sprintf("step %s: dry-run", s.ID)}
	fail := func(err error) incident.Check {
		c.Detail = err.Error()
		return c
	}
	k, err := kindOf(s)
	if err != nil {
		return fail(err)
	}
	for i := range attempts {
		pause(ctx, i)
		now, lookErr := k.look(ctx, r, s)
		if lookErr != nil {
			return fail(lookErr)
		}
		o, to, judgeErr := r.judge(ctx, k, s, now)
		if judgeErr != nil {
			return fail(judgeErr)
		}
		if o.Outcome != NotDone {
			return fail(errors.New(o.Detail))
		}
		if err = r.tryOut(ctx, k, w, s, now, to); !apierrors.IsConflict(err) {
			break
		}
	}
	if err != nil {
		return fail(err)
	}
	c.OK, c.Detail = true, "has the effect shown, as "+as.User
	return c
}
