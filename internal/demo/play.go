package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// playWithin bounds each thing that is waited for; a model's story is not waited for.
const playWithin = 90 * time.Second

// player acts as people, and says what fails.
type player struct {
	*Demo
	ctx context.Context
	out io.Writer
	err error // the first thing that failed; nothing is done after it
}

// Play is the whole visit without a browser: it acts as Ada and Ben, checks what they should see, and prints the conversation. The error says
// what did not happen.
func (d *Demo) Play(ctx context.Context, out io.Writer) error {
	p := &player{Demo: d, ctx: ctx, out: out}
	p.say("Ada asks how the healthy cluster is: /medic check")
	p.command(Ada, "check")
	p.told(Ada, "nothing wrong")

	p.say("The cluster breaks, and the alert comes in")
	p.breaks()
	first := p.thread("")
	p.reads(first, "CoreDNS forwards to itself", "lost its CNI configuration", "Seen before")
	p.reads(first, "Open the plan")

	p.say("Ben opens the plan, and may not approve it")
	p.press(Ben, first, "Open the plan")
	p.told(Ben, "not among the approvers")

	p.say("Ada opens the plan, sees its diff, and approves")
	p.press(Ada, first, "Open the plan")
	p.submit(Ada, "Approve", nil, "forward . 127.0.0.1", "CNI configuration")
	p.reads(first, "resolved")

	p.say("Ada completes the postmortem and publishes it")
	p.press(Ada, first, "Edit")
	p.submit(Ada, "", map[string]string{"followup": "- Pin the K3s version\n- Try updates on one node first"}, "followup")
	p.press(Ada, first, "Publish")
	p.reads(first, "Published")

	p.say("The cluster breaks again: it was seen before, and what worked is known")
	p.breaks()
	second := p.thread(first)
	p.reads(second, "Seen before", "What worked", "Restart")

	p.say("That was the visit. The conversation:")
	fmt.Fprintln(out, d.Slack.Transcript())
	if r := d.Slack.Refusals(); len(r) > 0 && p.err == nil {
		p.err = fmt.Errorf("the emulated Slack refused what the bot sent: %v", r)
	}
	return p.err
}

func (p *player) say(what string) {
	if p.err == nil {
		fmt.Fprintln(p.out, "▸ "+what)
	}
}

// do does one thing, unless something has failed before.
func (p *player) do(what string, f func(ctx context.Context) error) {
	if p.err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, playWithin)
	defer cancel()
	if err := f(ctx); err != nil {
		p.err = fmt.Errorf("%s: %w", what, err)
	}
}

func (p *player) command(who, text string) {
	p.do("type /medic "+text, func(ctx context.Context) error { return p.Slack.Command(ctx, who, Channel, "/medic", text) })
}

func (p *player) breaks() {
	p.do("wait for the cluster to be well", func(ctx context.Context) error {
		for p.World.Broken() {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
		return nil
	})
	p.do("break the cluster", p.Break)
}

// thread waits for an incident's message other than the one named, and returns its timestamp.
func (p *player) thread(other string) (root string) {
	p.wait("a thread for the incident", func(s slackemu.Snapshot) bool {
		for _, m := range s.Messages(Channel) {
			if m.Metadata != nil && m.TS > other {
				root = m.TS
			}
		}
		return root != ""
	})
	return root
}

// reads waits until the thread says all of the words.
func (p *player) reads(root string, words ...string) {
	p.wait(fmt.Sprintf("the thread says %q", words), func(s slackemu.Snapshot) bool {
		text := ""
		for _, m := range s.Thread(Channel, root) {
			text += m.Plain() + "\n"
			for _, e := range m.Elements() {
				text += e.Label + "\n"
			}
		}
		return containsAll(text, words)
	})
}

// told waits until only that person sees the words, as a message or in a window.
func (p *player) told(who string, words ...string) {
	p.wait(fmt.Sprintf("%s alone is told %q", who, words), func(s slackemu.Snapshot) bool {
		for _, m := range s.Ephemerals(who) {
			if containsAll(m.Plain(), words) {
				return true
			}
		}
		for _, v := range s.Views(who) {
			if containsAll(viewText(v), words) {
				return true
			}
		}
		return false
	})
}

// press presses the newest button of the label in the incident's thread.
func (p *player) press(who, root, label string) {
	var ts, action string
	p.wait(fmt.Sprintf("a button %q", label), func(s slackemu.Snapshot) bool {
		for _, m := range s.Thread(Channel, root) {
			for _, e := range m.Elements() {
				if e.Type == "button" && e.Label == label {
					ts, action = m.TS, e.ActionID
				}
			}
		}
		return ts != ""
	})
	p.do("press "+label, func(ctx context.Context) error { return p.Slack.Press(ctx, who, Channel, ts, action) })
}

// submit waits for a window that shows the words and can be submitted by a button that begins with the label, and submits it.
func (p *player) submit(who, label string, values map[string]string, words ...string) {
	var id string
	p.wait(fmt.Sprintf("a window of %s that shows %q", who, words), func(s slackemu.Snapshot) bool {
		for _, v := range s.Views(who) {
			if v.Type == "modal" && v.Submit != "" && strings.HasPrefix(v.Submit, label) && containsAll(viewText(v), words) {
				id = v.ID
			}
		}
		return id != ""
	})
	p.do("submit the window", func(ctx context.Context) error { return p.Slack.Submit(ctx, who, id, values) })
}

func (p *player) wait(what string, until func(slackemu.Snapshot) bool) {
	p.do("wait: "+what, func(ctx context.Context) error { return p.Slack.Wait(ctx, until) })
}

func viewText(v slackemu.View) string {
	body, err := json.Marshal(v.Blocks)
	if err != nil {
		return ""
	}
	return string(body)
}

func containsAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}
