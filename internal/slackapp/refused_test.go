package slackapp_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

func (b *bed) api() *slack.Client {
	return slack.New(b.opts.BotToken, slack.OptionAPIURL(b.opts.APIURL))
}

// whatever answers everything with arbitrary replies.
type whatever struct{ replies chan commands.Reply }

func (w whatever) Dispatch(context.Context, commands.Request) commands.Reply { return <-w.replies }
func (w whatever) Opens(string) bool                                         { return true }
func (w whatever) Acts(string) bool                                          { return false }

// Whatever is in a Reply, Slack takes it: as a message and as a modal.
func TestNoReplyIsRefused(t *testing.T) {
	b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	random := rand.New(rand.NewPCG(3, 1))
	w := whatever{make(chan commands.Reply, 1)}
	b.listen(t, w)
	for i := range 25 {
		r := slackapp.Arbitrary(random)
		m := slackapp.Render(r)
		if _, _, err := b.api().PostMessageContext(t.Context(), channel, slack.MsgOptionText(m.Text, false),
			slack.MsgOptionBlocks(m.Blocks...)); err != nil {
			t.Fatalf("message %d: %v\n%+v", i, err, b.slack.Refusals())
		}
		w.replies <- r
		before := b.slack.Views(ada)
		if err := b.slack.Command(t.Context(), ada, channel, "/medic", "x"); err != nil {
			t.Fatal(err)
		}
		b.wait(t, func(n slackemu.Snapshot) bool {
			v := n.Views(ada)
			return len(n.Refusals) > 0 || len(v) == 1 && (len(before) == 0 || v[0].ID != before[0].ID) &&
				!strings.Contains(v[0].Plain(), "Looking …")
		})
		if refused := b.slack.Refusals(); len(refused) > 0 {
			t.Fatalf("modal %d: %+v", i, refused)
		}
	}
}

// An answer that does not fit into an acknowledgement comes all the same.
func TestALargeAnswer(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	c := newSlowly(commands.Reply{Text: "large", Blocks: []commands.Block{commands.Paragraph{commands.Text(strings.Repeat("🚑", 9000))}}})
	close(c.let)
	b.listen(t, c)
	if err := b.slack.Command(t.Context(), ada, channel, "/medic", "check"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return len(last(n, ada)) > 30000 })
	b.unharmed(t)
}

// When no modal can be opened, because the press came too late, the answer is not lost; to agree to it, it is opened again.
func TestALateModalBecomesAMessage(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.listen(t, b.set)
	b.deliver(t)
	root := b.begin(t)
	b.slack.Inject(slackemu.Fault{Method: "views.open", Outcome: slackemu.ServerError})
	if err := b.slack.Press(t.Context(), ada, channel, root, "plan"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return strings.Contains(last(n, ada), "[Open the plan]") })
	if got := last(b.slack.Snapshot(), ada); strings.Contains(got, "[Approve]") ||
		strings.Contains(got, commandstest.Plan().Hash[:8]) || !strings.Contains(got, "*Runs as:* ") {
		t.Errorf("a message, which may be shortened, says %s", got)
	}
	m := b.slack.Ephemerals(ada)[0]
	if err := b.slack.Press(t.Context(), ada, channel, m.TS, "open"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool {
		v := n.Views(ada)
		return len(v) == 1 && v[0].Submit == "Approve"
	})
	if err := b.slack.Submit(t.Context(), ada, b.slack.Views(ada)[0].ID, nil); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool {
		return strings.Contains(n.Messages(channel)[0].Plain(), "Approved by Ada")
	})
}
