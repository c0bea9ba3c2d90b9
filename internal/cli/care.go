package cli

import "github.com/spf13/cobra"

// care are the commands by which people care for incidents in the terminal, as they do in Slack: those that need a person's own rights in
// the cluster are with approve.
func (c *cli) care() []*cobra.Command {
	return []*cobra.Command{c.reject(), c.undecided(),
		c.inState("open TITLE...", "Open an incident, about a namespace that hurts if one is named",
			"  paramedic open -n shop the shop answers nobody", cobra.MinimumNArgs(1)),
		c.inState("look INC-ID", "Look at the cluster again", "  paramedic look INC-3", cobra.ExactArgs(1)),
		c.inState("claim INC-ID", "Say that you have an incident, or give it back",
			"  paramedic claim INC-3\n  paramedic claim INC-3 --back", cobra.ExactArgs(1)),
		c.inState("close INC-ID [REASON...]", "Close an incident without recovery", "  paramedic close INC-3 a false alarm",
			cobra.MinimumNArgs(1)),
		c.inState("publish INC-ID", "Publish a postmortem, so that the next one like it is recognised", "  paramedic publish INC-3",
			cobra.ExactArgs(1)),
		c.postmortem()}
}

// inState is a command that decides about incidents in the name of who runs this process, and is on the record. Its name is that of the
// command in Slack.
func (c *cli) inState(use, short, example string, args cobra.PositionalArgs) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Example: example, Args: args,
		Long: short + ".\n\nIt works beside a “paramedic serve” that runs, which does what follows from it."}
	var back bool
	var namespace string
	switch cmd.Name() {
	case "claim":
		cmd.Flags().BoolVar(&back, "back", false, "give it back")
	case "open":
		cmd.Flags().StringVarP(&namespace, "namespace", "n", "", "the namespace that hurts")
	}
	return c.onRecord(cmd, func(args []string) []string {
		if back {
			args = append(args, "--back")
		}
		if namespace != "" {
			args = append([]string{"-n", namespace}, args...)
		}
		return args
	})
}

func (c *cli) reject() *cobra.Command {
	cmd := &cobra.Command{
		Use: "reject INC-ID [1|2] [REASON...]", Short: "Reject an incident's plan, with your own kubeconfig", Args: cobra.MinimumNArgs(1),
		Long: "Rejects the plan of an incident, as the approver whom the configuration names with your Kubernetes user; see " +
			"“paramedic approve”.",
		Example: "  paramedic reject INC-3 it restarts the wrong thing",
	}
	c.asYourself(cmd, func([]string) string { return "reject" })
	return cmd
}

func (c *cli) undecided() *cobra.Command {
	cmd := &cobra.Command{
		Use: "decide INC-ID STEP done|undone", Short: "Say whether an unclear step was done, with your own kubeconfig", Args: cobra.ExactArgs(3),
		Long: `Says whether a step was done of which nobody can tell: look for yourself first. It is for approvers, whom the configuration names with their
Kubernetes user; see “paramedic approve”.`,
		Example: "  paramedic decide INC-3 2 done",
	}
	c.asYourself(cmd, func([]string) string { return "decide" })
	return cmd
}

func (c *cli) postmortem() *cobra.Command {
	cmd := &cobra.Command{
		Use: "postmortem INC-ID", Short: "Read an incident's postmortem", Args: cobra.ExactArgs(1),
		Long:    `Shows the postmortem of an incident that is over. “paramedic publish” writes it into the knowledge folder, where it is a file that people edit.`,
		Example: "  paramedic postmortem INC-3",
	}
	return c.ofState(cmd, incidentsAlone)
}
