package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/demo"
)

// scriptWithin bounds the visit without a browser.
const scriptWithin = 5 * time.Minute

func (c *cli) demo() *cobra.Command {
	cmd := &cobra.Command{
		Use: "demo", Short: "See it work: the founding incident in a browser, no account, no key, no cluster", Args: cobra.NoArgs,
		Long: `Shows the founding incident, and a bad release that two plans treat, in a page that looks and works like Slack.
Behind it runs the real bot against a replay of a real cluster.
With an Ollama at $OLLAMA_HOST a model tells the story ($PARAMEDIC_MODEL says which); without one the template does.`,
	}
	listen := cmd.Flags().String("listen", "127.0.0.1:8028", "host:port of the page")
	script := cmd.Flags().Bool("script", false, "play the visit without a browser and print the conversation; exit 0 only if all of "+
		"it happened")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		logger := slog.New(c.redactor.Handler(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelWarn})))
		o := demo.Options{Listen: *listen, Version: c.version, Model: os.Getenv("PARAMEDIC_MODEL"), Logger: logger}
		if *script {
			o.Listen = ""
			if !cmd.Flags().Changed("listen") {
				o.Listen = "127.0.0.1:0"
			}
		}
		c.progress("starting the bot, a Slack and the replay of a cluster …")
		d, err := demo.Start(cmd.Context(), o)
		if err != nil {
			return err
		}
		if *script {
			return c.play(cmd.Context(), d)
		}
		c.tour(d)
		d.Wait()
		return d.Close()
	}
	return cmd
}

// play goes through the visit. What did not happen makes the exit code 1.
func (c *cli) play(ctx context.Context, d *demo.Demo) error {
	err := withTimeout(ctx, scriptWithin, func(ctx context.Context) error { return d.Play(ctx, c.out) })
	if cerr := d.Close(); cerr != nil {
		return cerr
	}
	if err != nil {
		fmt.Fprintln(c.err, "paramedic: the visit did not go as it should: "+err.Error())
		c.exit = commands.ExitWrong
	}
	return nil
}

func (c *cli) tour(d *demo.Demo) {
	by := "The template tells the story, for no Ollama answers at $OLLAMA_HOST."
	if d.Model != "" {
		by = d.Model + " tells the story."
	}
	fmt.Fprintf(c.out, `
  %s

  1. Type /medic check: all is well.
  2. Press “Break the cluster”: an alert comes in, a thread opens; read the diagnosis.
     %s
  3. Press “Open the plan”, look at its diff, approve; watch the steps and the proof. (As Ben, switched to at the bottom left, you may not.)
  4. Edit the postmortem and publish it. Break the cluster again: it was seen before.
  5. Once it is well, press “Ship a bad release”: two plans side by side. Edit a value, or mend it with kubectl; the cluster follows.
  6. Look behind it: KUBECONFIG=%s kubectl get pods -A -o yaml

Ctrl-C ends it and leaves nothing behind.
`, d.Slack.URL(), by, d.Kubeconfig)
}
