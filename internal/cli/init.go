package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/setup"
)

func (c *cli) setup() *cobra.Command {
	var a answers
	cmd := &cobra.Command{
		Use: "init", Short: "Set the bot up: asks for what it needs, checks it, writes the configuration, starts the bot", Args: cobra.NoArgs,
		Long: `Looks whether the cluster can be reached, asks for what the Slack bot needs, checks each answer with Slack as it is typed, writes one configuration
file, which only its owner may read, and starts the bot in this terminal.
A flag answers a question beforehand; with all of them, or the tokens in $SLACK_APP_TOKEN and $SLACK_BOT_TOKEN, nobody is asked, and
nothing is started.

With --notify there is no Slack: incidents are told as notices to a topic of ntfy, to Gotify, by a webhook of Discord or by any other, and
plans are approved in the terminal.

A laptop with a kubeconfig is enough: --kubeconfig, else $KUBECONFIG, else ~/.kube/config, as for kubectl. It posts nothing and changes
nothing in the cluster.`,
		Example: "  paramedic init\n" +
			"  paramedic init --app-token-file app.token --bot-token-file bot.token --channel '#incidents' --approver ada\n" +
			"  paramedic init --notify https://ntfy.sh/a-name-that-nobody-guesses --user ada",
	}
	a.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o := a.o
		ask := &prompt{ctx: cmd.Context(), out: c.out, in: bufio.NewReader(os.Stdin)}
		o.Out, o.Ask, o.Prog = c.out, ask, string(c.name)
		if !a.after.elsewhere {
			o.Cluster = func(ctx context.Context) incident.Check {
				return app.ProbeCluster(ctx, app.ClusterConfig{Kubeconfig: o.Kubeconfig, Context: o.Context})
			}
		}
		if a.notify.URL != "" {
			if err := c.setupNotify(cmd.Context(), o, a.notify, a.tokenFile); err != nil {
				return err
			}
			return c.start(cmd.Context(), o, a.after, ask)
		}
		var err error
		if o.AppToken, err = token(a.appFile, "SLACK_APP_TOKEN"); err == nil {
			o.BotToken, err = token(a.botFile, "SLACK_BOT_TOKEN")
		}
		switch {
		case err != nil || o.RequestURL == "" && a.secretFile == "" && o.Listen == "":
		case o.RequestURL == "":
			err = errors.New("--listen and --signing-secret-file go with --request-url, where Slack posts to")
		default:
			o.AppToken = ""
			o.SigningSecret, err = token(a.secretFile, "SLACK_SIGNING_SECRET")
		}
		if err != nil {
			return err
		}
		if err := setup.Run(cmd.Context(), o); err != nil {
			return err
		}
		return c.start(cmd.Context(), o, a.after, ask)
	}
	return cmd
}

// answers are what flags say beforehand, and what is to follow.
type answers struct {
	o                                       setup.Options
	notify                                  setup.NotifyOptions
	appFile, botFile, secretFile, tokenFile string
	after                                   ending
}

