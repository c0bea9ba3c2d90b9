package slackemu_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// Slack notifies of what is new in a channel, and of what mentions somebody; never of what changes.
func TestWhoIsNotified(t *testing.T) {
	s, api := start(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true},
		Users:  []slackemu.User{{ID: "U0ADA", Name: "ada"}, {ID: "U0BEN", Name: "ben"}, {ID: "U0OUT", Name: "out", Deleted: true}},
		Groups: []slackemu.Group{{ID: "S0OPS", Handle: "ops", Users: []string{"U0BEN", "U0OUT"}}}})
	blocks := func(text string) slack.MsgOption {
		return slack.MsgOptionBlocks(slack.NewSectionBlock(mrkdwn(text), nil, nil))
	}
	post := func(options ...slack.MsgOption) string {
		t.Helper()
		_, ts, err := api.PostMessage(incidents, append(options, slack.MsgOptionText("x", false))...)
		if err != nil {
			t.Fatal(err)
		}
		return ts
	}
	is := func(what, want string) {
		t.Helper()
		n := s.Snapshot()
		got := ""
		for _, id := range []string{"U0ADA", "U0BEN", "U0OUT"} {
			got += fmt.Sprintf("%s %d/%d ", id, len(n.Notified(id)), len(n.Mentioned(id)))
		}
		if got != want {
			t.Errorf("after %s: %s, want %s", what, got, want)
		}
	}
	root := post(blocks("ill"))
	is("a message", "U0ADA 1/0 U0BEN 1/0 U0OUT 0/0 ")
	if _, _, _, err := api.UpdateMessage(incidents, root, slack.MsgOptionText("x", false), blocks("worse: <@U0ADA>")); err != nil {
		t.Fatal(err)
	}
	is("a change", "U0ADA 1/0 U0BEN 1/0 U0OUT 0/0 ")
	post(blocks("facts"), slack.MsgOptionTS(root))
	is("a reply", "U0ADA 1/0 U0BEN 1/0 U0OUT 0/0 ")
	post(blocks("a plan waits"), slack.MsgOptionTS(root), slack.MsgOptionBroadcast())
	is("one that is broadcast", "U0ADA 2/0 U0BEN 2/0 U0OUT 0/0 ")
	post(blocks("<@U0ADA> a step failed"), slack.MsgOptionTS(root))
	is("a reply that mentions somebody", "U0ADA 3/1 U0BEN 2/0 U0OUT 0/0 ")
	post(blocks("<!subteam^S0OPS> nobody has answered; &lt;@U0ADA&gt; wrote it"))
	is("one that mentions a group", "U0ADA 4/1 U0BEN 3/1 U0OUT 0/0 ")
	post(blocks("<!here>"))
	is("one that mentions everybody", "U0ADA 5/2 U0BEN 4/2 U0OUT 0/0 ")
	all := s.Messages(incidents)
	if got := all[len(all)-2].Plain(); got != "@S0OPS nobody has answered; <@U0ADA> wrote it" {
		t.Errorf("%q", got)
	}
	if got := s.Transcript(); !strings.Contains(got, "@ops nobody has answered") || !strings.Contains(got, "@ada a step failed") {
		t.Errorf("names are not resolved:\n%s", got)
	}
}

// The page shows whom a message mentions by their names.
func TestThePageNamesWhoIsMentioned(t *testing.T) {
	s, api := start(t, slackemu.Options{Groups: []slackemu.Group{{ID: "S0OPS", Handle: "ops-oncall", Users: []string{ada}}}})
	if _, _, err := api.PostMessage(incidents, slack.MsgOptionText("x", false),
		slack.MsgOptionBlocks(slack.NewSectionBlock(mrkdwn("<!subteam^S0OPS>: nobody has answered; <@"+ada+"> is next"), nil, nil))); err != nil {
		t.Fatal(err)
	}
	ctx := browser(t, 1280, 800)
	do(ctx, t, chromedp.Navigate(s.URL()+"/"), chromedp.WaitVisible("#list .mention"))
	shoot(ctx, t, "mention")
	const said = `[...document.querySelectorAll('#list .mention')].map((m) => m.textContent).join(' ')`
	if got := ask(ctx, t, chromedp.Evaluate[string](said)); !strings.HasPrefix(got, "@ops-oncall @Ada") {
		t.Errorf("the page says %q", got)
	}
}
