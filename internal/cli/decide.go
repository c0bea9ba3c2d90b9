package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/app"
)

func (c *cli) approve() *cobra.Command {
	cmd := &cobra.Command{
		Use: "approve INC-ID [HASH [destroy]]", Short: "Read an incident's plan, and approve it with your own kubeconfig",
		Args: cobra.RangeArgs(1, 3),
		Long: `Shows the plan of an incident whole, tried out with your own rights and changing nothing. With the plan's hash, which stands at its end, it
approves it; “paramedic serve”, which keeps the state, then runs it. A plan that destroys what can't be brought back asks for the
word “destroy” behind the hash. Where two plans are on offer, “paramedic plan” shows either; approving one withdraws the other.

Who you are the API server says (SelfSubjectReview). You approve as the approver whom the configuration names with that Kubernetes user.
An approver whom the configuration names without a Slack id approves here alone.
Where a plan asks for two people and only one approver is configured, that approver says yes in Slack, and whoever has the rights says the
second yes here. The accounts of programs approve nothing.`,
		Example: "  paramedic approve --config paramedic.yaml INC-3\n  paramedic approve --config paramedic.yaml --kubeconfig ~/.kube/config " +
			"INC-3 3f9a1c07b2d4",
	}
	c.asYourself(cmd, func(args []string) string {
		if len(args) > 1 {
			return "approve"
		}
		return "plan"
	})
	return cmd
}

func (c *cli) plan() *cobra.Command {
	cmd := &cobra.Command{
		Use: "plan INC-ID [1|2] [set STEP.NAME=VALUE...]", Short: "Read an incident's plan, or one of two, and set its values",
		Args: cobra.MinimumNArgs(1),
		Long: `Shows the plan of an incident whole, tried out with your own rights and changing nothing; beside it the other plan where there is a choice, how the
runbooks have fared here, and what happens if nobody does anything.

With “set”, values that have bounds are set otherwise: that makes another plan with another hash, and what was approved of the one before
counts no more.`,
		Example: "  paramedic plan --config paramedic.yaml INC-3\n  paramedic plan --config paramedic.yaml INC-3 2\n  paramedic plan --config " +
			"paramedic.yaml INC-3 set 1.limits.memory=512Mi",
	}
	c.asYourself(cmd, func([]string) string { return "plan" })
	return cmd
}

// asYourself has a command decide about an incident with a kubeconfig of one's own; name is what of it the arguments ask.
func (c *cli) asYourself(cmd *cobra.Command, name func(args []string) string) {
	config := configFlag(cmd)
	o := app.TerminalOptions{Redact: c.redactor.String}
	cmd.Flags().StringVar(&o.Kubeconfig, "kubeconfig", "", "your own kubeconfig `FILE` (default: $KUBECONFIG or ~/.kube/config)")
	cmd.Flags().StringVar(&o.Context, "context", "", "the kubeconfig's context")
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := validOutput(*format); err != nil {
			return err
		}
		cfg, err := app.ReadConfig(*config)
		if err != nil {
			return c.noConfig(*config, err)
		}
		incidents, closing, err := app.OpenApprovals(cmd.Context(), cfg, o)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closing()) }()
		return c.decide(cmd.Context(), incidents, name(args), args, *format)
	}
}

func (c *cli) stop() *cobra.Command {
	cmd := &cobra.Command{
		Use: "stop [INC-ID [REASON...]]", Short: "Begin no further step of a recovery, or of all",
		Long: `Lets no further step of an approved or running plan begin; without an incident, of none. The step that is in flight ends, or is observed if nobody knows how
it ended. It works beside a “paramedic serve” that runs, and without one: a stop is on the record.`,
		Example: "  paramedic stop --state /var/lib/paramedic/paramedic.db\n  paramedic stop INC-3 it restarts the wrong thing",
	}
	return c.onRecord(cmd, nil)
}

// onRecord has a command decide about incidents in the name of who runs this process, beside a serve or without one, as its namesake in
// Slack does. words are its arguments as they are given there; nil: they are the same.
func (c *cli) onRecord(cmd *cobra.Command, words func(args []string) []string) *cobra.Command {
	state, key := stateFlag(cmd), keyFlag(cmd)
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := validOutput(*format); err != nil {
			return err
		}
		if words != nil {
			args = words(args)
		}
		incidents, closing, err := app.OpenStops(cmd.Context(), *state, *key, c.redactor.String)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closing()) }()
		return c.decide(cmd.Context(), incidents, cmd.Name(), args, *format)
	}
	return cmd
}

// decide answers a command about incidents in the name of who runs this process.
func (c *cli) decide(ctx context.Context, incidents *app.Incidents, name string, args []string, format string) error {
	return c.ask(ctx, commands.Set{Incidents: incidents}, name, args, format)
}
