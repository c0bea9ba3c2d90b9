package slackapp_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// Changes that Slack does not take keep no new message back, nor the other way round, and no other channel.
func TestWhatFailsKeepsNothingElseBack(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	d, _ := b.deliver(t)
	b.tell(t, d, "ill", "looking")
	b.reads(t, "ill | looking")
	b.settled(t, 0)
	b.slack.Inject(slackemu.Fault{Method: "chat.update", Times: 1000, Outcome: slackemu.ServerError})
	b.tell(t, d, "worse", "found", "once upon")
	b.reads(t, "ill | looking | once upon") // a thousand failures would take half an hour
}

// Six failed calls in a row are over a few seconds after Slack is well again.
func TestTransientErrorsAreRecoveredFromQuickly(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.slack.Inject(slackemu.Fault{Method: "chat.postMessage", Times: 6, Outcome: slackemu.ServerError})
	d, _ := b.deliver(t)
	b.tell(t, d, "ill", "looking")
	began := time.Now()
	b.reads(t, "ill | looking")
	if took := time.Since(began); took > 30*time.Second { // 5 s on an idle machine, and 63 s if each failure doubled a wait of a second
		t.Errorf("it took %s", took)
	}
}

// One message that Slack never takes does not keep the others of its channel waiting.
func TestAMessageThatAlwaysFailsIsPassedOver(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	d, _ := b.deliver(t)
	b.tell(t, d, "ill")
	b.reads(t, "ill")
	b.settled(t, 0)
	b.slack.Inject(slackemu.Fault{Method: "chat.postMessage", Text: "looking", Outcome: slackemu.ServerError, Times: 1000})
	b.tell(t, d, "ill", "looking", "once upon", "a plan")
	b.reads(t, "ill | once upon | a plan")
	b.settled(t, 1)
}

// What decisions hang on goes out before a hundred other changes that wait.
func TestDecisionsGoBeforeChatter(t *testing.T) {
	b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	d, stop := b.deliver(t)
	b.tell(t, d, "ill", "facts", "story")
	b.reads(t, "ill | facts | story")
	b.settled(t, 0)
	stop()
	stands := time.Now()
	b.opts.Now = func() time.Time { return stands } // the pace gives nothing back
	d, _ = b.deliver(t)
	for i := range 3 { // spends the burst
		b.tell(t, d, "ill", fmt.Sprintf("facts %d", i), fmt.Sprintf("story %d", i))
		b.reads(t, fmt.Sprintf("ill | facts %d | story %d", i, i))
	}
	for i := range 100 {
		b.tell(t, d, "ill", fmt.Sprintf("facts %d", i+3), fmt.Sprintf("story %d", i+3))
	}
	b.tell(t, d, "decided", "facts 103", "story 103")
	b.reads(t, "decided | facts 2 | story 2")
}

// fallback is Bob, who is told where a channel takes no messages.
func (b *bed) fallback(t *testing.T) (*slackapp.Deliverer, func()) {
	b.opts.Fallback = bob
	return b.deliver(t)
}

func TestWhatCantBeToldInItsChannelIsToldToTheFallback(t *testing.T) {
	for bad, reason := range map[string]string{"C0OLD": "is_archived", "C0OTHER": "not_in_channel", "nowhere": "channel_not_found"} {
		t.Run(bad, func(t *testing.T) {
			b := newBed(t, slackemu.Options{})
			d, stop := b.fallback(t)
			message := commands.Message{Slot: commands.RootSlot, Reply: commands.Reply{Text: "INC-9: ill", Blocks: []commands.Block{
				commands.Paragraph{commands.Text("ill")}, commands.Actions{{ID: "plan", Label: "Open the plan", Value: "plan INC-9"}}}}}
			if err := d.Deliver(t.Context(), "INC-9", bad, []commands.Message{message}); err != nil {
				t.Fatal(err)
			}
			b.wait(t, func(n slackemu.Snapshot) bool { return len(n.Messages(bob)) == 1 })
			m := b.slack.Messages(bob)[0]
			if got := m.Plain(); !strings.Contains(got, reason) || !strings.Contains(got, "ill") || len(m.Elements()) != 1 {
				t.Errorf("Bob is told %q", got)
			}
			if trouble := d.Trouble(); len(trouble) != 1 || trouble[0].Reason != reason || trouble[0].Try == "" {
				t.Errorf("%+v", trouble)
			}
			b.settled(t, 1) // the incident's message itself
			stop()
			b.fallback(t) // another process tells nobody twice
			time.Sleep(300 * time.Millisecond)
			if n := len(b.slack.Messages(bob)); n != 1 {
				t.Errorf("Bob was told %d times", n)
			}
		})
	}
}

// Once the channel takes messages again the incident is told there, and the fallback is pointed to it.
func TestTheFallbackIsToldWhenTheChannelIsBack(t *testing.T) {
	b := newBed(t, slackemu.Options{Scopes: append([]string{"channels:join"}, slackemu.DefaultScopes...)})
	d, _ := b.fallback(t)
	if err := d.Deliver(t.Context(), "INC-9", "C0OTHER", say("ill", "looking")); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return len(n.Messages(bob)) == 1 })
	if _, _, _, err := b.api().JoinConversation("C0OTHER"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool {
		return len(n.Messages("C0OTHER")) == 1 && strings.Contains(n.Messages(bob)[0].Plain(), "is told in")
	})
	if len(d.Trouble()) != 0 {
		t.Errorf("%+v", d.Trouble())
	}
}

