package slackapp_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// say is an incident's messages, each of one line.
func say(lines ...string) []commands.Message {
	slots := []string{"incident", "facts", "story", "plan"}
	var out []commands.Message
	for i, l := range lines {
		if l != "" {
			out = append(out, commands.Message{Slot: slots[i],
				Reply: commands.Reply{Text: l, Blocks: []commands.Block{commands.Paragraph{commands.Text(l)}}}})
		}
	}
	return out
}

// thread is what a channel's first thread says, a line a message.
func thread(n slackemu.Snapshot) string {
	roots := n.Messages(channel)
	if len(roots) == 0 {
		return ""
	}
	var out []string
	for _, m := range n.Thread(channel, roots[0].TS) {
		out = append(out, m.Plain())
	}
	return strings.Join(out, " | ")
}

func (b *bed) tell(t *testing.T, d *slackapp.Deliverer, lines ...string) {
	t.Helper()
	if err := d.Deliver(t.Context(), "INC-1", "", say(lines...)); err != nil {
		t.Fatal(err)
	}
}

func (b *bed) reads(t *testing.T, want string) {
	t.Helper()
	b.wait(t, func(n slackemu.Snapshot) bool { return thread(n) == want })
}

// settled waits until what was sent is recorded, and only so many deliveries are pending.
func (b *bed) settled(t *testing.T, want int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		pending, err := b.store.Pending(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(pending) == want {
			return
		}
	}
	t.Fatalf("not %d deliveries are pending", want)
}

func TestAThreadIsKeptUpToDate(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	d, _ := b.deliver(t)
	began := time.Now()
	b.tell(t, d, "ill", "looking")
	b.reads(t, "ill | looking")
	if took := time.Since(began); took > 20*time.Second { // who is not woken looks every 30 s
		t.Errorf("the first reply came after %s", took)
	}
	b.tell(t, d, "ill", "found", "once upon")
	b.reads(t, "ill | found | once upon")
	before := b.slack.Counts()
	b.tell(t, d, "ill", "found", "once upon")
	b.tell(t, d, "well", "found", "once upon")
	b.reads(t, "well | found | once upon")
	after := b.slack.Counts()
	if after.Updates-before.Updates != 1 || after.Posts != before.Posts {
		t.Errorf("one change took %d updates and %d posts", after.Updates-before.Updates, after.Posts-before.Posts)
	}
	b.unharmed(t)
}

// Many changes in a short time are not sent one by one: the pace is kept, and the newest wins.
func TestChangesAreCoalesced(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	d, _ := b.deliver(t)
	began := time.Now()
	for i := range 200 {
		b.tell(t, d, fmt.Sprintf("state %d", i), "looking")
	}
	b.reads(t, "state 199 | looking")
	most := 11 + int(time.Since(began).Seconds())
	if c := b.slack.Counts(); c.Posts != 2 || c.Updates > most || c.RateLimited > 0 {
		t.Errorf("%+v, of at most %d updates", c, most)
	}
}

func TestAPostWhoseOutcomeIsUnknownIsNotRepeated(t *testing.T) {
	for name, outcome := range map[string]slackemu.Outcome{
		"the answer was lost": slackemu.DoneUnanswered, "the request was lost": slackemu.Lost, "Slack had an error": slackemu.ServerError,
		"too fast": slackemu.RateLimited,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, slackemu.Options{})
			d, _ := b.deliver(t)
			b.slack.Inject(slackemu.Fault{Method: "chat.postMessage", Times: 2, Outcome: outcome})
			b.tell(t, d, "ill", "looking", "once upon")
			b.reads(t, "ill | looking | once upon")
			if n := len(b.slack.Messages(channel)); n != 1 {
				t.Errorf("%d messages in the channel", n)
			}
		})
	}
}

