package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// stateFlag adds the flag that names the state; serve may have it open at the same time.
func stateFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("state", app.DefaultConfig().State, "the state `FILE` that serve keeps")
}

// keyFlag adds the flag that names the record's key.
func keyFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("key", "", "the `FILE` with the record's key, as stateKeyFile in the configuration; without it: the one "+
		"beside the state")
}

// byFlag adds the flag that says who decides; without it, who runs the program.
func byFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("by", app.AtTerminal().ID, "`WHO` decides so, for the record")
}

func (c *cli) incidents() *cobra.Command {
	cmd := &cobra.Command{
		Use: "incidents [INC-ID | all]", Short: "Incidents that are open, or one of them", Args: cobra.MaximumNArgs(1),
		Example: "  paramedic incidents --state /var/lib/paramedic/paramedic.db\n  paramedic incidents INC-3 -o json",
	}
	return c.ofState(cmd, incidentsAlone)
}

func (c *cli) evidence() *cobra.Command {
	cmd := &cobra.Command{
		Use: "evidence INC-ID [ID...]", Short: "An incident's evidence, or what its ids (E3, F1, C2, T7) stand for, whole",
		Args:    cobra.MinimumNArgs(1),
		Example: "  paramedic evidence INC-3\n  paramedic evidence INC-3 E30 F2\n  paramedic evidence INC-3 -o json",
	}
	return c.ofState(cmd, incidentsAlone)
}

func (c *cli) runbooks() *cobra.Command {
	cmd := &cobra.Command{
		Use: "runbooks [NAME]", Short: "What can be mended, and what has helped here", Args: cobra.MaximumNArgs(1),
		Long: `Lists the runbooks, and of each how its runs have ended by the code of the cause: helped, did not help, undone. A run counts once its proof has come to an
end. Without a state the runbooks alone are listed.`,
		Example: "  paramedic runbooks\n  paramedic runbooks roll-back --state /var/lib/paramedic/paramedic.db",
	}
	state := stateFlag(cmd)
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		set := commands.Set{Books: app.Books()}
		say := func() error {
			return c.print(set.Dispatch(cmd.Context(), commands.Request{Command: "runbooks", Args: args, Prog: string(c.name), Now: time.Now()}),
				*format)
		}
		if _, err := os.Stat(*state); errors.Is(err, fs.ErrNotExist) && !cmd.Flags().Changed("state") {
			return say()
		}
		return c.reading(cmd.Context(), *state, func(r *store.Reader) error {
			set.Outcomes = app.ReadIncidents(r)
			return say()
		})
	}
	return cmd
}

// incidentsAlone are the commands about incidents.
func incidentsAlone(i *app.Incidents) commands.Set { return commands.Set{Incidents: i} }

// ofState has a command read a state, and answer as its namesake in Slack does.
func (c *cli) ofState(cmd *cobra.Command, set func(*app.Incidents) commands.Set) *cobra.Command {
	state := stateFlag(cmd)
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		return c.reading(cmd.Context(), *state, func(r *store.Reader) error {
			return c.ask(cmd.Context(), set(app.ReadIncidents(r)), cmd.Name(), args, *format)
		})
	}
	return cmd
}

// reading opens the state for reading and closes it.
func (c *cli) reading(ctx context.Context, path string, f func(*store.Reader) error) error {
	r, err := store.OpenReadOnly(ctx, path)
	if err != nil {
		return err
	}
	defer r.Close()
	return f(r)
}
