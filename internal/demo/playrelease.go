package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	memoryOf   = "1.limits.memory" // the value of the plan that Ada sets otherwise
	moreMemory = "96Mi"
)

// choice demands two plans for the bad release, of which one keeps it and one takes it back, and what happens without any.
func choice(s *incident.State) error {
	if s.Plan == nil || s.Other == nil {
		return fmt.Errorf("the plans are %v and %v", s.Plan, s.Other)
	}
	raise, back := s.Plan, s.Other
	switch {
	case !steps(raise, "SetResources") || !steps(back, "RollBackWorkload"):
		return fmt.Errorf("the plans are to %q and to %q", raise.Title, back.Title)
	case raise.Hash == back.Hash || raise.Risk == "" || back.Risk == "":
		return fmt.Errorf("hashes %s and %s, risks %q and %q", raise.Hash, back.Hash, raise.Risk, back.Risk)
	case !slices.ContainsFunc(raise.Inputs, func(in incident.Input) bool { return in.Key() == memoryOf && in.Value == "64Mi" }):
		return fmt.Errorf("what can be set is %+v", raise.Inputs)
	case len(s.Idle) == 0:
		return errors.New("nothing is said of what happens if nobody does anything")
	}
	return nil
}

func steps(p *incident.Plan, kinds ...string) bool {
	return slices.EqualFunc(p.Steps, kinds, func(s incident.Step, kind string) bool { return s.Kind == kind })
}

// edited demands that the first plan has Ada's value, and says that it is hers; the other is as it was.
func edited(s *incident.State) error {
	if err := offered(s.Plan); err != nil {
		return err
	}
	if s.Other == nil || !steps(s.Other, "RollBackWorkload") {
		return fmt.Errorf("the other plan is %v", s.Other)
	}
	return nil
}

func offered(p *incident.Plan) error {
	if p == nil || !steps(p, "SetResources") || p.Steps[0].Source != "set by Ada" ||
		!strings.Contains(p.Steps[0].Diff, "memory: "+moreMemory) {
		return fmt.Errorf("the plan is %+v", p)
	}
	return nil
}

// chosen demands that Ada's plan alone ran and was proved.
func chosen(s *incident.State) error {
	switch {
	case offered(s.Plan) != nil:
		return offered(s.Plan)
	case s.Other != nil:
		return fmt.Errorf("the other plan is still on offer: %s", s.Other.Title)
	case s.Approval() == nil || s.Approval().As.User != "ada" || s.Approval().PlanHash != s.Plan.Hash:
		return fmt.Errorf("the approvals are %+v", s.Approvals)
	case len(s.Steps) != 1 || s.Steps[0].Outcome != incident.StepOK:
		return fmt.Errorf("the steps ended as %+v", s.Steps)
	case !s.Verification.OK || s.ResolvedAt.IsZero():
		return fmt.Errorf("resolved %v, verification %+v", s.ResolvedAt, s.Verification)
	case s.Postmortem == nil || !strings.Contains(s.Postmortem.Actions, s.Plan.Steps[0].Title):
		return fmt.Errorf("the postmortem does not tell what was done: %+v", s.Postmortem)
	}
	return nil
}

// isReleased looks at the cluster itself.
func (d *Demo) isReleased(context.Context) error {
	d.World.mu.Lock()
	defer d.World.mu.Unlock()
	dep, err := decode[appsv1.Deployment](d.World.API.Get(deploymentsGVR, releaseNamespace, releaseName))
	if err != nil {
		return err
	}
	c := dep.Spec.Template.Spec.Containers[0]
	if !rolledOut(dep) || c.Resources.Limits.Memory().String() != moreMemory || len(c.Env) != 1 || c.Env[0].Name != releaseEnv {
		return fmt.Errorf("limits %v, env %v, status %+v", c.Resources.Limits, c.Env, dep.Status)
	}
	return nil
}
