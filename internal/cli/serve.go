package cli

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/internal/app"
)

func (c *cli) serve() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the bot", Args: cobra.NoArgs,
		Long: `Run the bot: /medic, an Alertmanager webhook, incidents in threads, recovery behind an approve button; or, without Slack, incidents as
notices to ntfy, Gotify, Discord or a webhook, and recovery once it is approved in the terminal.

docs/configuration.md shows a configuration file, docs/slack.md how to make the Slack app, docs/notices.md what notices need; “paramedic
doctor --config FILE” checks it all.`,
	}
	config := cmd.Flags().String("config", "", "configuration `FILE`")
	level := cmd.Flags().String("log-level", "info", "debug, info, warn or error")
	if err := cmd.MarkFlagRequired("config"); err != nil {
		panic(err) // the flag is declared above
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var l slog.Level
		if err := l.UnmarshalText([]byte(*level)); err != nil {
			return usage{fmt.Errorf("--log-level %s: must be debug, info, warn or error", *level)}
		}
		cfg, err := app.LoadConfig(*config)
		if err != nil {
			return err
		}
		logger := slog.New(c.redactor.Handler(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: l})))
		server, err := app.NewServer(cmd.Context(), cfg, app.ServerOptions{Version: c.version, Logger: logger, Redactor: c.redactor,
			ConfigFile: *config})
		if err != nil {
			return err
		}
		return server.Run(cmd.Context())
	}
	return cmd
}
