package cli

import (
	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/app"
)

func (c *cli) policy() *cobra.Command {
	return group("policy", "What the watch makes incidents of", c.policyTest())
}

func (c *cli) policyTest() *cobra.Command {
	cmd := &cobra.Command{
		Use: "test", Short: "Say what the watch would raise of what is seen, and what not, and why", Args: cobra.NoArgs,
		Long: `Looks at a bundle, or at a cluster, and says of each cause whether the watch of “paramedic serve” would make an incident of it, when, and why, or
why not. It goes by watch in the configuration, and without one by what is built in (docs/watch.md). Exit code 1: something would be raised.`,
		Example: "  paramedic policy test --bundle outage.tar.zst\n  paramedic policy test --config paramedic.yaml --kubeconfig ~/.kube/config",
	}
	var s source
	s.flags(cmd)
	config := configFlag(cmd)
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		conf, err := app.ReadConfig(*config)
		if err != nil && (cmd.Flags().Changed("config") || !missing(*config)) {
			return c.noConfig(*config, err)
		}
		eyes, err := c.eyes(s)
		if err != nil {
			return err
		}
		all, at, err := app.TryPolicy(cmd.Context(), conf.Watch, eyes)
		if err != nil {
			return err
		}
		return c.print(commands.PolicyReply(all, at), *format)
	}
	return cmd
}
