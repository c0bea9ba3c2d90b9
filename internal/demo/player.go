package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// waitWithin bounds each thing that is waited for: a plan's steps, the proof, and a model that is slow to tell a story.
const waitWithin = 100 * time.Second

// player acts as people, and says what fails. After the first failure it does nothing more.
type player struct {
	*Demo
	ear
	ctx context.Context
	err error
}

func (p *player) say(what string) {
	if p.err == nil {
		fmt.Fprintln(p.out, "\n▸ "+what)
	}
}

// check does one thing in bounded time, and prints what was said meanwhile.
func (p *player) check(what string, f func(ctx context.Context) error) {
	if p.err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, waitWithin)
	defer cancel()
	err := f(ctx)
	p.listen(p.Slack)
	if err != nil {
		p.err = fmt.Errorf("%s: %w", what, err)
	}
}

func (p *player) command(who, text string) {
	p.check("type /medic "+text, func(ctx context.Context) error { return p.Slack.Command(ctx, who, Channel, "/medic", text) })
}

func (p *player) breaks() {
	p.poll("the cluster can be broken", p.mayBreak)
	p.check("break the cluster", p.Break)
}

func (p *player) ships() {
	p.poll("a release can be shipped", p.mayBreak)
	p.check("ship a bad release", p.Ship)
}

// poll asks until there is nothing to complain of.
func (p *player) poll(what string, complaint func(context.Context) error) {
	p.check(what, func(ctx context.Context) error {
		for {
			err := complaint(ctx)
			if err == nil {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("not within %s: %w", waitWithin, err)
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
}

// recorded waits until the bot's record of an incident is as it should be.
func (p *player) recorded(id, what string, complaint func(*incident.State) error) {
	p.poll("the record of "+id+" has "+what, func(ctx context.Context) error {
		s, err := p.record.Get(ctx, id)
		if err != nil {
			return err
		}
		return complaint(s)
	})
}

// plan waits for an incident's plan, and returns its hash.
func (p *player) plan(id string) (hash string) {
	p.recorded(id, "a plan", func(s *incident.State) error {
		if s.Plan == nil {
			return errors.New("there is none")
		}
		hash = s.Plan.Hash
		return nil
	})
	return hash
}

// thread waits for the one message about an incident that is newer than the one named, and returns its timestamp.
func (p *player) thread(id, after string) (root string) {
	p.wait("a thread for "+id, func(s slackemu.Snapshot) bool {
		for _, m := range s.Messages(Channel) {
			inThread := m.ThreadTS != "" && m.ThreadTS != m.TS // and told in the channel, too
			if m.TS > after && !inThread && m.Metadata != nil && strings.Contains(m.Text, id) {
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
		}
		return containsAll(text, words)
	})
}

// told waits until only that person sees the words, as a message or in a window.
func (p *player) told(who string, words ...string) {
	p.wait(fmt.Sprintf("%s alone is told %q", who, words), func(s slackemu.Snapshot) bool {
		return slices.ContainsFunc(s.Ephemerals(who), func(m slackemu.Message) bool { return containsAll(m.Plain(), words) }) ||
			slices.ContainsFunc(s.Views(who), func(v slackemu.View) bool { return containsAll(v.Plain(), words) })
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
	p.check("press "+label, func(ctx context.Context) error { return p.Slack.Press(ctx, who, Channel, ts, action) })
}

// submit waits for a window that shows the words and can be submitted by a button that begins with the label, and submits it.
func (p *player) submit(who, label string, values map[string]string, words ...string) {
	var id string
	p.wait(fmt.Sprintf("a window of %s that shows %q and a button %q", who, words, label), func(s slackemu.Snapshot) bool {
		for _, v := range s.Views(who) {
			if strings.HasPrefix(v.Submit, label) && containsAll(shows(v), words) {
				id = v.ID
			}
		}
		return id != ""
	})
	p.check("submit the window", func(ctx context.Context) error { return p.Slack.Submit(ctx, who, id, values) })
}

func (p *player) wait(what string, until func(slackemu.Snapshot) bool) {
	p.check("wait until there is: "+what, func(ctx context.Context) error { return p.Slack.Wait(ctx, until) })
}

// shows is all that a window holds, its inputs' labels and values among it.
func shows(v slackemu.View) string {
	raw, err := json.Marshal(v.Blocks)
	if err != nil {
		return ""
	}
	return string(raw)
}

func containsAll(text string, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}

// ear prints what is said: each message once, and of one that changes what is new in it.
type ear struct {
	out   io.Writer
	heard map[string]string // by timestamp
}

func (e *ear) listen(s *slackemu.Server) {
	now := s.Snapshot()
	for _, m := range now.Messages(Channel) {
		for _, m := range now.Thread(Channel, m.TS) {
			e.hear(m, "")
		}
	}
	for _, who := range []struct{ id, name string }{{Ada, "Ada"}, {Ben, "Ben"}} {
		for _, m := range now.Ephemerals(who.id) {
			e.hear(m, " (only to "+who.name+")")
		}
		for _, v := range now.Views(who.id) {
			e.told(v.ID, "a window of "+who.name+" shows", v.Plain())
		}
	}
}

func (e *ear) hear(m slackemu.Message, to string) {
	indent := ""
	if m.ThreadTS != "" {
		indent = "    "
	}
	e.told(m.TS, indent+"Paramedic"+to, m.Plain())
}

// told prints a text, or its lines that were not there before.
func (e *ear) told(id, head, text string) {
	before, changed := e.heard[id]
	if text == before {
		return
	}
	e.heard[id] = text
	if changed {
		head += ", changed"
	}
	had := strings.Split(before, "\n")
	indent := head[:len(head)-len(strings.TrimLeft(head, " "))] + "  "
	fmt.Fprintln(e.out, head+":")
	for line := range strings.SplitSeq(text, "\n") {
		if !changed || !slices.Contains(had, line) {
			fmt.Fprintln(e.out, strings.TrimRight(indent+line, " "))
		}
	}
}
