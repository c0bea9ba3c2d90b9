package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

const followup = "Pin the K3s version; try updates on one node first."

// Play is the whole visit without a browser: it acts as Ada and Ben, prints the conversation as it goes, and checks what they see against
// what the bot recorded and what became of the cluster. The error says what did not happen.
func (d *Demo) Play(ctx context.Context, out io.Writer) error {
	p := &player{Demo: d, ctx: ctx, ear: ear{out: out, heard: map[string]string{}}}

	p.say("Ada asks how the healthy cluster is: /medic check")
	p.command(Ada, "check")
	p.told(Ada, "nothing wrong")

	p.say("The cluster breaks, and the alert comes in")
	p.breaks()
	first := p.thread("INC-1", "")
	p.reads(first, "CoreDNS forwards to itself", "lost its CNI configuration", "Open the plan")
	p.recorded("INC-1", "both causes first, of which one blocks the other's remedy", twoCauses)

	p.say("Ben opens the plan, and may not approve it")
	p.press(Ben, first, "Open the plan")
	p.told(Ben, "whoever approves it")
	p.command(Ben, "approve INC-1 "+p.plan("INC-1"))
	p.told(Ben, "not among the approvers")
	p.recorded("INC-1", "that Ben was refused", func(s *incident.State) error {
		if !slices.ContainsFunc(s.Refusals, func(r incident.Refused) bool { return r.By.ID == Ben }) || len(s.Approvals) > 0 {
			return fmt.Errorf("refusals %+v, approvals %+v", s.Refusals, s.Approvals)
		}
		return nil
	})

	p.say("Ada opens the plan, sees its diff, and approves")
	p.press(Ada, first, "Open the plan")
	p.submit(Ada, "Approve", nil, "forward . 127.0.0.1", "CNI configuration")
	p.reads(first, "Resolved")
	p.recorded("INC-1", "every step in order, and the proof that it helped", mended)
	p.check("the cluster is mended, and not only said to be", d.isMended)

	p.say("Ada completes the postmortem and publishes it")
	p.press(Ada, first, "Edit the postmortem")
	p.submit(Ada, "Save", map[string]string{"followup": followup}, "What follows")
	p.reads(first, "Edited by Ada")
	p.press(Ada, first, "Publish the postmortem")
	p.reads(first, "Published")
	p.recorded("INC-1", "the postmortem's place in the knowledge", func(s *incident.State) error { return holds(s.Path, followup) })

	p.recorded("INC-1", "a link to the postmortem's file in the thread", func(s *incident.State) error {
		if s.Link == "" {
			return errors.New("there is none")
		}
		return nil
	})

	p.say("The story of it, which nothing waited for")
	p.reads(first, "What happened")

	p.say("Somebody ships a bad release of Loki: two plans stand side by side, and what happens if nobody does anything")
	p.ships()
	release := p.thread("INC-2", first)
	p.reads(release, "memory limit 64Mi → 24Mi", "Plan 1", "Raise the memory limit", "Plan 2", "back to revision 1", "If nobody does anything")
	p.recorded("INC-2", "a choice between two plans", choice)

	p.say("Ada lets the first plan give it somewhat more, and approves that one")
	p.press(Ada, release, "Edit plan 1")
	p.submit(Ada, "Make the plan", map[string]string{memoryOf: moreMemory}, "64Mi")
	p.recorded("INC-2", "the value that Ada set", edited)
	p.reads(release, "to "+moreMemory, "Set by Ada")
	p.press(Ada, release, "Open plan 1")
	p.submit(Ada, "Approve", nil, "memory: "+moreMemory, "Plan 2")
	p.reads(release, "Resolved")
	p.recorded("INC-2", "that the one plan ran and helped, and that the other is withdrawn", chosen)
	p.check("the release runs, with the memory that Ada gave it", d.isReleased)

	p.say("The cluster breaks again: it was seen before, and what worked is known")
	p.breaks()
	second := p.thread("INC-3", release)
	p.reads(second, "Seen before", "What worked", "Open the plan")
	p.recorded("INC-3", "the first incident among those like it", seenBefore)

	p.check("the bot kept to Slack's rules, and its record is whole", d.wasGood)
	if p.err == nil {
		p.say("All of it happened.")
	}
	return p.err
}

