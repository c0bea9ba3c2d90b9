package slackemu

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzBlocks: whatever an app sends as blocks is refused, or can be shown, acted on and put into payloads.
func FuzzBlocks(f *testing.F) {
	for _, seed := range []string{
		`[{"type":"section","text":{"type":"mrkdwn","text":"<@U1> <!date^1^{time}|x> <https://x|y>"},"accessory":{"type":"button","text":{"type":"plain_text","text":"b"}}}]`,
		`[{"type":"table","rows":[[{"type":"raw_text","text":"a"},{"type":"raw_number","value":1}],[null]]}]`,
		`[{"type":"input","label":{"type":"plain_text","text":"l"},"element":{"type":"checkboxes","options":[{"text":{"type":"plain_text","text":"o"},"value":"v"}]}}]`,
		`[{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"t"}]}]}]}]`,
		`[{"type":"actions","elements":[{"type":"overflow","options":[7]}]}]`, `[null]`, `{}`, `[{"type":"context","elements":[[]]}]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, on := range []surface{onMessage, onModal, onHome} {
			blocks, err := parseBlocks([]byte(raw))
			if err != nil {
				return
			}
			w := newWorkspace(Options{}.withDefaults())
			if w.validateBlocks(blocks, on) != nil {
				continue
			}
			m := Message{Blocks: blocks}
			_ = m.Plain()
			_ = stateValues(blocks, map[string]string{"a": "b"})
			_ = incomplete(blocks, nil)
			for _, e := range m.Elements() {
				_ = actionPayload(e, "v,w", "1.000001")
			}
		}
	})
}

// FuzzRequests: no body makes a method panic.
func FuzzRequests(f *testing.F) {
	f.Add("chat.postMessage", "application/json", `{"channel":"C0INCIDENTS","text":"x","metadata":{"event_type":"e"}}`)
	f.Add("views.open", "application/json", `{"trigger_id":"t","view":{"type":"modal","blocks":7}}`)
	f.Add("views.publish", "application/json", `{"user_id":"U0ADA","view":{"type":"home","blocks":null,"title":3}}`)
	f.Add("files.completeUploadExternal", "application/x-www-form-urlencoded", `files=[{"id":"F1"}]&channels=C0INCIDENTS`)
	f.Add("conversations.history", "application/x-www-form-urlencoded", `channel=C0INCIDENTS&limit=-1&cursor=x&%zz`)
	f.Add("chat.update", "multipart/form-data; boundary=x", "--x\r\n")
	f.Fuzz(func(t *testing.T, method, kind, body string) {
		s, err := New(Options{RateLimit: RateLimit{Off: true}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		r := httptest.NewRequest("POST", "/api/x", strings.NewReader(body))
		r.SetPathValue("method", method)
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Authorization", "Bearer xoxb-emulated")
		w := httptest.NewRecorder()
		s.serveAPI(w, r)
		if !strings.Contains(w.Body.String(), `"ok":`) {
			t.Errorf("%s answered %q", method, w.Body.String())
		}
	})
}
