package slackemu_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

const (
	incidents = "C0INCIDENTS"
	ada       = "U0ADA"
	grace     = "U0GRACE"
)

// clock is a time that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 2, 20, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// start runs an emulator and returns it with a bot's client.
func start(t *testing.T, o slackemu.Options) (*slackemu.Server, *slack.Client) {
	t.Helper()
	if o.Users == nil {
		o.Users = []slackemu.User{
			{ID: ada, Name: "ada", RealName: "Ada Lovelace", Email: "ada@example.com"},
			{ID: grace, Name: "grace", RealName: "Grace Hopper"},
			{ID: "U0GONE", Name: "gone", Deleted: true},
		}
	}
	if o.Channels == nil {
		o.Channels = []slackemu.Channel{
			{ID: incidents, Name: "incidents"},
			{ID: "C0OLD", Name: "old", Archived: true},
			{ID: "C0OTHER", Name: "other", Uninvited: true},
			{ID: "C0SECRET", Name: "secret", Private: true, Uninvited: true},
		}
	}
	s, err := slackemu.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, slack.New("xoxb-emulated", slack.OptionAppLevelToken("xapp-emulated"), slack.OptionAPIURL(s.APIURL()))
}

// bot connects a Socket Mode client whose events go to handle, until the test ends or stop is called.
func bot(t *testing.T, api *slack.Client, handle func(*socketmode.Client, socketmode.Event)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	client := socketmode.New(api)
	var wg sync.WaitGroup
	hello := make(chan struct{}, 10)
	wg.Go(func() { _ = client.RunContext(ctx) })
	wg.Go(func() {
		for {
			select {
			case e := <-client.Events:
				if e.Type == socketmode.EventTypeHello {
					hello <- struct{}{}
				}
				handle(client, e)
			case <-ctx.Done():
				return
			}
		}
	})
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(stop)
	<-hello
	return stop
}

func wait(t *testing.T, s *slackemu.Server, until func(slackemu.Snapshot) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Wait(ctx, until); err != nil {
		t.Fatal(err)
	}
}

// code is Slack's error in a client's error.
func code(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func mrkdwn(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, text, false, false)
}

func plain(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
}

func button(id, text string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(id, "value of "+id, plain(text))
}
