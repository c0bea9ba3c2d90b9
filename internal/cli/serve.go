package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/setup"
)

// configHere is the configuration that a command takes by itself.
const configHere = setup.ByItself

// configFlag adds the flag that names the configuration.
func configFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("config", configHere, "the configuration `FILE` of serve")
}

// missing says that a configuration is not there.
func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// noConfig is an error of reading a configuration, or what to do where it is not there.
func (c *cli) noConfig(path string, err error) error {
	if missing(path) {
		return fmt.Errorf("there is no configuration %s; make one by “%s”, or name another by --config (docs/configuration.md shows one)",
			path, c.name.with("init"))
	}
	return err
}

func (c *cli) serve() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the bot", Args: cobra.NoArgs,
		Long: `Run the bot: /medic, an Alertmanager webhook, incidents in threads, recovery behind an approve button; or, without Slack, incidents as
notices to ntfy, Gotify, Discord or a webhook, and recovery once it is approved in the terminal. It stays in the foreground until Ctrl-C.

“paramedic init” makes the configuration; docs/configuration.md shows one, docs/slack.md how to make the Slack app, docs/notices.md what
notices need. “paramedic doctor” checks it all.`,
		Example: "  paramedic serve\n  paramedic serve --config /etc/paramedic/config.yaml",
	}
	config := configFlag(cmd)
	level := cmd.Flags().String("log-level", "info", "debug, info, warn or error")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var l slog.Level
		if err := l.UnmarshalText([]byte(*level)); err != nil {
			return usage{fmt.Errorf("--log-level %s: must be debug, info, warn or error", *level)}
		}
		return c.run(cmd.Context(), *config, l)
	}
	return cmd
}

// run runs the bot until ctx ends.
func (c *cli) run(ctx context.Context, config string, l slog.Level) error {
	cfg, err := app.LoadConfig(config)
	if err != nil {
		return c.noConfig(config, err)
	}
	logger := slog.New(c.redactor.Handler(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: l, ReplaceAttr: c.typed})))
	listened().into.Store(logger)
	defer listened().into.Store(nil)
	server, err := app.NewServer(ctx, cfg, app.ServerOptions{Version: c.version, Logger: logger, Redactor: c.redactor, ConfigFile: config})
	if err != nil {
		return err
	}
	return server.Run(ctx)
}

// typed has what a log says to type run as it stands.
func (c *cli) typed(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.MessageKey || a.Key == "try" {
		return slog.String(a.Key, c.lines.in(a.Value.String()))
	}
	return a
}
