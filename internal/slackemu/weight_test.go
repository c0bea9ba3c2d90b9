package slackemu_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// weighing is a message of so many sections that weighs n: its text, and 125 for each block after the first.
func weighing(blocks, n int) []slack.Block {
	n -= 125 * (blocks - 1)
	return many(blocks, func(i int) slack.Block {
		size := n / blocks
		if i == 0 {
			size = n - size*(blocks-1)
		}
		return slack.NewSectionBlock(mrkdwn(long(size)), nil, nil)
	})
}

// What Slack counts of a message is its text and its blocks, wherever the message comes from.
func TestDenseMessagesAreRefused(t *testing.T) {
	s, api := start(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	_, ts, err := api.PostMessage(incidents, slack.MsgOptionText("x", false))
	if err != nil {
		t.Fatal(err)
	}
	var url string
	bot(t, api, func(c *socketmode.Client, e socketmode.Event) {
		if cmd, ok := e.Data.(slack.SlashCommand); ok {
			url = cmd.ResponseURL
			c.Ack(*e.Request)
		}
	})
	if err := s.Command(t.Context(), ada, incidents, "/medic", ""); err != nil {
		t.Fatal(err)
	}
	doors := map[string]func(blocks []slack.Block) error{
		"chat.postMessage": func(b []slack.Block) error {
			_, _, err := api.PostMessage(incidents, slack.MsgOptionBlocks(b...))
			return err
		},
		"chat.postEphemeral": func(b []slack.Block) error {
			_, err := api.PostEphemeral(incidents, ada, slack.MsgOptionBlocks(b...))
			return err
		},
		"chat.update": func(b []slack.Block) error {
			_, _, _, err := api.UpdateMessage(incidents, ts, slack.MsgOptionBlocks(b...))
			return err
		},
	}
	for door, send := range doors {
		for _, blocks := range []int{5, 20, 50} {
			if err := send(weighing(blocks, 13000)); err != nil {
				t.Errorf("%s of %d blocks: %v", door, blocks, err)
			}
			if err := send(weighing(blocks, 13001)); code(err) != "msg_blocks_too_long" {
				t.Errorf("%s of %d blocks, one too many: %v", door, blocks, err)
			}
		}
	}
	// A response URL says no more than that it was a bad request.
	_, _, err = api.PostMessage(incidents, slack.MsgOptionBlocks(weighing(20, 13001)...),
		slack.MsgOptionResponseURL(url, slack.ResponseTypeEphemeral))
	var status slack.StatusCodeError
	if !errors.As(err, &status) || status.Code != http.StatusBadRequest {
		t.Errorf("response_url: %v", err)
	}
}

func TestRulesOfConfirmations(t *testing.T) {
	_, api := start(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	whole := func() *slack.ConfirmationBlockObject {
		return slack.NewConfirmationBlockObject(plain("t"), plain("x"), plain("Yes"), plain("No"))
	}
	for name, with := range map[string]func(*slack.ConfirmationBlockObject){
		"confirm/text]":                func(c *slack.ConfirmationBlockObject) { c.Text = nil },
		"confirm/confirm]":             func(c *slack.ConfirmationBlockObject) { c.Confirm = nil },
		"missing required field: deny": func(c *slack.ConfirmationBlockObject) { c.Deny = nil },
		"must be plain_text":           func(c *slack.ConfirmationBlockObject) { c.Text = mrkdwn("x") },
		"confirm/text/text":            func(c *slack.ConfirmationBlockObject) { c.Text = plain(long(301)) },
		"confirm/deny/text":            func(c *slack.ConfirmationBlockObject) { c.Deny = plain(long(31)) },
		"":                             func(*slack.ConfirmationBlockObject) {},
	} {
		b := button("a", "b")
		b.Confirm = whole()
		with(b.Confirm)
		_, _, err := api.PostMessage(incidents, slack.MsgOptionBlocks(slack.NewActionBlock("", b)))
		if (name == "") != (err == nil) || !strings.Contains(complaints(err), name) {
			t.Errorf("%q: %v %s", name, err, complaints(err))
		}
	}
}

// The cells of a table have a bound of their own, and so have all markdown blocks of a message together.
func TestRulesOfWholeBlocks(t *testing.T) {
	_, api := start(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	cells := func(n int) slack.Block {
		row := []slack.TableCell{slack.NewTableRawTextCell(long(n / 2)), slack.NewTableRawTextCell(long(n - n/2))}
		if n > 6000 {
			row = many(4, func(i int) slack.TableCell { return slack.NewTableRawTextCell(long((n + i) / 4)) })
		}
		return &slack.TableBlock{Type: slack.MBTTable, Rows: [][]slack.TableCell{row}}
	}
	for _, c := range []struct {
		name   string
		blocks []slack.Block
		want   string
	}{
		{"a table of 10,000 characters", []slack.Block{cells(10000)}, ""},
		{"a table of 10,001 characters", []slack.Block{cells(10001)}, "/blocks/0/rows"},
		{"markdown of 12,000 characters", []slack.Block{slack.NewMarkdownBlock("", long(6000)), slack.NewMarkdownBlock("", long(6000))}, ""},
		{"markdown of 12,001 characters", []slack.Block{slack.NewMarkdownBlock("", long(6000)), slack.NewMarkdownBlock("", long(6001))},
			"/blocks/1/text"},
	} {
		_, _, err := api.PostMessage(incidents, slack.MsgOptionBlocks(c.blocks...))
		if (c.want == "") != (err == nil) || !strings.Contains(complaints(err), c.want) {
			t.Errorf("%s: %v %s, want %q", c.name, err, complaints(err), c.want)
		}
	}
}

// An answer to an envelope may have 20,480 bytes; one more ends the connection, and the envelope comes again.
func TestAnAnswerThatIsTooLongClosesTheConnection(t *testing.T) {
	s, api := start(t, slackemu.Options{AckWithin: time.Minute})
	dial := func() *websocket.Conn {
		_, url, err := api.StartSocketModeContext(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conn, answer, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		t.Cleanup(func() { conn.Close() })
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		return conn
	}
	read := func(conn *websocket.Conn) (envelope struct {
		ID string `json:"envelope_id"`
	}, err error) {
		for envelope.ID == "" && err == nil {
			err = conn.ReadJSON(&envelope)
		}
		return envelope, err
	}
	answer := func(id string, size int) []byte {
		raw, _ := json.Marshal(map[string]any{"envelope_id": id, "payload": map[string]any{"text": ""}})
		return []byte(strings.Replace(string(raw), `"text":""`, fmt.Sprintf(`"text":%q`, long(size-len(raw))), 1))
	}
	conn := dial()
	go func() { _ = s.Command(t.Context(), ada, incidents, "/medic", "") }()
	envelope, err := read(conn)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.WriteMessage(websocket.TextMessage, answer(envelope.ID, 20481)); err != nil {
		t.Fatal(err)
	}
	if _, err := read(conn); !websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
		t.Fatalf("the connection ends with %v", err)
	}
	wait(t, s, func(n slackemu.Snapshot) bool { return len(n.Refusals) > 0 }) // it is noted after the connection has ended
	if r := s.Refusals(); len(r) != 1 || r[0].Error != "message_too_big" {
		t.Errorf("refused: %v", r)
	}
	conn = dial()
	again, err := read(conn)
	if err != nil || again.ID != envelope.ID {
		t.Fatalf("the next connection gets %+v, %v", again, err)
	}
	if err := conn.WriteMessage(websocket.TextMessage, answer(again.ID, 20480)); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(t.Context(), func(n slackemu.Snapshot) bool { return n.Connections == 1 }); err != nil {
		t.Error(err)
	}
}

// A reply that is broadcast stands in its thread and in the channel.
func TestABroadcastReplyStandsInTheChannelAsWell(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	_, root, err := api.PostMessage(incidents, slack.MsgOptionText("ill", false))
	if err != nil {
		t.Fatal(err)
	}
	_, ts, err := api.PostMessage(incidents, slack.MsgOptionText("worse", false), slack.MsgOptionTS(root), slack.MsgOptionBroadcast())
	if err != nil {
		t.Fatal(err)
	}
	if m := s.Messages(incidents); len(m) != 2 || m[1].Text != "worse" || !m[1].Broadcast {
		t.Errorf("the channel shows %+v", m)
	}
	if m := s.Thread(incidents, root); len(m) != 2 || m[1].Text != "worse" {
		t.Errorf("the thread shows %+v", m)
	}
	past, err := api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: incidents})
	if err != nil || len(past.Messages) != 2 || past.Messages[0].Timestamp != ts || past.Messages[0].SubType != "thread_broadcast" {
		t.Errorf("the history is %+v, %v", past, err)
	}
}

// TestModalLimits opens a window with each thing at its limit, which must pass, and one beyond it, which must be refused at the place that
// is wrong.
func TestModalLimits(t *testing.T) {
	s, api := start(t, slackemu.Options{})
	var view slack.ModalViewRequest
	answers := make(chan error, 1)
	bot(t, api, func(c *socketmode.Client, e socketmode.Event) {
		if cmd, ok := e.Data.(slack.SlashCommand); ok {
			_, err := api.OpenView(cmd.TriggerID, view)
			answers <- err
			c.Ack(*e.Request)
		}
	})
	input := func(v *slack.ModalViewRequest) *slack.InputBlock { return v.Blocks.BlockSet[0].(*slack.InputBlock) }
	for _, c := range []struct {
		at    string
		limit int
		with  func(v *slack.ModalViewRequest, text string)
	}{
		{"/view/title/text", 24, func(v *slack.ModalViewRequest, text string) { v.Title = plain(text) }},
		{"/view/submit/text", 24, func(v *slack.ModalViewRequest, text string) { v.Submit = plain(text) }},
		{"/view/close/text", 24, func(v *slack.ModalViewRequest, text string) { v.Close = plain(text) }},
		{"/view/private_metadata", 3000, func(v *slack.ModalViewRequest, text string) { v.PrivateMetadata = text }},
		{"/view/callback_id", 255, func(v *slack.ModalViewRequest, text string) { v.CallbackID = text }},
		{"/view/blocks/0/label/text", 2000, func(v *slack.ModalViewRequest, text string) { input(v).Label = plain(text) }},
		{"/view/blocks/0/hint/text", 2000, func(v *slack.ModalViewRequest, text string) { input(v).Hint = plain(text) }},
		{"/view/blocks/0/element/initial_value", 3000, func(v *slack.ModalViewRequest, text string) {
			input(v).Element.(*slack.PlainTextInputBlockElement).InitialValue = text
		}},
	} {
		for n, want := range map[int]string{c.limit: "", c.limit + 1: c.at + "]"} {
			view = slack.ModalViewRequest{Type: slack.VTModal, Title: plain("t"), Submit: plain("s"), Blocks: slack.Blocks{BlockSet: []slack.Block{
				slack.NewInputBlock("b", plain("l"), nil, slack.NewPlainTextInputBlockElement(nil, "a"))}}}
			c.with(&view, long(n))
			if err := s.Command(t.Context(), ada, incidents, "/medic", ""); err != nil {
				t.Fatal(err)
			}
			if err := <-answers; (want == "") != (err == nil) || !strings.Contains(complaints(err), want) {
				t.Errorf("%s of %d characters: %v %s", c.at, n, err, complaints(err))
			}
		}
	}
}
