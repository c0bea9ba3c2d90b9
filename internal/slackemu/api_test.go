package slackemu_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

func TestPostUpdateAndFindByMetadata(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	_, ts, err := api.PostMessage(incidents,
		slack.MsgOptionText("CoreDNS is looping", false),
		slack.MsgOptionBlocks(slack.NewHeaderBlock(plain("CoreDNS is looping"))),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "incident", EventPayload: map[string]any{"id": "inc-7"}}))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := api.UpdateMessage(incidents, ts, slack.MsgOptionText("mended", false)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.PostMessage(incidents, slack.MsgOptionText("details", false), slack.MsgOptionTS(ts)); err != nil {
		t.Fatal(err)
	}
	past, err := api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: incidents, IncludeAllMetadata: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(past.Messages) != 1 {
		t.Fatalf("history has %d messages, want the one that is not in a thread", len(past.Messages))
	}
	m := past.Messages[0]
	if m.Text != "mended" || m.Edited == nil || len(m.Blocks.BlockSet) != 0 || m.ReplyCount != 1 {
		t.Errorf("got %+v; want the new text, edited, without the old blocks, with one reply", m.Msg)
	}
	if m.Metadata.EventType != "incident" || m.Metadata.EventPayload["id"] != "inc-7" {
		t.Errorf("metadata after an update: %+v, want what was posted", m.Metadata)
	}
	replies, _, _, err := api.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: incidents, Timestamp: ts})
	if err != nil || len(replies) != 2 || replies[1].Text != "details" {
		t.Errorf("replies: %v, %v", replies, err)
	}
	if c := s.Counts(); c.Posts != 2 || c.Updates != 1 || len(s.Refusals()) != 0 {
		t.Errorf("counts %+v, refusals %v", c, s.Refusals())
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	text := slack.MsgOptionText("hello", false)
	post := func(api *slack.Client, channel string) error {
		_, _, err := api.PostMessage(channel, text)
		return err
	}
	theirs, err := s.Say(t.Context(), ada, incidents, "", "mine")
	if err != nil {
		t.Fatal(err)
	}
	as := func(token string) *slack.Client { return slack.New(token, slack.OptionAPIURL(s.APIURL())) }
	cases := []struct {
		name string
		do   func() error
		want string
	}{
		{"no token", func() error { return post(as(""), incidents) }, "not_authed"},
		{"wrong token", func() error { return post(as("xoxb-other"), incidents) }, "invalid_auth"},
		{"app token", func() error { return post(as("xapp-emulated"), incidents) }, "not_allowed_token_type"},
		{"nowhere", func() error { return post(api, "C0NOWHERE") }, "channel_not_found"},
		{"archived", func() error { return post(api, "C0OLD") }, "is_archived"},
		{"not a member", func() error { return post(api, "C0OTHER") }, "not_in_channel"},
		{"a private channel it can't see", func() error { return post(api, "C0SECRET") }, "channel_not_found"},
		{"nothing to say", func() error { _, _, err := api.PostMessage(incidents); return err }, "no_text"},
		{"a message that is not there", func() error { _, _, _, err := api.UpdateMessage(incidents, "1.000001", text); return err },
			"message_not_found"},
		{"somebody else's message", func() error { _, _, _, err := api.UpdateMessage(incidents, theirs, text); return err },
			"cant_update_message"},
		{"a text too long to update", func() error {
			_, _, err := api.PostMessage(incidents, text)
			if err != nil {
				return err
			}
			all := s.Messages(incidents)
			_, _, _, err = api.UpdateMessage(incidents, all[len(all)-1].TS, slack.MsgOptionText(strings.Repeat("x", 4001), false))
			return err
		}, "msg_too_long"},
		{"a scope it lacks", func() error { _, _, _, err := api.JoinConversation("C0OTHER"); return err }, "missing_scope"},
		{"a method that is not", func() error { return api.EndDND() }, "unknown_method"},
		{"somebody unknown", func() error { _, err := api.GetUserInfo("U0NOBODY"); return err }, "user_not_found"},
	}
	for _, c := range cases {
		before := len(s.Refusals())
		if got := code(c.do()); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if all := s.Refusals(); len(all) != before+1 || all[before].Error != c.want {
			t.Errorf("%s: the refusal was not written down: %v", c.name, all[before:])
		}
	}
}

func TestPeople(t *testing.T) {
	_, api := start(t, slackemu.Options{})
	u, err := api.GetUserByEmail("ADA@example.com")
	if err != nil || u.ID != ada || u.RealName != "Ada Lovelace" {
		t.Fatalf("%+v, %v", u, err)
	}
	all, err := api.GetUsers()
	if err != nil || len(all) != 4 {
		t.Errorf("%d users, %v; want three people and the bot", len(all), err)
	}
	who, err := api.AuthTest()
	if err != nil || who.UserID == "" || !strings.Contains(who.Header.Get("X-OAuth-Scopes"), "chat:write") {
		t.Errorf("auth.test: %+v, %v", who, err)
	}
	channels, _, err := api.GetConversations(&slack.GetConversationsParameters{ExcludeArchived: true})
	names := func(c slack.Channel) bool { return c.Name == "incidents" || c.Name == "other" }
	if err != nil || len(channels) != 2 || !slices.ContainsFunc(channels, names) {
		t.Errorf("%+v, %v", channels, err)
	}
}

