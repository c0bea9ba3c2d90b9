package slackemu

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// serveResponse answers a POST to a response_url.
func (s *Server) serveResponse(w http.ResponseWriter, r *http.Request) {
	const name = "response_url"
	r.Body = http.MaxBytesReader(w, r.Body, maxRequestBytes)
	a, err := parseArgs(r)
	if err == nil {
		err = s.respond(r.PathValue("token"), a)
	}
	if err == nil {
		_, _ = io.WriteString(w, "ok")
		return
	}
	e := s.refuse(name, err)
	status := http.StatusBadRequest
	if e.Code == "used_url" || e.Code == "expired_url" {
		status = http.StatusNotFound
	}
	writeJSON(w, status, e.body())
}

func (s *Server) respond(token string, a args) error {
	defer s.change()()
	w := s.ws
	to := w.replies[token]
	switch {
	case to == nil, to != nil && w.opts.Now().After(to.expires):
		return fail("expired_url")
	case to.uses >= responseURLUses:
		return fail("used_url")
	}
	if err := w.answer(to, a); err != nil {
		return err
	}
	to.uses++
	return nil
}

// answer posts, replaces or deletes what a response_url, or the answer to a slash command, asks for.
func (w *workspace) answer(to *replyTo, a args) error {
	ch := w.channel(to.origin.channelID)
	if ch == nil {
		return fail("channel_not_found")
	}
	original := ch.find(to.origin.messageTS)
	if a.bool("delete_original") {
		if original == nil {
			return fail("message_not_found")
		}
		w.delete(ch, original)
		return nil
	}
	body, err := w.content(a)
	if err != nil {
		return err
	}
	if body.empty() {
		return fail("no_text")
	}
	body.text = cut(body.text)
	if a.bool("replace_original") {
		if original == nil {
			return fail("message_not_found")
		}
		again := body.into(*original)
		again.EditedTS = w.ts()
		w.replace(ch, again)
		w.counts.Updates++
		return nil
	}
	m := body.into(Message{UserID: botUserID, ThreadTS: a["thread_ts"]})
	if m.ThreadTS == "" && to.origin.ephemeral {
		m.ThreadTS = to.origin.threadTS
	}
	if a["response_type"] == "in_channel" {
		w.counts.Posts++
	} else {
		m.EphemeralTo = to.userID
		w.counts.Ephemerals++
	}
	w.post(ch, m)
	return nil
}

// ackArgs are the fields of an acknowledgement's payload; a bare string is a text. Empty answers have none.
func ackArgs(raw json.RawMessage) (args, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return args{}, nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return args{"text": text}, nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return nil, errors.New("the acknowledgement's payload is not an object")
	}
	out := args{}
	out.fill(fields)
	return out, nil
}
