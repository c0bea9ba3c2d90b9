package cli

import (
	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/app"
)

func (c *cli) grade() *cobra.Command {
	cmd := &cobra.Command{
		Use: "grade INC-ID right|close|wrong [WHAT IT WAS...]", Short: "Say whether the cause of an incident that is over was right",
		Args: cobra.MinimumNArgs(2),
		Long: `Notes whether the cause that was told of an incident was right, close (part of it, or the right place) or wrong, and what it was instead. Of each person
the newest grade counts. It is shown in the incident's thread and in its postmortem, and counted by “paramedic grades”.`,
		Example: "  paramedic grade --state /var/lib/paramedic/paramedic.db INC-3 right\n  paramedic grade INC-3 wrong the switch had lost its " +
			"uplink",
	}
	return c.onRecord(cmd, nil)
}

func (c *cli) grades() *cobra.Command {
	cmd := &cobra.Command{
		Use: "grades [CODE]", Short: "How right it was: what was said with which confidence, and how people graded it",
		Args:    cobra.MaximumNArgs(1),
		Example: "  paramedic grades --state /var/lib/paramedic/paramedic.db\n  paramedic grades DNSLoop -o json",
	}
	return c.ofState(cmd, func(i *app.Incidents) commands.Set { return commands.Set{Outcomes: i} })
}
