package slackemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Command types a slash command in a channel and waits for the app's acknowledgement; what the app answered with it is
// shown before Command returns. Text is what follows the command.
func (s *Server) Command(ctx context.Context, userID, channelID, command, text string) error {
	done := s.change()
	u, c, err := s.ws.actor(userID, channelID)
	if err != nil {
		done()
		return err
	}
	if command == "/invite" && s.ws.invite(u, c, text) {
		done()
		return nil
	}
	if !slices.ContainsFunc(s.ws.opts.Commands, func(known Command) bool { return known.Name == command }) {
		s.ws.tell(userID, c, "", fmt.Sprintf("`%s` is not a valid command. In Slack, all messages that start with the \"/\" "+
			"character are interpreted as commands.", escape(command)))
		done()
		return fmt.Errorf("%s is not a command of this workspace", command)
	}
	from := origin{channelID: c.ID}
	token := s.ws.newReplyTo(userID, from)
	payload := s.ws.commandPayload(u, c, command, text, s.ws.newTrigger(userID, from, ""), s.ws.responseURL(s.base, token))
	s.ws.did(u, from, strings.TrimSpace(command+" "+text))
	done()

	answer, err := s.dispatch(ctx, kindCommand, payload, true)
	defer s.change()()
	if errors.Is(err, ErrNotAcknowledged) {
		s.ws.tell(userID, c, "", fmt.Sprintf("%s failed because the app did not respond", command))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return s.ws.commandAnswered(userID, c, command, token, answer)
}

// invite makes the app a member of a channel, as Slack's own command does for whoever is named; it says whether it was the app.
func (w *workspace) invite(u User, c *channel, whom string) bool {
	if !strings.EqualFold(strings.TrimPrefix(strings.TrimSpace(whom), "@"), w.opts.AppName) {
		return false
	}
	said := w.opts.AppName + " is in this channel already."
	if c.Uninvited {
		c.Uninvited = false
		said = fmt.Sprintf("%s was added to #%s by %s.", w.opts.AppName, c.Name, u.RealName)
	}
	w.post(c, Message{UserID: slackbotID, EphemeralTo: u.ID, Text: said})
	return true
}

// commandAnswered shows the answer that came with an acknowledgement. It does not count as a use of the response_url.
func (w *workspace) commandAnswered(userID string, c *channel, command, token string, answer json.RawMessage) error {
	a, err := ackArgs(answer)
	if err == nil && len(a) == 0 {
		return nil
	}
	if err == nil && (a.has("text") || a.has("blocks")) {
		err = w.answer(w.replies[token], a)
	}
	if err != nil {
		w.refusals = remember(w.refusals, Refusal{Method: kindCommand, Error: err.Error()})
		w.tell(userID, c, "", fmt.Sprintf("%s failed with the error \"invalid_command_response\"", command))
		return fmt.Errorf("%s: the app's answer: %w", command, err)
	}
	return nil
}

// Say writes a message as a person: in a channel, in a thread unless threadTS is empty, or to the app when channelID is
// a direct message with it. "@Name" of a person or the app is a mention. The app hears of mentions and of direct
// messages; Say does not wait for it. It returns the message's timestamp.
func (s *Server) Say(_ context.Context, userID, channelID, threadTS, text string) (ts string, err error) {
	done := s.change()
	u, c, err := s.ws.actor(userID, channelID)
	if err != nil {
		done()
		return "", err
	}
	m := s.ws.post(c, Message{UserID: u.ID, ThreadTS: threadTS, Text: s.ws.compose(text)})
	event := s.ws.messageEvent(u, c, m)
	done()
	if event != nil {
		s.publish(event)
	}
	return m.TS, nil
}

// Mention writes "@app text" in a channel.
func (s *Server) Mention(ctx context.Context, userID, channelID, threadTS, text string) (ts string, err error) {
	return s.Say(ctx, userID, channelID, threadTS, "<@"+botUserID+"> "+text)
}

// DM writes to the app directly.
func (s *Server) DM(ctx context.Context, userID, text string) (ts string, err error) {
	return s.Say(ctx, userID, userID, "", text)
}

// messageEvent is what the app hears of a person's message; nil if nothing.
func (w *workspace) messageEvent(u User, c *channel, m *Message) map[string]any {
	event := map[string]any{
		"user": u.ID, "team": w.opts.TeamID, "user_team": u.SaidTeam, "text": m.Text, "ts": m.TS, "event_ts": m.TS, "channel": c.ID,
	}
	if m.ThreadTS != "" {
		event["thread_ts"] = m.ThreadTS
	}
	switch {
	case c.person != "" && slices.Contains(w.opts.Scopes, "im:history"):
		event["type"], event["channel_type"] = "message", "im"
	case strings.Contains(m.Text, "<@"+botUserID+">") && !c.Uninvited && slices.Contains(w.opts.Scopes, "app_mentions:read"):
		event["type"] = "app_mention"
	default:
		return nil
	}
	return event
}

// OpenHome opens the app's Home tab.
func (s *Server) OpenHome(_ context.Context, userID string) error {
	done := s.change()
	u, err := s.ws.person(userID)
	if err != nil {
		done()
		return err
	}
	event := map[string]any{
		"type": "app_home_opened", "user": u.ID, "channel": s.ws.dm(u.ID).ID, "tab": "home", "event_ts": s.ws.ts(),
	}
	if v := s.ws.homes[u.ID]; v != nil {
		event["view"] = s.ws.wireView(v, nil)
	}
	done()
	s.publish(event)
	return nil
}

// actor is a person who acts in a channel.
func (w *workspace) actor(userID, channelID string) (User, *channel, error) {
	u, err := w.person(userID)
	if err != nil {
		return u, nil, err
	}
	c := w.channel(channelID)
	switch {
	case c == nil:
		return u, nil, fmt.Errorf("no channel %s in the workspace", channelID)
	case c.person != "" && c.person != userID:
		return u, nil, fmt.Errorf("%s is somebody else's conversation", channelID)
	case c.Archived:
		return u, nil, fmt.Errorf("#%s is archived", c.Name)
	}
	return u, c, nil
}

var (
	typedMention = regexp.MustCompile(`@[A-Za-z0-9][\w.-]*\w|@\w`)
	wireMention  = regexp.MustCompile(`^<@(\w+)>`)
)

// compose turns what a person typed into a message's text: escaped, with mentions of people and the app by name. A
// mention at the start may also come as Slack writes it.
func (w *workspace) compose(text string) string {
	first := ""
	if m := wireMention.FindStringSubmatch(text); m != nil && (m[1] == botUserID || w.users[m[1]].ID != "") {
		first, text = m[0], text[len(m[0]):]
	}
	return first + typedMention.ReplaceAllStringFunc(escape(text), func(typed string) string {
		if id := w.idOf(typed[1:]); id != "" {
			return "<@" + id + ">"
		}
		return typed
	})
}

// idOf is whom a handle means; empty for nobody.
func (w *workspace) idOf(handle string) string {
	if strings.EqualFold(handle, w.opts.AppName) {
		return botUserID
	}
	for _, u := range w.users {
		if strings.EqualFold(handle, u.Name) {
			return u.ID
		}
	}
	return ""
}

// escape protects what Slack's markup gives a meaning to.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}
