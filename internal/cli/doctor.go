package cli

import (
	"context"
	"fmt"
	"strings"
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
		Long: `Checks the cluster and the rights on it, Ollama and its models, Slack's tokens and scopes, the approvers' rights, Prometheus, what is seen of the host,
the state, and whether serve is running. Where there is no configuration it looks at the cluster and Ollama alone, and says so.
It changes nothing and posts nothing. Exit 1 if something is not as it should be.`,
		Example: "  paramedic doctor\n  paramedic doctor --config /etc/paramedic/config.yaml",
	}
	config := configFlag(cmd)
	format := output(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		cfg, err := app.LoadConfig(*config)
		switch {
		case err == nil:
		case missing(*config) && !cmd.Flags().Changed("config"):
			cfg, *config = app.DefaultConfig(), ""
		default:
			return c.noConfig(*config, err)
		}
		var checks []incident.Check
		var not []string
		for _, part := range app.DoctorParts(cfg, *config) {
			if part.Look == nil {
				not = append(not, part.Name)
				continue
			}
			c.progress("looking at %s …", part.Name)
			if err := withTimeout(cmd.Context(), doctorWithin, func(ctx context.Context) error {
				checks = append(checks, part.Look(ctx)...)
				return ctx.Err()
			}); err != nil {
				checks = append(checks, incident.Check{Name: part.Name, Detail: fmt.Sprintf("did not answer within %v", doctorWithin)})
			}
		}
		return c.print(c.doctorReply(checks, notLookedAt(not, *config != "")), *format)
	}
	return cmd
}

// notLookedAt says what was not looked at, and why.
func notLookedAt(parts []string, configured bool) string {
	switch {
	case len(parts) == 0:
		return ""
	case configured:
		return "Not looked at, for the configuration names none: " + strings.Join(parts, ", ") + "."
	}
	return "Not looked at, for there is no " + configHere + " here: " + strings.Join(parts, ", ") + ". Name a configuration by --config."
}

// doctorReply tells what was looked at, and what was not.
func (c *cli) doctorReply(checks []incident.Check, not string) commands.Reply {
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
			spans = append(spans, commands.Text(": "+c.lines.in(k.Detail)))
		}
		list = append(list, commands.Item{Spans: spans})
	}
	reply := commands.Reply{Text: "Everything is as it should be.", Data: checks}
	if bad > 0 {
		reply.Text, reply.Exit = fmt.Sprintf("%d of %d are not as they should be.", bad, len(checks)), commands.ExitWrong
	}
	reply.Blocks = []commands.Block{list}
	if not != "" {
		reply.Blocks = append(reply.Blocks, commands.Note{commands.Text(not)})
		if bad == 0 {
			reply.Text = "Everything that was looked at is as it should be."
		}
	}
	reply.Blocks = append(reply.Blocks, commands.Paragraph{commands.Text(reply.Text)})
	return reply
}
