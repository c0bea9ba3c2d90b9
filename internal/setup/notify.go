package setup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/notices"
)

// NotifyOptions are what is known before anybody is asked how to do without Slack. What is empty is asked for, but for Kubeconfig and
// Context; Token only of a form that needs one.
type NotifyOptions struct {
	Options
	URL, Token string
	Form       string // empty: by the URL, or asked for
}

// stateBeside is where the state lies beside a configuration that names none.
const stateBeside = "paramedic.db"

// alertsAt is where alerts are taken of a bot without Slack, which nobody could tell of trouble otherwise.
const alertsAt = "127.0.0.1:9095"

// RunNotify is Run for a bot without Slack: it asks for the address of a home of notices and for who may approve, and looks whether the
// home is there.
func RunNotify(ctx context.Context, o NotifyOptions) error {
	if _, err := os.Lstat(o.Config); err == nil && !o.Force {
		return fmt.Errorf("%s is there already; name another by --config, or write over it with --force", o.Config)
	}
	w := &wizard{Options: o.Options}
	if err := w.cluster(ctx); err != nil {
		return err
	}
	if err := w.home(ctx, &o); err != nil {
		return err
	}
	err := w.until(&w.User, func() (string, error) {
		return w.Ask.Line("   The Kubernetes user who may approve plans, in the terminal: ")
	},
		func(user string) error {
			if strings.ContainsAny(user, " \t") || strings.HasPrefix(user, "system:") {
				return errors.New("a user of a person's own, as “kubectl auth whoami” names you; not one of the cluster's")
			}
			return nil
		})
	if err != nil {
		return err
	}
	alerts := rand.Text()
	f := file{Notices: []noticesPart{{URL: o.URL, Form: o.Form, Token: o.Token}}, Webhook: &webhookPart{alertsAt, alerts},
		Approvers: []approver{{User: w.User}}}
	if err := w.write(f); err != nil {
		return err
	}
	try := []string{"trying", "notices"}
	if dir := filepath.Dir(w.Config); dir != "." {
		try = append(try, "--state", filepath.Join(dir, stateBeside))
	}
	w.say(`
%s is written, for your eyes only.
%s
Start the bot:          %s
Have Alertmanager post  to http://%s/alerts, with the bearer token that stands in the file
Try it now:             %s
Is all as it should be? %s`, w.Config, w.rights(w.User), w.line("serve", w.config()...), alertsAt,
		w.line("open", try...), w.line("doctor", w.config()...))
	return nil
}

// home asks where notices go until something is there.
func (w *wizard) home(ctx context.Context, o *NotifyOptions) error {
	token := func() error {
		return w.until(&o.Token, func() (string, error) { return w.Ask.Secret("   Its token (it is not shown): ") },
			func(string) error { return nil })
	}
	return w.until(&o.URL, func() (string, error) {
		return w.Ask.Line("   Where notices go: the url of a topic of ntfy, a server of Gotify, a webhook of Discord: ")
	}, func(home string) error {
		form := o.Form
		if form == "" {
			form = formOf(home)
		}
		h := notices.Home{At: "it", Form: notices.Form(form), URL: home, Token: o.Token}
		if h.Form == notices.Gotify && o.Token == "" {
			if err := token(); err != nil {
				return err
			}
			h.Token = o.Token
		}
		if err := h.Check(); err != nil {
			return err
		}
		if err := w.verdict(notices.Probe(ctx, h)); err != nil {
			return err
		}
		o.Form = form
		return nil
	})
}

// formOf guesses a home's form by its URL: what it can't tell is a topic of ntfy.
func formOf(home string) string {
	u, err := url.Parse(home)
	switch {
	case err != nil:
		return string(notices.Ntfy)
	case strings.Contains(u.Path, "/api/webhooks/"):
		return string(notices.Discord)
	case strings.Trim(u.Path, "/") == "" || strings.Contains(u.Host, "gotify"):
		return string(notices.Gotify)
	}
	return string(notices.Ntfy)
}