func TestRateLimitOfAChannel(t *testing.T) {
	now := newClock()
	s, api := start(t, slackemu.Options{Now: now.Now, RateLimit: slackemu.RateLimit{Burst: 2}})
	post := func() error {
		_, _, err := api.PostMessage(incidents, slack.MsgOptionText("x", false))
		return err
	}
	if err := errors.Join(post(), post()); err != nil {
		t.Fatalf("a burst of two: %v", err)
	}
	var limited *slack.RateLimitedError
	if err := post(); !errors.As(err, &limited) || limited.RetryAfter != time.Second {
		t.Fatalf("the third at once: %v, want to be told to wait a second", err)
	}
	now.Advance(time.Second)
	if err := post(); err != nil {
		t.Errorf("a second later: %v", err)
	}
	if got := s.Counts().RateLimited; got != 1 {
		t.Errorf("%d rate limited, want 1", got)
	}
}

func TestUnknownOutcome(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	for _, outcome := range []slackemu.Outcome{slackemu.DoneUnanswered, slackemu.DoneHanging} {
		s.Inject(slackemu.Fault{Method: "chat.postMessage", ChannelID: incidents, Outcome: outcome})
		before := len(s.Messages(incidents))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, _, err := api.PostMessageContext(ctx, incidents, slack.MsgOptionText("did it arrive?", false))
			done <- err
		}()
		wait(t, s, func(n slackemu.Snapshot) bool { return len(n.Messages(incidents)) > before })
		if outcome == slackemu.DoneHanging {
			cancel() // the client gives up
		}
		err := <-done
		cancel()
		if err == nil {
			t.Fatalf("outcome %d: no error", outcome)
		}
		if got := len(s.Messages(incidents)); got != before+1 {
			t.Errorf("outcome %d: %d messages, want the one that was stored without an answer", outcome, got-before)
		}
	}
	s.Inject(slackemu.Fault{Outcome: slackemu.ServerError})
	var status slack.StatusCodeError
	if _, err := api.AuthTest(); !errors.As(err, &status) || status.Code != http.StatusInternalServerError {
		t.Errorf("server error: %v", err)
	}
	if _, err := api.AuthTest(); err != nil {
		t.Errorf("after the faults: %v", err)
	}
}

func TestFiles(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	const log = "plugin/loop: Loop detected\n"
	f, err := api.UploadFile(slack.UploadFileParameters{
		Filename: "coredns.log", Title: "CoreDNS", Content: log, FileSize: len(log), Channel: incidents, InitialComment: "its log",
	})
	if err != nil {
		t.Fatal(err)
	}
	all := s.Messages(incidents)
	if len(all) != 1 || all[0].Text != "its log" || len(all[0].Files) != 1 || string(all[0].Files[0].Content) != log {
		t.Fatalf("%+v", all)
	}
	resp, err := http.Get(s.URL() + "/files/" + f.ID + "/coredns.log")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if kind := resp.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") {
		t.Errorf("served as %s, want plain text", kind)
	}
}

func TestDeletingARootLeavesATombstone(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	_, ts, _ := api.PostMessage(incidents, slack.MsgOptionText("root", false))
	_, reply, _ := api.PostMessage(incidents, slack.MsgOptionText("reply", false), slack.MsgOptionTS(ts))
	if _, _, err := api.DeleteMessage(incidents, ts); err != nil {
		t.Fatal(err)
	}
	if all := s.Thread(incidents, ts); len(all) != 2 || !all[0].Tombstone {
		t.Errorf("%+v, want a tombstone above the reply", all)
	}
	if _, _, err := api.DeleteMessage(incidents, reply); err != nil {
		t.Error(err)
	}
	if all := s.Thread(incidents, ts); len(all) != 1 {
		t.Errorf("%d messages, want the tombstone alone", len(all))
	}
}

func TestReactionsAndPermalink(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	_, ts, _ := api.PostMessage(incidents, slack.MsgOptionText("root", false))
	if err := api.AddReaction("eyes", slack.NewRefToMessage(incidents, ts)); err != nil {
		t.Fatal(err)
	}
	if got := code(api.AddReaction("eyes", slack.NewRefToMessage(incidents, ts))); got != "already_reacted" {
		t.Errorf("again: %q", got)
	}
	if r := s.Messages(incidents)[0].Reactions; len(r) != 1 || r[0].Name != "eyes" {
		t.Errorf("%+v", r)
	}
	link, err := api.GetPermalink(&slack.PermalinkParameters{Channel: incidents, Ts: ts})
	if err != nil || !strings.HasPrefix(link, s.URL()) {
		t.Errorf("%s, %v", link, err)
	}
}