// twoCauses demands the diagnosis of the founding incident: two roots, and all the rest folded under them.
func twoCauses(s *incident.State) error {
	if s.Diagnosis == nil {
		return errors.New("no diagnosis")
	}
	var codes []string
	for _, c := range s.Diagnosis.Causes {
		codes = append(codes, c.Code)
	}
	if !slices.Equal(codes, []string{"DNSLoop", "NodeCNIMissing"}) {
		return fmt.Errorf("the causes are %v", codes)
	}
	loop, lost := s.Diagnosis.Causes[0], s.Diagnosis.Causes[1]
	if len(lost.Blocks) != 1 || lost.Blocks[0].Cause != loop.ID || len(loop.Explains) < 12 {
		return fmt.Errorf("the lost configuration blocks %v, the loop explains %d findings", lost.Blocks, len(loop.Explains))
	}
	return nil
}

// mended demands that the plan ran as it was approved: in order, by Ada, the first three steps in any case.
func mended(s *incident.State) error {
	switch {
	case s.Plan == nil || s.Approval() == nil || s.Approval().As.User != "ada" || s.Approval().PlanHash != s.Plan.Hash:
		return fmt.Errorf("the approvals are %+v", s.Approvals)
	case len(s.Steps) != len(s.Plan.Steps) || len(s.Steps) < 3:
		return fmt.Errorf("%d of %d steps were begun", len(s.Steps), len(s.Plan.Steps))
	case !s.Verification.OK || s.ResolvedAt.IsZero():
		return fmt.Errorf("resolved %v, verification %+v", s.ResolvedAt, s.Verification)
	}
	for i, step := range s.Steps {
		switch {
		case step.Step != s.Plan.Steps[i].ID:
			return fmt.Errorf("step %s came where %s should have", step.Step, s.Plan.Steps[i].ID)
		case step.Outcome != incident.StepOK && (i < 3 || step.Outcome != incident.StepSkipped):
			return fmt.Errorf("step %s ended as %q: %s", step.Step, step.Outcome, step.Detail)
		}
	}
	return nil
}

func seenBefore(s *incident.State) error {
	for _, o := range s.Similar {
		if strings.Contains(strings.ToUpper(o.ID), "INC-1") && len(o.Worked) >= 3 {
			return nil
		}
	}
	return fmt.Errorf("similar are %+v", s.Similar)
}

// isMended looks at the cluster itself.
func (d *Demo) isMended(context.Context) error {
	d.World.mu.Lock()
	defer d.World.mu.Unlock()
	r, err := d.World.seen()
	if err == nil && (d.World.broken || !r.CNI || !r.DNS) {
		err = fmt.Errorf("seen are %+v, in scene %+v", r, d.World.scene)
	}
	return err
}

func holds(path, text string) error {
	if path == "" {
		return errors.New("it has none")
	}
	b, err := os.ReadFile(path)
	if err == nil && !strings.Contains(string(b), text) {
		err = fmt.Errorf("%s does not say %q", path, text)
	}
	return err
}

// wasGood asks the emulated Slack whether it had to refuse anything, and the record whether it is as it was written.
func (d *Demo) wasGood(ctx context.Context) error {
	for _, r := range d.Slack.Refusals() {
		if r.Error != "ratelimited" { // which is an answer, and was heeded
			return fmt.Errorf("the emulated Slack refused %v", r)
		}
	}
	report, err := d.state.Verify(ctx)
	if err == nil && !report.OK() {
		err = fmt.Errorf("the record is broken: %v", report.Problems)
	}
	return err
}
