package demo

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/ollama"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// The people and places of the demo's Slack.
const (
	Ada      = "U0ADA" // an operator: may approve
	Ben      = "U0BEN" // looks on
	Channel  = "C0INCIDENTS"
	general  = "C0GENERAL"
	workshop = "Leveling"
)

// banner says on the page what is real here and what is not.
const banner = "This cluster is a replay of two recordings of a real one. The bot is the real bot; Slack is an emulation. Waits are shortened."

// Options of a Demo. The zero value works.
type Options struct {
	Listen  string // of the page; empty: a free port of this machine
	Version string
	Model   string // for stories; empty: the first that an Ollama has, if one answers
	Logger  *slog.Logger
}

// Demo is everything that runs. Make it with Start; Close it.
type Demo struct {
	Slack      *slackemu.Server
	World      *World
	Kubeconfig string // an administrator's, for kubectl
	Model      string // that tells the stories; empty: the template does

	dir    string
	alerts *alertmanager
	api    *http.Server
	ended  <-chan struct{} // closed when a part has failed, or it is to end
	cancel context.CancelFunc
	group  *errgroup.Group
	closed sync.Once
	err    error

	mu    sync.Mutex
	began time.Time // of the alert that fires; zero: none does
}

// Start sets everything up and waits until the bot is connected and has kept what it needs to mend the cluster.
func Start(ctx context.Context, o Options) (_ *Demo, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Demo{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.dir, err = os.MkdirTemp("", "paramedic-demo-"); err != nil {
		return nil, err
	}
	ctx, d.cancel = context.WithCancel(ctx)
	d.group, ctx = errgroup.WithContext(ctx)
	d.ended = ctx.Done()
	if err := d.startCluster(); err != nil {
		return nil, err
	}
	if err := d.startSlack(o); err != nil {
		return nil, err
	}
	if err := d.startBot(ctx, o); err != nil {
		return nil, err
	}
	d.group.Go(func() error { return d.World.Run(ctx, func() { d.well(ctx, o.Logger) }) })
	return d, d.ready(ctx)
}

// tokens of the replay's API. It listens on this machine alone, and for as long as the demo runs.
var tokens = map[string]bundle.User{
	"demo-admin": {Name: "admin", Groups: []string{"system:masters"}},
	"demo-bot":   {Name: "system:serviceaccount:paramedic:paramedic", Groups: []string{"system:serviceaccounts"}},
	"demo-ada":   {Name: "ada", Groups: []string{"operators"}},
	"demo-ben":   {Name: "ben", Groups: []string{"viewers"}},
}

// rules are what deploy/ grants: the bot reads and acts as Ada, operators change what plans change, viewers look.
func rules() bundle.Authorizer {
	bot := []string{tokens["demo-bot"].Name}
	rules := []bundle.Rule{{Groups: []string{"system:masters"}, Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}}}
	rules = append(rules, bundle.ReadRules(bot, []string{"operators", "viewers"})...)
	rules = append(rules, bundle.OperatorRules(nil, []string{"operators"})...)
	rules = append(rules, bundle.Rule{Groups: []string{"operators"}, Verbs: []string{"patch"}, APIGroups: []string{""}, Resources: []string{"nodes"}})
	rules = append(rules, bundle.ImpersonateRules(bot, []string{"ada", "ben"}, []string{"operators", "viewers"})...)
	return bundle.Rules(rules...)
}