// Far more that waits for a dead channel than is looked at at a time keeps nothing else waiting.
func TestADeadChannelFullOfMessagesDisturbsNoOther(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	d, _ := b.deliver(t)
	for i := range 1200 {
		if err := d.Deliver(t.Context(), fmt.Sprintf("INC-%d", i+100), "C0OLD", say("lost")); err != nil {
			t.Fatal(err)
		}
	}
	b.tell(t, d, "ill", "looking")
	b.reads(t, "ill | looking")
}

// A message that asks for it stands in the channel as well, once.
func TestANewOnsetIsBroadcast(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	d, _ := b.deliver(t)
	onset := func(text string) commands.Message {
		return commands.Message{Slot: "onset-2", Broadcast: true,
			Reply: commands.Reply{Text: text, Blocks: []commands.Block{commands.Paragraph{commands.Text(text)}}}}
	}
	for _, text := range []string{"again", "again, and worse"} {
		if err := d.Deliver(t.Context(), "INC-1", "", append(say("ill", "looking"), onset(text))); err != nil {
			t.Fatal(err)
		}
		b.wait(t, func(n slackemu.Snapshot) bool {
			m := n.Messages(channel)
			return len(m) == 2 && m[1].Broadcast && m[1].Plain() == text && m[1].ThreadTS == m[0].TS
		})
	}
	b.unharmed(t)
}

// What Slack refuses to show is sent shortened, with its buttons, and counts as delivered; without them it does not.
func TestARefusedMessageIsShortenedAndKeepsItsButtons(t *testing.T) {
	long := func() []commands.Message {
		return []commands.Message{{Slot: commands.RootSlot, Reply: commands.Reply{Text: "ill", Blocks: []commands.Block{
			commands.Header{Text: "ill"}, commands.Paragraph{commands.Text(strings.Repeat("long ", 2000))},
			commands.Actions{{ID: "plan", Label: "Open the plan", Value: "plan INC-1"}}}}}}
	}
	for _, c := range []struct{ refusals, buttons, pending int }{{1, 1, 0}, {2, 1, 0}, {3, 1, 0}, {4, 0, 1}} {
		t.Run(fmt.Sprint(c.refusals), func(t *testing.T) {
			b := newBed(t, slackemu.Options{})
			d, _ := b.deliver(t)
			b.slack.Inject(slackemu.Fault{Method: "chat.postMessage", Times: c.refusals, Outcome: slackemu.Refused, Error: "msg_blocks_too_long"})
			if err := d.Deliver(t.Context(), "INC-1", "", long()); err != nil {
				t.Fatal(err)
			}
			b.wait(t, func(n slackemu.Snapshot) bool { return len(n.Messages(channel)) == 1 })
			m := b.slack.Messages(channel)[0]
			if got := m.Plain() + m.Text; len(m.Elements()) != c.buttons || !strings.Contains(got, "/medic incidents INC-1") {
				t.Errorf("the channel shows %d buttons and %.300q", len(m.Elements()), got)
			}
			b.settled(t, c.pending)
		})
	}
}

// What an incident's message carries is read back from Slack, as it was when the message was last sent, posted or changed.
func TestStampsAreReadBackFromSlack(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	version := 0
	b.opts.Stamp = func(_ context.Context, incident string) map[string]any {
		version++
		return map[string]any{"head": fmt.Sprintf("%s@%d", incident, version), "version": version}
	}
	d, _ := b.deliver(t)
	has := func(want ...string) {
		t.Helper()
		b.settled(t, 0)
		stamps, err := d.Stamps(t.Context())
		var got []string
		for _, s := range stamps {
			got = append(got, s["head"].(string))
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("it reads %v, %v; want %v", got, err, want)
		}
	}
	has()
	for _, incident := range []string{"INC-1", "INC-2"} {
		if err := d.Deliver(t.Context(), incident, "", say("ill", "looking")); err != nil {
			t.Fatal(err)
		}
		b.settled(t, 0)
	}
	has("INC-1@1", "INC-2@2")
	if err := d.Deliver(t.Context(), "INC-1", "", say("well", "looking")); err != nil {
		t.Fatal(err)
	}
	has("INC-1@3", "INC-2@2")
	if _, _, err := slack.New(b.opts.BotToken, slack.OptionAPIURL(b.opts.APIURL)).PostMessage(channel,
		slack.MsgOptionText("hello", false)); err != nil {
		t.Fatal(err)
	}
	has("INC-1@3", "INC-2@2")
	b.slack.Inject(slackemu.Fault{Method: "conversations.history", Outcome: slackemu.ServerError})
	if _, err := d.Stamps(t.Context()); err == nil || slackapp.Refused(err) {
		t.Errorf("Slack did not answer, and it is %v", err)
	}
}
