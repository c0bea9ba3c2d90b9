package slackemu_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

func TestSlashCommandAnsweredInTheAcknowledgement(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	bot(t, api, func(c *socketmode.Client, e socketmode.Event) {
		if cmd, ok := e.Data.(slack.SlashCommand); ok {
			c.Ack(*e.Request, slack.Msg{ResponseType: slack.ResponseTypeEphemeral, Text: "you said " + cmd.Text + " in " + cmd.ChannelName})
		}
	})
	if err := s.Command(t.Context(), ada, incidents, "/medic", "check web"); err != nil {
		t.Fatal(err)
	}
	all := s.Ephemerals(ada)
	if len(all) != 1 || all[0].Text != "you said check web in incidents" || len(s.Messages(incidents)) != 0 {
		t.Fatalf("Ada sees %+v, want the answer, to her alone", all)
	}
	if len(s.Ephemerals(grace)) != 0 {
		t.Error("Grace sees Ada's answer")
	}
	if err := s.Command(t.Context(), ada, incidents, "/nurse", ""); err == nil {
		t.Error("a command of no app was accepted")
	}
}

func TestCommandWithoutAcknowledgement(t *testing.T) {
	s, api := start(t, slackemu.Options{AckWithin: 50 * time.Millisecond})
	complaint := func(when string) {
		t.Helper()
		if err := s.Command(t.Context(), ada, incidents, "/medic", "check"); !errors.Is(err, slackemu.ErrNotAcknowledged) {
			t.Fatalf("%s: %v", when, err)
		}
		all := s.Ephemerals(ada)
		if last := all[len(all)-1]; last.Text != "/medic failed because the app did not respond" || last.UserID != "USLACKBOT" {
			t.Errorf("%s: Ada is told %q", when, last.Text)
		}
	}
	complaint("no connection")
	bot(t, api, func(*socketmode.Client, socketmode.Event) {})
	complaint("an app that does not acknowledge")
}

func TestAnInvalidAnswerToACommand(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	bot(t, api, func(c *socketmode.Client, e socketmode.Event) {
		if e.Type == socketmode.EventTypeSlashCommand {
			c.Ack(*e.Request, slack.Msg{Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewHeaderBlock(plain(long(151)))}}})
		}
	})
	if err := s.Command(t.Context(), ada, incidents, "/medic", ""); err == nil {
		t.Fatal("accepted")
	}
	if len(s.Refusals()) != 1 || !strings.Contains(s.Ephemerals(ada)[0].Text, "invalid_command_response") {
		t.Errorf("refusals %v, Ada is told %q", s.Refusals(), s.Ephemerals(ada)[0].Text)
	}
}

// approval is a bot that answers presses by updating the message.
func approval(t *testing.T, presses chan<- slack.InteractionCallback) func(*socketmode.Client, socketmode.Event) {
	return func(c *socketmode.Client, e socketmode.Event) {
		if press, ok := e.Data.(slack.InteractionCallback); ok {
			c.Ack(*e.Request)
			presses <- press
		}
	}
}

