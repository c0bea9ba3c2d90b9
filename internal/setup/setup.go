// Package setup leads a person from nothing to a configuration that works: it asks for what the bot needs, checks each answer with Slack as
// it is given, and writes one file.
package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/paramedic-bot/paramedic/deploy"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
)

// Asker asks the person who sets the bot up. An error ends the set-up; io.EOF is that there is nobody to ask.
type Asker interface {
	// Line asks for a line. What is typed may be empty.
	Line(prompt string) (string, error)
	// Secret asks for a line that is not shown.
	Secret(prompt string) (string, error)
}

// Options are what is known before anybody is asked. What is empty is asked for, but for APIURL, Kubeconfig and Context.
type Options struct {
	Config             string // the file to write
	Force              bool   // write over a file that is there
	AppToken, BotToken string
	// RequestURL is where Slack is to post to the bot, which needs no app token then but the signing secret, and listens at Listen. Empty: the
	// bot connects to Slack by Socket Mode.
	RequestURL, SigningSecret, Listen string
	Channel                           string // a channel's id or #name
	Approver                          string // a member's id, handle or name
	User                              string // the Kubernetes user that the approver is; empty: made of the handle
	Kubeconfig                        string // written into the file; empty: what kubectl does
	Context                           string
	APIURL                            string // another Slack than Slack's own
	// Cluster says whether the cluster can be reached, which is looked at before anything else. Nil: the bot will run elsewhere.
	Cluster func(context.Context) incident.Check
	Prog    string // what begins a command line of this program; empty: paramedic
	Out     io.Writer
	Ask     Asker
}

// Run asks for what is missing, checks all of it, and writes the configuration. Until then nothing is written. An answer that does not work
// is explained, and asked for again; one that was given in Options is an error.
func Run(ctx context.Context, o Options) error {
	if _, err := os.Lstat(o.Config); err == nil && !o.Force {
		return fmt.Errorf("%s is there already; name another by --config, or write over it with --force", o.Config)
	}
	w := &wizard{Options: o}
	for _, step := range []func(context.Context) error{w.address, w.cluster, w.app, w.appToken, w.signingSecret, w.botToken, w.channel,
		w.approver} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := w.write(w.withSlack()); err != nil {
		return err
	}
	w.next()
	return nil
}

// wizard is a set-up under way.
type wizard struct {
	Options
	told    slackapp.Named // the channel
	decides slackapp.Person
}

func (w *wizard) slack() slackapp.Options {
	return slackapp.Options{AppToken: w.AppToken, BotToken: w.BotToken, APIURL: w.APIURL}
}

func (w *wizard) say(format string, args ...any) { fmt.Fprintf(w.Out, format+"\n", args...) }

// posted says that Slack posts to the bot.
func (w *wizard) posted() bool { return w.RequestURL != "" }

// address checks where Slack is to post to.
func (w *wizard) address(context.Context) error {
	if !w.posted() {
		return nil
	}
	u, err := url.Parse(w.RequestURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Hostname() != "localhost" && net.ParseIP(u.Hostname()) == nil {
		return fmt.Errorf("%s is no address that Slack posts to: it must be like https://paramedic.example.com%s", w.RequestURL, slackapp.Path)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = slackapp.Path
	}
	if !strings.HasSuffix(u.Path, slackapp.Path) {
		return fmt.Errorf("%s must end with %s", w.RequestURL, slackapp.Path)
	}
	w.RequestURL, w.Listen = u.String(), cmp.Or(w.Listen, "0.0.0.0:9096")
	return nil
}

// cluster looks whether the cluster can be reached, before anybody makes an app for nothing.
func (w *wizard) cluster(ctx context.Context) error {
	if w.Cluster == nil {
		return nil
	}
	if err := w.verdict(w.Cluster(ctx)); err != nil {
		return fmt.Errorf("%w\nNothing was set up. The cluster is found as by kubectl: --kubeconfig and --context, else $KUBECONFIG, else "+
			"~/.kube/config. If the bot is to run on another machine, or in a pod, add --elsewhere", err)
	}
	return nil
}

// app says how to make the Slack app, to whom has no tokens yet.
func (w *wizard) app(context.Context) error {
	if w.BotToken != "" && (w.AppToken != "" || w.SigningSecret != "") {
		return nil
	}
	page, err := deploy.SlackAppURL(w.RequestURL)
	if err != nil {
		return err
	}
	w.say("\n1. Make the Slack app: open this page, choose the workspace, press Next, then Create.\n\n%s\n", page)
	if w.posted() {
		w.say("2. On the app's page: Basic Information, App Credentials, Signing Secret, Show.")
		return nil
	}
	w.say("2. On the app's page: Basic Information, App-Level Tokens, Generate Token and Scopes; any name, add the scope connections:write, " +
		"Generate.")
	return nil
}

// until asks until an answer is right. An answer that was given beforehand is asked for no more: it is right, or an error.
func (w *wizard) until(value *string, ask func() (string, error), right func(string) error) error {
	if given := strings.TrimSpace(*value); given != "" {
		*value = given
		return right(given)
	}
	for {
		answer, err := ask()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("nobody is there to be asked; “%s” lists the flags that answer", w.line("init", "--help"))
		}
		if err != nil {
			return err
		}
		if *value = strings.TrimSpace(answer); *value == "" {
			w.say("   ✗ nothing was typed; Ctrl-C ends this, and nothing is written until all is answered")
			continue
		}
		if err = right(*value); err == nil {
			return nil
		}
		w.say("   ✗ %v", err)
	}
}

