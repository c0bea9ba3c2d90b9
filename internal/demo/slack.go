package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// The people and places of the demo's Slack.
const (
	Ada      = "U0ADA" // an operator: may approve
	Ben      = "U0BEN" // is on call, and may not approve
	Channel  = "C0INCIDENTS"
	general  = "C0GENERAL"
	workshop = "Leveling"
)

// banner says on the page what is real here and what is not.
const banner = "This cluster is a replay of two recordings of a real one. The bot is the real bot; Slack is an emulation. Waits " +
	"are shortened."

// hints are what a visitor may try, from the first command to the second time that the same thing breaks.
var hints = []string{
	"`/medic check` says how the cluster is: well, as long as nobody breaks it.",
	"*Break the cluster*. Paramedic tells of it in #incidents: open the thread, then *Open the plan*, and approve it as Ada.",
	"In the thread, ask `@paramedic and now?`, or `@paramedic who has it`.",
	"Leave it alone for a minute: Ben is on call, and is mentioned. Become Ben at the bottom left: he can take it, and may not approve.",
	"*Paramedic* under Apps, *Home*: what waits for you, what is open, and how the cluster is.",
	"In #general, the menu (⋯) of Alertmanager’s message: *Diagnose this*.",
	"Once it is resolved, say whether the cause was right, publish the postmortem, and break the cluster again: what worked is known.",
}

func (d *Demo) startSlack(o Options) error {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	may := func() bool { return d.mayBreak(context.Background()) == nil }
	slack, err := slackemu.New(slackemu.Options{
		Workspace: workshop, Banner: banner, Hints: hints, Logger: o.Logger, Scopes: slackapp.Scopes,
		AckWithin: 20 * time.Second, // people are patient: the page, the bot and the cluster share one machine, which may be slow
		Users: []slackemu.User{
			{ID: Ada, Name: "ada", RealName: "Ada", Email: "ada@leveling.example", Title: "Operator, may approve"},
			{ID: Ben, Name: "ben", RealName: "Ben", Email: "ben@leveling.example", Title: "On call, may not approve"},
		},
		Channels: []slackemu.Channel{{ID: Channel, Name: "incidents", Topic: "What is wrong, and what is done about it"},
			{ID: general, Name: "general"}},
		Commands: []slackemu.Command{{Name: "/medic", Hint: "[check | why | incidents | search | help]", Description: "Ask Paramedic"}},
		Controls: []slackemu.Control{{
			ID: "break", Label: "Break the cluster", Style: "danger", Enabled: may,
			Do: func(ctx context.Context) (string, error) {
				return "The cluster breaks. The watch sees it in a moment; the alert comes later.", d.Break(ctx)
			},
		}, {
			ID: "ship", Label: "Ship a bad release", Style: "danger", Enabled: may,
			Do: func(ctx context.Context) (string, error) {
				return "A release of Loki is rolled out, with too little memory. The watch sees it in a moment.", d.Ship(ctx)
			},
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

// mayBreak says why the cluster cannot be broken now: it is broken, or the bot is about to prove that it is well again.
func (d *Demo) mayBreak(ctx context.Context) error {
	if d.World.Broken() {
		return errBroken
	}
	d.mu.Lock()
	record := d.record
	d.mu.Unlock()
	if record == nil {
		return errors.New("the bot is still starting")
	}
	open, _, err := record.List(ctx, false)
	if err != nil {
		return err
	}
	for _, s := range open {
		switch s.Phase(time.Now()) {
		case incident.Approved, incident.Recovering, incident.Verifying:
			return fmt.Errorf("%s is being mended; wait until it is resolved", s.ID)
		}
	}
	return nil
}

// Break breaks the cluster; the alert follows a moment later.
func (d *Demo) Break(ctx context.Context) error {
	if err := d.mayBreak(ctx); err != nil {
		return err
	}
	if err := d.World.Break(); err != nil {
		return err
	}
	d.Slack.Refresh()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Second): // Prometheus takes minutes over it
	}
	r := ring{pods: ofTheNight(d.World.scenes.broken), began: time.Now()}
	d.mu.Lock()
	d.night = r
	d.mu.Unlock()
	if err := d.alerts.deliver(ctx, r, time.Time{}); err != nil {
		return err
	}
	return d.tellElsewhere(r)
}

// tellElsewhere has Alertmanager tell of its alert in Slack by itself, too, as many have it do: a message for "Diagnose this".
func (d *Demo) tellElsewhere(r ring) error {
	if len(r.pods) == 0 {
		return nil
	}
	first := r.pods[0]
	text := fmt.Sprintf("*Summary:* Pod %s/%s is crash-looping", first[0], first[1])
	raw, err := json.Marshal(map[string]any{"attachments": []map[string]any{{"color": "danger", "text": text,
		"title":      fmt.Sprintf("[FIRING:%d] KubePodCrashLooping", len(r.pods)),
		"title_link": "http://alertmanager.example/#/alerts?receiver=slack", "footer": "Alertmanager",
		"fields": []map[string]any{{"title": "namespace", "value": first[0], "short": true},
			{"title": "pod", "value": first[1], "short": true}}}}})
	if err == nil {
		_, err = d.Slack.Post(general, "Alertmanager", raw)
	}
	return err
}

// Ship rolls out a bad release; the alert follows when its pods crash-loop.
func (d *Demo) Ship(ctx context.Context) error {
	if err := d.mayBreak(ctx); err != nil {
		return err
	}
	if err := d.World.Ship(); err != nil {
		return err
	}
	d.Slack.Refresh()
	return nil
}

// turned rings, or stops ringing, for what has become of the cluster.
func (d *Demo) turned(ctx context.Context, t turn, logger *slog.Logger) {
	d.Slack.Refresh()
	var over []ring
	d.mu.Lock()
	if t.Well {
		over, d.night = append(over, d.night), ring{}
	}
	if t.Released {
		over, d.bad = append(over, d.bad), ring{}
	}
	if len(t.Failing) > 0 {
		d.bad = ring{t.Failing, time.Now()}
	}
	fires := d.bad
	d.mu.Unlock()
	var err error
	for _, r := range over {
		if !r.began.IsZero() {
			err = errors.Join(err, d.alerts.deliver(ctx, r, time.Now()))
		}
	}
	if len(t.Failing) > 0 {
		err = errors.Join(err, d.alerts.deliver(ctx, fires, time.Time{}))
	}
	if err != nil && ctx.Err() == nil {
		logger.Warn("an alert, or its end, could not be told", "error", err)
	}
}
