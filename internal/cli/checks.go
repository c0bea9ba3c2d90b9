package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/diagnosis/catalog"
)

func (c *cli) checks() *cobra.Command {
	cmd := &cobra.Command{
		Use: "checks [explain] [CODE]", Short: "What can be found, and what a code means", Args: cobra.MaximumNArgs(2),
		Example: "  paramedic checks\n  paramedic checks DNSLoop\n  paramedic checks explain DNSLoop -o json",
	}
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		set := commands.Set{Codes: catalog.Codes()}
		r := commands.Request{Command: "checks", Args: args, Prog: string(c.name), Now: time.Now()}
		return c.print(set.Dispatch(cmd.Context(), r), *format)
	}
	return cmd
}
