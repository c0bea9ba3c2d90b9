package slackapp_test

import (
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// One press grades; wrong asks what it was, and counts though nobody answers. Both people's grades show to everybody.
func TestGradingInSlack(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.deliver(t)
	b.listen(t, b.set)
	root := b.begin(t)
	b.keeper.Append("INC-1", incident.Verified{OK: true})
	thread := func(n slackemu.Snapshot, says string) string {
		for _, m := range n.Thread(channel, root) {
			if strings.Contains(m.Plain(), says) {
				return m.TS
			}
		}
		return ""
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return thread(n, "The cause was right") != "" })
	ts := thread(b.slack.Snapshot(), "The cause was right")
	if err := b.slack.Press(t.Context(), ada, channel, ts, "grade-right"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return thread(n, "right by Ada Lovelace") != "" })
	if err := b.slack.Press(t.Context(), bob, channel, ts, "grade-wrong"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool {
		v := n.Views(bob)
		return len(v) == 1 && strings.Contains(v[0].Plain(), "Thank you, that is noted") && thread(n, "wrong by Bob") != ""
	})
	if err := b.slack.Submit(t.Context(), bob, b.slack.Views(bob)[0].ID, map[string]string{"what": "the <!channel> switch"}); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return thread(n, "wrong by Bob (“the <!channel> switch”)") != "" })
	if n := len(b.slack.Thread(channel, root)); n > 7 {
		t.Errorf("the thread has %d messages", n)
	}
	if says := b.asks(t, "grade INC-1 close"); !strings.Contains(says, "graded close") {
		t.Errorf("Ada's second grade answers %q", says)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return thread(n, "close by Ada Lovelace") != "" })
	if err := b.slack.Press(t.Context(), eve, channel, ts, "grade-right"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return strings.Contains(last(n, eve), "Only people in this workspace") })
	b.unharmed(t)
}
