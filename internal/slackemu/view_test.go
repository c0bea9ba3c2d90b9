package slackemu_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

func editor(title string) slack.ModalViewRequest {
	cause := slack.NewInputBlock("cause", plain("Cause"), nil, &slack.PlainTextInputBlockElement{
		Type: slack.METPlainTextInput, ActionID: "text", Multiline: true, InitialValue: "a lost file"})
	notes := slack.NewInputBlock("notes", plain("Notes"), nil, &slack.PlainTextInputBlockElement{Type: slack.METPlainTextInput,
		ActionID: "text"})
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain(title), Submit: plain("Publish"), Close: plain("Cancel"), CallbackID: "postmortem",
		PrivateMetadata: "inc-7", NotifyOnClose: true, Blocks: slack.Blocks{BlockSet: []slack.Block{cause, notes}},
	}
}

// TestModal opens one from a press, submits it with an error and then without, and closes another.
func TestModal(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	submissions := make(chan slack.InteractionCallback, 3)
	closed := make(chan string, 1)
	bot(t, api, func(c *socketmode.Client, e socketmode.Event) {
		i, ok := e.Data.(slack.InteractionCallback)
		if !ok {
			return
		}
		switch i.Type {
		case slack.InteractionTypeBlockActions:
			if _, err := api.OpenView(i.TriggerID, editor("Edit")); err != nil {
				t.Error(err)
			}
			if _, err := api.OpenView(i.TriggerID, editor("Again")); code(err) != "exchanged_trigger_id" {
				t.Errorf("a trigger used twice: %v", err)
			}
			c.Ack(*e.Request)
		case slack.InteractionTypeViewSubmission:
			submissions <- i
			if i.View.State.Values["notes"]["text"].Value == "bad" {
				c.Ack(*e.Request, slack.NewErrorsViewSubmissionResponse(map[string]string{"notes": "Say more."}))
				return
			}
			c.Ack(*e.Request)
		case slack.InteractionTypeViewClosed:
			c.Ack(*e.Request)
			closed <- i.View.PrivateMetadata
		}
	})
	ts := postButtons(t, api)
	open := func() slackemu.View {
		t.Helper()
		if err := s.Press(t.Context(), ada, incidents, ts, "approve"); err != nil {
			t.Fatal(err)
		}
		views := s.Views(ada)
		if len(views) != 1 || views[0].Title != "Edit" {
			t.Fatalf("Ada sees %+v", views)
		}
		return views[0]
	}
	v := open()
	var wrong slackemu.InputErrors
	if err := s.Submit(t.Context(), ada, v.ID, nil); !errors.As(err, &wrong) || wrong["notes"] == "" || len(submissions) != 0 {
		t.Errorf("without notes: %v; want Slack itself to ask for them", err)
	}
	if err := s.Submit(t.Context(), ada, v.ID, map[string]string{"notes": "bad"}); !errors.As(err, &wrong) || wrong["notes"] != "Say more." {
		t.Errorf("with bad notes: %v", err)
	}
	if shown := s.Views(ada)[0].Errors; shown["notes"] != "Say more." {
		t.Errorf("the modal shows %v", shown)
	}
	if err := s.Submit(t.Context(), ada, v.ID, map[string]string{"notes": "good"}); err != nil {
		t.Fatal(err)
	}
	<-submissions
	last := (<-submissions).View
	if last.State.Values["cause"]["text"].Value != "a lost file" || last.PrivateMetadata != "inc-7" || last.CallbackID != "postmortem" {
		t.Errorf("%+v", last)
	}
	if len(s.Views(ada)) != 0 {
		t.Error("the modal is still open")
	}
	if err := s.CloseView(t.Context(), ada, open().ID); err != nil {
		t.Fatal(err)
	}
	if got := <-closed; got != "inc-7" {
		t.Errorf("closed %q", got)
	}
}

func TestTriggersExpire(t *testing.T) {
	now := newClock()
	s, api := start(t, slackemu.Options{Now: now.Now})
	done := make(chan string, 1)
	bot(t, api, func(c *socketmode.Client, e socketmode.Event) {
		if i, ok := e.Data.(slack.InteractionCallback); ok {
			now.Advance(4 * time.Second)
			_, err := api.OpenView(i.TriggerID, editor("Late"))
			done <- code(err)
			c.Ack(*e.Request)
		}
	})
	if err := s.Press(t.Context(), ada, incidents, postButtons(t, api), "approve"); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got != "expired_trigger_id" {
		t.Errorf("%q", got)
	}
}

func TestViewLimits(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	cases := []struct {
		name string
		with func(*slack.HomeTabViewRequest)
		want string
	}{
		{"one hundred blocks", func(v *slack.HomeTabViewRequest) {
			v.Blocks.BlockSet = many(100, func(int) slack.Block { return slack.NewDividerBlock() })
		}, ""},
		{"one more", func(v *slack.HomeTabViewRequest) {
			v.Blocks.BlockSet = many(101, func(int) slack.Block { return slack.NewDividerBlock() })
		}, "[json-pointer:/view/blocks]"},
		{"private metadata", func(v *slack.HomeTabViewRequest) { v.PrivateMetadata = long(3001) }, "/view/private_metadata"},
		{"a table", func(v *slack.HomeTabViewRequest) { v.Blocks.BlockSet = []slack.Block{table(1, 1)} }, "unsupported type: table"},
		{"too much of it", func(v *slack.HomeTabViewRequest) {
			v.Blocks.BlockSet = many(90, func(int) slack.Block { return slack.NewSectionBlock(mrkdwn(long(3000)), nil, nil) })
		}, "view_too_large"},
	}
	for _, c := range cases {
		v := slack.HomeTabViewRequest{Type: slack.VTHomeTab}
		c.with(&v)
		_, err := api.PublishView(ada, v, "")
		if got := code(err) + " " + complaints(err); (c.want == "") != (err == nil) || !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %q", c.name, got, c.want)
		}
	}
	if home, ok := s.Home(ada); !ok || len(home.Blocks) != 100 {
		t.Errorf("Ada's Home has %d blocks", len(home.Blocks))
	}
}

func TestTranscript(t *testing.T) {
	now := newClock()
	s, api := start(t, slackemu.Options{Now: now.Now})
	bot(t, api, func(c *socketmode.Client, e socketmode.Event) {
		if e.Request != nil && e.Request.EnvelopeID != "" {
			c.Ack(*e.Request, slack.Msg{Text: "Two causes."})
		}
	})
	if err := s.Command(t.Context(), ada, incidents, "/medic", "why"); err != nil {
		t.Fatal(err)
	}
	ts := postButtons(t, api)
	if _, _, err := api.PostMessage(incidents, slack.MsgOptionTS(ts), slack.MsgOptionText("see <https://x.test|the log> of &lt;web&gt;",
		false)); err != nil {
		t.Fatal(err)
	}
	if err := s.Press(t.Context(), grace, incidents, ts, "approve"); err != nil {
		t.Fatal(err)
	}
	want := `== #incidents ==
02:20:00 Ada Lovelace ▸ /medic why
02:20:00 Paramedic (only to Ada Lovelace)
  Two causes.
02:20:00 Paramedic
  *Restore the CNI*
  [Approve] [Reject] [0 | 1 | 2]
    02:20:00 Paramedic
      see the log (https://x.test) of <web>
    02:20:00 Grace Hopper ▸ [Approve]
`
	if got := s.Transcript(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