// flags adds the flags.
func (a *answers) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.o.Config, "config", configHere, "the configuration `FILE` to write")
	f.BoolVar(&a.o.Force, "force", false, "write over a file that is there")
	f.StringVar(&a.appFile, "app-token-file", "", "a `FILE` with the app token (xapp-…)")
	f.StringVar(&a.botFile, "bot-token-file", "", "a `FILE` with the bot token (xoxb-…)")
	f.StringVar(&a.o.RequestURL, "request-url", "", "where Slack posts to, as `URL`, instead of Socket Mode: https://…/slack/events, which leads to --listen")
	f.StringVar(&a.o.Listen, "listen", "", "the `HOST:PORT` where what Slack posts is taken; not said: 0.0.0.0:9096")
	f.StringVar(&a.secretFile, "signing-secret-file", "", "a `FILE` with the signing secret, with --request-url")
	f.StringVar(&a.o.Channel, "channel", "", "where incidents are told: a `CHANNEL`'s name or id")
	f.StringVar(&a.o.Approver, "approver", "", "who may approve: a `MEMBER`'s name or id in Slack")
	f.StringVar(&a.o.User, "user", "", "the Kubernetes `USER` that the approver's plans run as; not said: their name in Slack")
	f.StringVar(&a.o.Kubeconfig, "kubeconfig", "", "the kubeconfig `FILE` of the cluster; not said: what kubectl takes")
	f.StringVar(&a.o.Context, "context", "", "the `CONTEXT` in it; not said: its current one")
	f.StringVar(&a.o.APIURL, "slack-api", "", "another Slack than Slack's own, by `URL`, for tests; it ends with a slash")
	f.StringVar(&a.notify.URL, "notify", "", "do without Slack: the `URL` of a topic of ntfy, a server of Gotify, a webhook; “ask” asks for it")
	f.StringVar(&a.notify.Form, "form", "", "with --notify: ntfy, gotify, discord or json; not said: by the URL")
	f.StringVar(&a.tokenFile, "token-file", "", "with --notify: a `FILE` with the token that the URL needs, if it does")
	f.BoolVar(&a.after.elsewhere, "elsewhere", false, "the bot is to run on another machine or in a pod: look at no cluster, start nothing")
	f.BoolVar(&a.after.not, "no-start", false, "leave it to you to start the bot")
}

// ending is what is to follow a set-up.
type ending struct{ elsewhere, not bool }

// start starts the bot for a person who was asked at a terminal, where it is to run here.
func (c *cli) start(ctx context.Context, o setup.Options, after ending, ask *prompt) error {
	if after.elsewhere || after.not || !ask.asked || !term.IsTerminal(int(os.Stdin.Fd())) {
		return nil
	}
	fmt.Fprint(c.out, "\nIt is started now, in this terminal: Ctrl-C stops it, and the line above starts it again. What follows is its log."+
		"\n\n")
	return c.run(ctx, o.Config, slog.LevelInfo)
}

// setupNotify sets up a bot without Slack.
func (c *cli) setupNotify(ctx context.Context, o setup.Options, notify setup.NotifyOptions, tokenFile string) (err error) {
	notify.Options = o
	if notify.URL == "ask" {
		notify.URL = ""
	}
	if tokenFile != "" {
		if notify.Token, err = token(tokenFile, ""); err != nil {
			return err
		}
		notify.Token = strings.TrimSpace(notify.Token)
	}
	return setup.RunNotify(ctx, notify)
}

// token is the one in a file, or else in the environment; empty: neither.
func token(file, env string) (string, error) {
	if file == "" {
		return os.Getenv(env), nil
	}
	b, err := os.ReadFile(file)
	if err == nil && strings.TrimSpace(string(b)) == "" {
		err = fmt.Errorf("%s is empty", file)
	}
	return string(b), err
}

// prompt asks at the terminal. Where the standard input is none, its lines are the answers. It ends with its context, whatever is typed.
type prompt struct {
	ctx   context.Context
	out   io.Writer
	in    *bufio.Reader
	asked bool
}

func (p *prompt) Line(words string) (string, error) {
	return p.ask(words, func() (string, error) { return p.in.ReadString('\n') })
}

func (p *prompt) Secret(words string) (string, error) {
	in := int(os.Stdin.Fd())
	shown, err := term.GetState(in)
	if err != nil { // no terminal
		return p.Line(words)
	}
	defer func() { _ = term.Restore(in, shown) }()
	defer fmt.Fprintln(p.out)
	return p.ask(words, func() (string, error) {
		b, err := term.ReadPassword(in)
		return string(b), err
	})
}

// ask shows the words and reads the answer. A read that nobody ends ends with the program.
func (p *prompt) ask(words string, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	fmt.Fprint(p.out, words)
	p.asked = true
	answered := make(chan answer, 1)
	go func() {
		text, err := read()
		answered <- answer{text, err}
	}()
	select {
	case a := <-answered:
		return a.text, a.err
	case <-p.ctx.Done():
		return "", errors.New("stopped; nothing was changed")
	}
}