// A Deliverer killed between Slack's answer and its own record of it leaves a message that the next one finds.
func TestARestartFindsWhatWasPosted(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	d, stop := b.deliver(t)
	b.slack.Inject(slackemu.Fault{Method: "chat.postMessage", Outcome: slackemu.DoneUnanswered})
	b.tell(t, d, "ill")
	b.reads(t, "ill")
	stop()
	d, _ = b.deliver(t)
	b.tell(t, d, "worse", "looking")
	b.reads(t, "worse | looking")
	if n := len(b.slack.Messages(channel)); n != 1 {
		t.Errorf("%d messages in the channel", n)
	}
	b.unharmed(t)
}

func TestWhatIsWantedWaitsWhileSlackIsDown(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.slack.Inject(slackemu.Fault{Times: 3, Outcome: slackemu.Lost})
	d, _ := b.deliver(t)
	b.tell(t, d, "ill", "looking")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { // as when the connection to Slack comes and goes
		for ctx.Err() == nil {
			d.Retry()
			time.Sleep(5 * time.Millisecond)
		}
	}()
	began := time.Now()
	b.reads(t, "ill | looking")
	if took := time.Since(began); took > 20*time.Second { // who is not woken looks every 30 s
		t.Errorf("it waited for %s after Slack was back", took)
	}
}

func TestADeletedMessageIsPostedAnew(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	d, _ := b.deliver(t)
	b.tell(t, d, "ill", "looking")
	b.reads(t, "ill | looking")
	facts := b.slack.Thread(channel, b.slack.Messages(channel)[0].TS)[1]
	b.settled(t, 0)
	if _, _, err := b.api().DeleteMessage(channel, facts.TS); err != nil {
		t.Fatal(err)
	}
	b.reads(t, "ill")
	b.tell(t, d, "ill", "found")
	b.reads(t, "ill | found")
}

// A channel that does not take messages is tried again, ever more slowly, and does not keep others waiting.
func TestABadChannelIsKeptAndDoesNotDisturbOthers(t *testing.T) {
	for _, bad := range []string{"C0OLD", "C0OTHER", "nowhere"} {
		t.Run(bad, func(t *testing.T) {
			b := newBed(t, slackemu.Options{})
			d, _ := b.deliver(t)
			began := time.Now()
			if err := d.Deliver(t.Context(), "INC-9", bad, say("lost", "looking")); err != nil {
				t.Fatal(err)
			}
			b.tell(t, d, "ill", "looking")
			b.reads(t, "ill | looking")
			b.settled(t, 2)
			if n, took := len(b.slack.Refusals()), time.Since(began); n > 3+int(took.Seconds()) {
				t.Errorf("tried %d times in %s", n, took)
			}
		})
	}
}

func TestEveryStageOfAnIncidentIsTold(t *testing.T) {
	b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	b.deliver(t)
	b.begin(t)
	plan := commandstest.Plan()
	b.keeper.Append("INC-1", incident.PlanApproved{Approval: incident.Approval{PlanHash: plan.Hash, By: commandstest.Ada, At: time.Now(),
		Expires: time.Now().Add(time.Hour)}},
		incident.StepIntended{PlanHash: plan.Hash, Step: "s1", Attempt: 1}, incident.StepUnclear{PlanHash: plan.Hash, Step: "s1", Detail: "?"})
	b.wait(t, func(n slackemu.Snapshot) bool {
		m := n.Messages(channel)[0]
		return strings.Contains(m.Plain(), "Needs a person") && len(m.Elements()) == 2 && strings.Contains(thread(n), "unclear: ?")
	})
	b.unharmed(t)
	if os.Getenv("TEST_LOG") != "" {
		t.Log(b.slack.Transcript())
	}
}

func TestDeliverNeedsAChannel(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.opts.Channel = ""
	if err := slackapp.NewDeliverer(b.opts, b.store).Deliver(context.Background(), "INC-1", "", say("x")); err == nil {
		t.Error("there is nowhere to tell it, and nobody is told")
	}
}
