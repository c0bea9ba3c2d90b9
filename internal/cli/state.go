package cli

import (
	"context"
	"fmt"
	"strings"
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

func (c *cli) incidents() *cobra.Command {
	cmd := &cobra.Command{
		Use: "incidents [INC-ID | all]", Short: "Incidents that are open, or one of them", Args: cobra.MaximumNArgs(1),
		Example: "  paramedic incidents --state /var/lib/paramedic/paramedic.db\n  paramedic incidents INC-3 -o json",
	}
	state := stateFlag(cmd)
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		return c.reading(cmd.Context(), *state, func(r *store.Reader) error {
			set := commands.Set{Incidents: app.ReadIncidents(r)}
			return c.print(set.Dispatch(cmd.Context(), commands.Request{Command: "incidents", Args: args, Prog: "paramedic", Now: time.Now()}), *format)
		})
	}
	return cmd
}

func (c *cli) evidence() *cobra.Command {
	cmd := &cobra.Command{
		Use: "evidence INC-ID [ID...]", Short: "An incident's evidence, or what its ids (E3, F1, C2, T7) stand for, whole", Args: cobra.MinimumNArgs(1),
		Example: "  paramedic evidence INC-3\n  paramedic evidence INC-3 E30 F2\n  paramedic evidence INC-3 -o json",
	}
	state := stateFlag(cmd)
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		return c.reading(cmd.Context(), *state, func(r *store.Reader) error {
			set := commands.Set{Incidents: app.ReadIncidents(r)}
			return c.print(set.Dispatch(cmd.Context(), commands.Request{Command: "evidence", Args: args, Prog: "paramedic", Now: time.Now()}), *format)
		})
	}
	return cmd
}

func (c *cli) audit() *cobra.Command {
	verify := &cobra.Command{
		Use: "verify", Short: "Check that the record is whole and as it was written; exit 1 if not", Args: cobra.NoArgs,
		Example: "  paramedic audit verify --state /var/lib/paramedic/paramedic.db",
	}
	state := stateFlag(verify)
	format := output(verify)
	verify.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		return c.reading(cmd.Context(), *state, func(r *store.Reader) error {
			report, err := r.Verify(cmd.Context())
			if err != nil {
				return err
			}
			return c.print(auditReply(report), *format)
		})
	}
	return group("audit", "The record of what was seen, decided and done", verify)
}

func auditReply(report store.Report) commands.Reply {
	sum := fmt.Sprintf("%d events in %d streams", report.Events, report.Streams)
	if report.Purged > 0 {
		sum += fmt.Sprintf(", %d purged on the record", report.Purged)
	}
	if report.OK() {
		return commands.Reply{Text: "The record is whole: " + sum + ".", Data: report}
	}
	list := commands.List{}
	for _, p := range report.Problems {
		list = append(list, commands.Item{Spans: []commands.Span{commands.Text(p.String())}})
	}
	text := fmt.Sprintf("The record is broken in %s.", strings.Join(report.Broken(), ", "))
	return commands.Reply{Text: text, Exit: commands.ExitWrong, Data: report, Blocks: []commands.Block{
		commands.Header{Text: "The record is broken"}, list,
		commands.Note{commands.Text(sum + " looked at. Paramedic runs nothing on the word of a broken stream; restore the state from a backup.")}}}
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
