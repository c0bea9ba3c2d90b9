package demo

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/ollama"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// startBot starts the bot as `paramedic serve` does, but for the waits: a replay gets well within seconds.
func (d *Demo) startBot(ctx context.Context, o Options) error {
	node, cniDir, err := nodeOf(d.World.scenes.healthy)
	if err != nil {
		return err
	}
	token := rand.Text()
	c := app.DefaultConfig()
	c.Cluster = app.ClusterConfig{Name: node, Kubeconfig: filepath.Join(d.dir, "bot.kubeconfig")}
	c.Slack.BotToken, c.Slack.AppToken, c.Slack.Channel, c.Slack.APIURL = "xoxb-emulated", "xapp-emulated", Channel, d.Slack.APIURL()
	c.Slack.OnCall.First = app.CalleeConfig{Slack: Ben, Name: "Ben"}
	c.Slack.OnCall.After = metav1.Duration{Duration: cmp.Or(o.callAfter, time.Minute)}
	c.Webhook = app.WebhookConfig{Listen: "127.0.0.1:0", BearerToken: token}
	c.State, c.Knowledge = filepath.Join(d.dir, "paramedic.db"), filepath.Join(d.dir, "postmortems")
	c.Host = app.HostConfig{Root: d.World.node.root, Node: node, CNIDir: cniDir}
	c.Approvers = []app.PersonConfig{{Slack: Ada, User: "ada", Groups: []string{"operators"}}}
	c.Plans.Comeback = metav1.Duration{Duration: 30 * time.Second}
	c.Verify = app.VerifyConfig{For: metav1.Duration{Duration: 10 * time.Second}, Every: metav1.Duration{Duration: time.Second},
		GiveUp: metav1.Duration{Duration: 3 * time.Minute}}
	c.LastGood.Every = metav1.Duration{Duration: 5 * time.Second}
	c.Ollama.Timeout = metav1.Duration{Duration: 90 * time.Second} // less than a player waits
	c.Ollama.Model, c.Ollama.Embedder = models(ctx, o.Model)
	d.Model = c.Ollama.Model
	server, err := app.NewServer(ctx, c, app.ServerOptions{Version: o.Version, Logger: o.Logger, Redactor: redact.New(), Replay: true})
	if err != nil {
		return err
	}
	d.alerts = newAlertmanager("http://"+server.WebhookAddr()+"/alerts", token)
	d.group.Go(func() error { return server.Run(ctx) })
	if d.state, err = store.OpenReadOnly(ctx, c.State); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.record = app.ReadIncidents(d.state)
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
	if m, ok := status.Model(wanted); ok && m.Remote == "" {
		tells = m.Name
	}
	for _, m := range status.Models {
		embedder := slices.ContainsFunc([]string{"embed", "minilm", "bge"}, func(s string) bool { return strings.Contains(m.Name, s) })
		switch {
		case m.Remote != "":
		case embedder && embeds == "":
			embeds = m.Name
		case !embedder && tells == "":
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
		keys, err := d.state.LastGoodKeys(ctx)
		if err == nil && len(keys) >= 2 { // the Corefile and the CNI directory
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the bot has kept copies of %v alone within 30 s, and of what is well it should keep two (%w)", keys,
				errors.Join(ctx.Err(), err))
		case <-time.After(50 * time.Millisecond):
		}
	}
}
