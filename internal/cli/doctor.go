package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// doctorWithin bounds each part that doctor asks.
const doctorWithin = 20 * time.Second

func (c *cli) doctor() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Whether everything that Paramedic needs is there, and what to do where it is not", Args: cobra.NoArgs,
		Long: `Checks the cluster and the rights on it, Ollama and its models, and, with --config, Slack's tokens and scopes, the approvers' rights, Prometheus, what is seen
of the host, and the state.
It changes nothing and posts nothing. Exit 1 if something is not as it should be.`,
		Example: "  paramedic doctor\n  paramedic doctor --config paramedic.yaml",
	}
	config := cmd.Flags().String("config", "", "the configuration `FILE` of serve")
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		cfg := app.DefaultConfig()
		if *config != "" {
			var err error
			if cfg, err = app.LoadConfig(*config); err != nil {
				return err
			}
		}
		var checks []incident.Check
		for _, part := range app.DoctorParts(cfg, *config != "") {
			c.progress("looking at %s …", part.Name)
			if err := withTimeout(cmd.Context(), doctorWithin, func(ctx context.Context) error {
				checks = append(checks, part.Look(ctx)...)
				return ctx.Err()
			}); err != nil {
				checks = append(checks, incident.Check{Name: part.Name, Detail: fmt.Sprintf("did not answer within %v", doctorWithin)})
			}
		}
		return c.print(doctorReply(checks), *format)
	}
	return cmd
}

func doctorReply(checks []incident.Check) commands.Reply {
	list := commands.List{}
	bad := 0
	for _, k := range checks {
		mark := "✓ "
		if !k.OK {
			mark = "✗ "
			bad++
		}
		spans := []commands.Span{commands.Bold(mark + k.Name)}
		if k.Detail != "" {
			spans = append(spans, commands.Text(": "+k.Detail))
		}
		list = append(list, commands.Item{Spans: spans})
	}
	reply := commands.Reply{Text: "Everything is as it should be.", Data: checks}
	if bad > 0 {
		reply.Text, reply.Exit = fmt.Sprintf("%d of %d are not as they should be.", bad, len(checks)), commands.ExitWrong
	}
	reply.Blocks = []commands.Block{list, commands.Paragraph{commands.Text(reply.Text)}}
	return reply
}