func (d *Demo) startCluster() error {
	healthy, err := Healthy()
	if err != nil {
		return err
	}
	broken, err := Broken()
	if err != nil {
		return err
	}
	o := bundle.ServerOptions{Users: tokens, Authorize: rules()}
	if d.World, err = newWorld(healthy, broken, o, filepath.Join(d.dir, "node"), Pace{Look: 300 * time.Millisecond, Heal: 1500 * time.Millisecond}); err != nil {
		return err
	}
	certificate, err := bundle.NewCertificate(time.Now())
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	d.api = &http.Server{Handler: d.World.API, ReadHeaderTimeout: 10 * time.Second, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate.TLS}, MinVersion: tls.VersionTLS12}}
	d.group.Go(func() error {
		if err := d.api.ServeTLS(ln, "", ""); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	d.Kubeconfig = filepath.Join(d.dir, "kubeconfig")
	for file, token := range map[string]string{d.Kubeconfig: "demo-admin", filepath.Join(d.dir, "bot.kubeconfig"): "demo-bot"} {
		data, err := certificate.Kubeconfig("https://"+ln.Addr().String(), token)
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (d *Demo) startSlack(o Options) error {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	slack, err := slackemu.New(slackemu.Options{
		Workspace: workshop, Banner: banner, Logger: o.Logger,
		Users: []slackemu.User{
			{ID: Ada, Name: "ada", RealName: "Ada", Email: "ada@leveling.example", Title: "Operator, may approve"},
			{ID: Ben, Name: "ben", RealName: "Ben", Email: "ben@leveling.example", Title: "Looks on"},
		},
		Channels: []slackemu.Channel{{ID: Channel, Name: "incidents", Topic: "What is wrong, and what is done about it"}, {ID: general, Name: "general"}},
		Commands: []slackemu.Command{{Name: "/medic", Hint: "[check | why | incidents | search | help]", Description: "Ask Paramedic"}},
		Controls: []slackemu.Control{{
			ID: "break", Label: "Break the cluster", Style: "danger",
			Do: func(ctx context.Context) (string, error) {
				return "The cluster breaks. The alert comes in a moment.", d.Break(ctx)
			},
			Enabled: func() bool { return !d.World.Broken() },
		}},
	})
	if err != nil {
		return err
	}
	d.Slack = slack
	if err := slack.Start(o.Listen); err != nil {
		return fmt.Errorf("show the page at %s: %w; name another address with --listen", o.Listen, err)
	}
	return nil
}

// startBot starts the bot as `paramedic serve` does, but for the waits: a replay gets well within seconds.
func (d *Demo) startBot(ctx context.Context, o Options) error {
	node, cniDir, err := nodeOf(d.World.scenes.healthy)
	if err != nil {
		return err
	}
	token := rand.Text()
	c := app.DefaultConfig()
	c.Cluster = app.ClusterConfig{Name: node, Kubeconfig: filepath.Join(d.dir, "bot.kubeconfig")}
	c.Slack = app.SlackConfig{BotToken: "xoxb-emulated", AppToken: "xapp-emulated", Channel: Channel, APIURL: d.Slack.APIURL()}
	c.Webhook = app.WebhookConfig{Listen: "127.0.0.1:0", BearerToken: token}
	c.State, c.Knowledge = filepath.Join(d.dir, "paramedic.db"), filepath.Join(d.dir, "postmortems")
	c.Host = app.HostConfig{Root: d.World.node.root, Node: node, CNIDir: cniDir}
	c.Approvers = []app.ApproverConfig{{Slack: Ada, User: "ada", Groups: []string{"operators"}}}
	c.Plans.Comeback = metav1.Duration{Duration: 30 * time.Second}
	c.Verify = app.VerifyConfig{For: metav1.Duration{Duration: 10 * time.Second}, Every: metav1.Duration{Duration: time.Second}, GiveUp: metav1.Duration{Duration: 3 * time.Minute}}
	c.LastGood.Every = metav1.Duration{Duration: 5 * time.Second}
	c.Ollama.Model, c.Ollama.Embedder = models(ctx, o.Model)
	d.Model = c.Ollama.Model
	server, err := app.NewServer(ctx, c, app.ServerOptions{Version: o.Version, Logger: o.Logger, Redactor: redact.New()})
	if err != nil {
		return err
	}
	d.alerts = newAlertmanager("http://"+server.WebhookAddr()+"/alerts", token, d.World.scenes.broken)
	d.group.Go(func() error { return server.Run(ctx) })
	return nil
}

// models finds what an Ollama at $OLLAMA_HOST offers: a model that tells, and one that embeds. Both are empty where none answers.
func models(ctx context.Context, wanted string) (tells, embeds string) {
	client, err := ollama.New(ollama.Options{})
	if err != nil {
		return "", ""
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	status, err := client.Look(ctx)
	if err != nil {
		return "", ""
	}
	for _, m := range status.Models {
		switch embedder := strings.Contains(m.Name, "embed") || strings.Contains(m.Name, "minilm"); {
		case m.Remote != "":
		case embedder && embeds == "":
			embeds = m.Name
		case !embedder && (tells == "" || m.Name == wanted):
			tells = m.Name
		}
	}
	return tells, embeds
}

// ready waits until the bot hears Slack and has kept its copies.
func (d *Demo) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := d.Slack.Wait(ctx, func(s slackemu.Snapshot) bool { return s.Connections > 0 }); err != nil {
		return fmt.Errorf("wait for the bot: %w", err)
	}
	for {
		keys, err := app.LastGoodKeys(ctx, filepath.Join(d.dir, "paramedic.db"))
		if err == nil && len(keys) >= 2 { // the Corefile and the CNI directory
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the bot has kept copies of %v alone within 30 s, and of what is well it should keep two (%v)", keys, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Break breaks the cluster; the alert follows a moment later.
func (d *Demo) Break(ctx context.Context) error {
	if err := d.World.Break(); err != nil {
		return err
	}
	d.Slack.Refresh()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Second): // Prometheus takes minutes over it
	}
	d.mu.Lock()
	d.began = time.Now()
	began := d.began
	d.mu.Unlock()
	return d.alerts.post(ctx, began, time.Time{})
}

// well ends the alert.
func (d *Demo) well(ctx context.Context, logger *slog.Logger) {
	d.Slack.Refresh()
	d.mu.Lock()
	began := d.began
	d.began = time.Time{}
	d.mu.Unlock()
	if began.IsZero() {
		return
	}
	if err := d.alerts.post(ctx, began, time.Now()); err != nil && ctx.Err() == nil {
		logger.Warn("the end of the alert could not be told", "error", err)
	}
}

// Wait returns when a part of the demo has failed, or the context that it was started with has ended. Close says why.
func (d *Demo) Wait() { <-d.ended }

// Close ends everything and removes what was written.
func (d *Demo) Close() error {
	d.closed.Do(func() {
		if d.cancel != nil {
			d.cancel()
		}
		var errs []error
		if d.api != nil {
			errs = append(errs, d.api.Close())
		}
		if d.World != nil && d.World.API != nil {
			d.World.API.Close()
		}
		if d.group != nil {
			errs = append(errs, d.group.Wait())
		}
		if d.Slack != nil {
			errs = append(errs, d.Slack.Close())
		}
		if d.dir != "" {
			errs = append(errs, os.RemoveAll(d.dir))
		}
		d.err = errors.Join(errs...)
	})
	return d.err
}