func postButtons(t *testing.T, api *slack.Client) (ts string) {
	t.Helper()
	_, ts, err := api.PostMessage(incidents, slack.MsgOptionText("A plan waits", false), slack.MsgOptionBlocks(
		slack.NewSectionBlock(mrkdwn("*Restore the CNI*"), nil, nil),
		slack.NewActionBlock("decide", button("approve", "Approve"), button("reject", "Reject"),
			slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Why"), "why", options(3)...)),
	))
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

func TestPressingAButton(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	presses := make(chan slack.InteractionCallback, 2)
	bot(t, api, approval(t, presses))
	ts := postButtons(t, api)
	if err := s.Press(t.Context(), grace, incidents, ts, "approve"); err != nil {
		t.Fatal(err)
	}
	p := <-presses
	a := p.ActionCallback.BlockActions
	if p.User.ID != grace || p.User.TeamID != "T0ACME" || p.Channel.ID != incidents || p.Message.Timestamp != ts ||
		p.Container.MessageTs != ts || len(a) != 1 || a[0].ActionID != "approve" || a[0].BlockID != "decide" ||
		a[0].Value != "value of approve" || a[0].ActionTs == "" || p.TriggerID == "" {
		t.Fatalf("%+v %+v", p, a)
	}
	if err := s.Select(t.Context(), grace, incidents, ts, "why", "2"); err != nil {
		t.Fatal(err)
	}
	if got := (<-presses).ActionCallback.BlockActions[0].SelectedOption.Value; got != "2" {
		t.Errorf("selected %q", got)
	}
	for name, err := range map[string]error{
		"a button that is not there": s.Press(t.Context(), grace, incidents, ts, "explode"),
		"an option that is not":      s.Select(t.Context(), grace, incidents, ts, "why", "9"),
		"somebody who left":          s.Press(t.Context(), "U0GONE", incidents, ts, "approve"),
	} {
		if err == nil {
			t.Errorf("%s was pressed", name)
		}
	}
}

func TestResponseURL(t *testing.T) {
	now := newClock()
	s, api := start(t, slackemu.Options{Now: now.Now})
	presses := make(chan slack.InteractionCallback, 2)
	bot(t, api, approval(t, presses))
	ts := postButtons(t, api)
	press := func() string {
		if err := s.Press(t.Context(), ada, incidents, ts, "reject"); err != nil {
			t.Fatal(err)
		}
		return (<-presses).ResponseURL
	}
	answer := func(url string, o ...slack.MsgOption) error {
		_, _, err := api.PostMessage("", append(o, slack.MsgOptionText("heard", false),
			slack.MsgOptionResponseURL(url, slack.ResponseTypeEphemeral))...)
		return err
	}
	url := press()
	for range 4 {
		if err := answer(url); err != nil {
			t.Fatal(err)
		}
	}
	if err := answer(url, slack.MsgOptionReplaceOriginal(url)); err != nil {
		t.Fatal(err)
	}
	if got := s.Messages(incidents)[0]; got.Text != "heard" || len(got.Blocks) != 0 {
		t.Errorf("the original is %+v, want it replaced", got)
	}
	if n := len(s.Ephemerals(ada)); n != 4 {
		t.Errorf("%d ephemeral answers, want 4", n)
	}
	if err := answer(url); err == nil {
		t.Error("a sixth use was accepted")
	}
	ts = postButtons(t, api)
	url = press()
	now.Advance(31 * time.Minute)
	if err := answer(url); err == nil {
		t.Error("accepted after half an hour")
	}
}

func TestRedeliveryOnTheNextConnection(t *testing.T) {
	s, api := start(t, slackemu.Options{AckWithin: time.Minute})
	got := make(chan string, 10)
	stop := bot(t, api, func(_ *socketmode.Client, e socketmode.Event) {
		if e.Request != nil && e.Request.EnvelopeID != "" {
			got <- e.Request.EnvelopeID
		}
	})
	ts := postButtons(t, api)
	pressed := make(chan error, 1)
	go func() { pressed <- s.Press(context.WithoutCancel(t.Context()), ada, incidents, ts, "approve") }()
	first := <-got
	stop() // dies before it acknowledged

	presses := make(chan slack.InteractionCallback, 1)
	var again string
	bot(t, api, func(c *socketmode.Client, e socketmode.Event) {
		if e.Type == socketmode.EventTypeInteractive {
			again = e.Request.EnvelopeID
		}
		approval(t, presses)(c, e)
	})
	if p := <-presses; p.User.ID != ada || again != first {
		t.Errorf("the next connection got %s by %s, want %s again", again, p.User.ID, first)
	}
	if err := <-pressed; err != nil {
		t.Error(err)
	}
	wait(t, s, func(n slackemu.Snapshot) bool { return n.Connections == 1 })
}

func TestDisconnectAndDroppedConnectionsAreSurvived(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	bot(t, api, func(c *socketmode.Client, e socketmode.Event) {
		if e.Type == socketmode.EventTypeSlashCommand {
			c.Ack(*e.Request, slack.Msg{Text: "here"})
		}
	})
	for i, cut := range []func(){func() { s.Disconnect("refresh_requested") }, s.DropConnections} {
		cut()
		if err := s.Command(t.Context(), ada, incidents, "/medic", "check"); err != nil {
			t.Fatal(err)
		}
		if n := len(s.Ephemerals(ada)); n != i+1 {
			t.Errorf("%d answers, want %d", n, i+1)
		}
	}
}

func TestEachEnvelopeGoesToOneConnection(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	got := make(chan int, 100)
	for i := range 3 {
		bot(t, api, func(c *socketmode.Client, e socketmode.Event) {
			if e.Type == socketmode.EventTypeSlashCommand {
				got <- i
				c.Ack(*e.Request)
			}
		})
	}
	for range 9 {
		if err := s.Command(t.Context(), ada, incidents, "/medic", ""); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 9 {
		t.Errorf("%d deliveries of 9 commands", len(got))
	}
}

// heard is an event as it reached a bot.
type heard struct {
	event slackevents.EventsAPIEvent
	retry int
}

// listener connects a bot that acknowledges events, or does not, and says what it heard.
func listener(t *testing.T, api *slack.Client, acks bool) <-chan heard {
	t.Helper()
	events := make(chan heard, 10)
	bot(t, api, func(c *socketmode.Client, e socketmode.Event) {
		if event, ok := e.Data.(slackevents.EventsAPIEvent); ok {
			events <- heard{event, e.Request.RetryAttempt}
			if acks {
				c.Ack(*e.Request)
			}
		}
	})
	return events
}

func TestAnEventThatIsNotAcknowledgedComesAgain(t *testing.T) {
	s, api := start(t, slackemu.Options{AckWithin: 50 * time.Millisecond})
	events := listener(t, api, false)
	if _, err := s.Mention(t.Context(), ada, incidents, "", "why?"); err != nil {
		t.Fatal(err)
	}
	first, second := <-events, <-events
	a, b := first.event.Data.(*slackevents.EventsAPICallbackEvent), second.event.Data.(*slackevents.EventsAPICallbackEvent)
	if a.EventID != b.EventID || first.retry != 0 || second.retry != 1 {
		t.Errorf("tries %d and %d of %s and %s, want the same event again at once", first.retry, second.retry, a.EventID, b.EventID)
	}
}

func TestEvents(t *testing.T) {
	s, api := start(t, slackemu.Options{AckWithin: time.Minute})
	events := listener(t, api, true)
	if _, err := s.Mention(t.Context(), ada, incidents, "", "why is <web> down & out?"); err != nil {
		t.Fatal(err)
	}
	m := (<-events).event.InnerEvent.Data.(*slackevents.AppMentionEvent)
	if m.User != ada || m.Channel != incidents || m.Text != "<@"+s.BotUserID()+"> why is &lt;web&gt; down &amp; out?" {
		t.Errorf("%+v", m)
	}
	if _, err := s.DM(t.Context(), ada, "hello"); err != nil {
		t.Fatal(err)
	}
	if dm := (<-events).event.InnerEvent.Data.(*slackevents.MessageEvent); dm.ChannelType != "im" || dm.Text != "hello" {
		t.Errorf("%+v", dm)
	}
	if err := s.OpenHome(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	if home := (<-events).event.InnerEvent.Data.(*slackevents.AppHomeOpenedEvent); home.User != ada {
		t.Errorf("%+v", home)
	}
	if _, err := s.Say(t.Context(), ada, incidents, "", "just talking"); err != nil {
		t.Fatal(err)
	}
	if len(events) != 0 {
		t.Error("the app hears of what is not for it")
	}
}