// verdict is what is wrong with the first check that failed; what is well is said.
func (w *wizard) verdict(checks ...incident.Check) error {
	for _, c := range checks {
		if !c.OK {
			return fmt.Errorf("%s: %s", c.Name, c.Detail)
		}
	}
	for _, c := range checks {
		w.say("   ✓ %s: %s", c.Name, c.Detail)
	}
	return nil
}

var secretOfSlack = regexp.MustCompile(`^[0-9a-f]{32}$`)

// signingSecret asks for what Slack signs with. Slack has no call that says whether it is right; doctor sees it once the bot runs.
func (w *wizard) signingSecret(context.Context) error {
	if !w.posted() {
		return nil
	}
	return w.until(&w.SigningSecret, func() (string, error) { return w.Ask.Secret("   The signing secret (it is not shown): ") },
		func(s string) error {
			if !secretOfSlack.MatchString(s) {
				return errors.New("a signing secret has 32 characters, 0-9 and a-f; it stands under Basic Information, App Credentials")
			}
			return nil
		})
}

func (w *wizard) appToken(ctx context.Context) error {
	if w.posted() {
		return nil
	}
	return w.until(&w.AppToken, func() (string, error) { return w.Ask.Secret("   The app token (xapp-…; it is not shown): ") },
		func(t string) error {
			if !strings.HasPrefix(t, "xapp-") {
				return errors.New("an app token begins with xapp-; it stands on the app's page, Basic Information, App-Level Tokens")
			}
			w.AppToken = t
			return w.verdict(slackapp.ProbeApp(ctx, w.slack()))
		})
}

func (w *wizard) botToken(ctx context.Context) error {
	if w.BotToken == "" {
		w.say("3. Install the app: Install App, Install to Workspace, Allow. The page then shows the Bot User OAuth Token.")
	}
	return w.until(&w.BotToken, func() (string, error) { return w.Ask.Secret("   The bot token (xoxb-…; it is not shown): ") },
		func(t string) error {
			if !strings.HasPrefix(t, "xoxb-") {
				return errors.New("a bot token begins with xoxb-; it stands on the app's page, Install App")
			}
			w.BotToken = t
			return w.verdict(slackapp.ProbeBot(ctx, w.slack())...)
		})
}

// channel finds where incidents are told: the channel that was named, or the one that the bot was invited to.
func (w *wizard) channel(ctx context.Context) error {
	if w.Channel != "" {
		return w.named(ctx, w.Channel)
	}
	w.say("4. Invite the bot: in the channel where incidents are to be told, type /invite @paramedic.")
	for {
		answer, err := w.Ask.Line("   Press Enter once it is there, or type the channel's name: ")
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("nobody is there to be asked; name the channel by --channel")
		case err != nil:
			return err
		}
		if answer = strings.TrimSpace(answer); answer == "" {
			answer, err = w.only(ctx)
		}
		if err == nil {
			err = w.named(ctx, answer)
		}
		if err == nil {
			return nil
		}
		w.say("   ✗ %v", err)
	}
}

// only is the id of the one channel that the bot is in.
func (w *wizard) only(ctx context.Context) (string, error) {
	in, err := slackapp.Joined(ctx, w.slack())
	switch {
	case err != nil:
		return "", err
	case len(in) == 0:
		return "", errors.New("the bot is in no channel yet; type /invite @paramedic in one")
	case len(in) > 1:
		names := make([]string, len(in))
		for i, c := range in {
			names[i] = "#" + c.Name
		}
		return "", fmt.Errorf("the bot is in %s; type the name of one", strings.Join(names, ", "))
	}
	return in[0].ID, nil
}

func (w *wizard) named(ctx context.Context, channel string) error {
	o := w.slack()
	o.Channel = channel
	found, check := slackapp.FindChannel(ctx, o)
	w.told = found
	return w.verdict(check)
}

// approver finds who may approve, and as which Kubernetes user.
func (w *wizard) approver(ctx context.Context) error {
	if w.Approver == "" {
		w.say("5. Who may approve plans, at first? Most often yourself; more people can be added to the file later.")
	}
	return w.until(&w.Approver, func() (string, error) { return w.Ask.Line("   The approver's name in Slack, or member id: ") },
		func(words string) error {
			found, err := slackapp.FindPeople(ctx, w.slack(), words)
			switch {
			case err != nil:
				return err
			case len(found) == 0:
				return fmt.Errorf("nobody in the workspace is called %s; a member's profile shows their id (⋮, Copy member ID)", words)
			case len(found) > 1:
				return fmt.Errorf("%s: who of them? Type the id: %s", words, several(found))
			}
			w.decides = found[0]
			guessed := ""
			if w.User == "" {
				w.User, guessed = userOf(found[0]), ": the name in Slack; if it is another in the cluster, change it under approvers in the file"
			}
			w.say("   ✓ %s (%s): what %s approves is done as the Kubernetes user %s%s", w.decides.Name, w.decides.ID, w.decides.Name, w.User,
				guessed)
			return nil
		})
}

// mostNamed bounds how many people are offered.
const mostNamed = 5

func several(found []slackapp.Person) string {
	var names []string
	for _, p := range found[:min(len(found), mostNamed)] {
		names = append(names, p.ID+" ("+p.Name+")")
	}
	if more := len(found) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

var notInUsers = regexp.MustCompile(`[^a-z0-9.@-]+`)

// userOf makes the name of a Kubernetes user of a person's handle. It may be any name that roles are bound to.
func userOf(p slackapp.Person) string {
	name := strings.Trim(notInUsers.ReplaceAllString(strings.ToLower(p.Handle), "-"), "-.@")
	return cmp.Or(name, strings.ToLower(p.ID))
}
