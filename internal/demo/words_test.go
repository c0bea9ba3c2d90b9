package demo

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// What people type in their own words is answered over Slack's own doors: in the channel, in an incident's thread, and by the slash command
// alone. Nothing is decided by it.
func TestPeoplesWords(t *testing.T) {
	t.Parallel()
	d := begin(t)
	p := &player{Demo: d, ear: ear{out: io.Discard, heard: map[string]string{}}, ctx: t.Context()}
	mention := func(thread, text, answer string) {
		p.check("mention the bot: "+text, func(ctx context.Context) error {
			_, err := d.Slack.Mention(ctx, Ada, Channel, thread, text)
			return err
		})
		p.wait("the newest answer to “"+text+"” says “"+answer+"”", func(s slackemu.Snapshot) bool {
			all := s.Ephemerals(Ada)
			return len(all) > 0 && strings.Contains(strings.ReplaceAll(all[len(all)-1].Plain(), "`", ""), answer)
		})
	}
	mention("", "is the cluster ok?", "Read as: check")
	p.breaks()
	root := p.thread("INC-1", "")
	p.plan("INC-1")
	for _, c := range [][2]string{{"and now?", "Read as: about INC-1 now"}, {"who has it", "Nobody has it"},
		{"what did you rule out?", "Read as: about INC-1 ruled-out"}, {"show me its log", "plugin/loop"},
		{"what would you do", "Open it, and approve it there"}, {"what helped last time", "Read as: about INC-1 before"},
		{"catch me up", "Read as: catchup INC-1"}, {"why is convocanvas crashing", "Read as: why deployment/convocanvas -n convocanvas"},
		{"close to done?", "Nothing was done"}, {"go ahead and fix it", "Words change nothing here"}, {"details", "2 causes"}} {
		mention(root, c[0], c[1])
	}
	p.command(Ada, "")
	p.told(Ada, "Waits for approval", "Try:")
	p.command(Ada, "whats wrong in convocanvsa")
	p.told(Ada, "for “convocanvsa”")
	p.check("claim it in its thread", func(ctx context.Context) error {
		_, err := d.Slack.Mention(ctx, Ada, Channel, root, "claim")
		return err
	})
	p.reads(root, "*Ada* has it.")
	if p.err != nil {
		t.Fatal(p.err)
	}
	s, err := d.record.Get(t.Context(), "INC-1")
	if err != nil || !s.Open() || len(s.Approvals) > 0 || s.Stopped != nil || s.Rejected != nil {
		t.Errorf("something was decided: %+v, %v", s, err)
	}
	if r := d.Slack.Refusals(); len(r) > 0 {
		t.Errorf("Slack refused %v", r)
	}
}
