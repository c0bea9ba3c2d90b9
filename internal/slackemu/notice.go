package slackemu

import (
	"regexp"
	"slices"
)

// Notice is that Slack notified a person of a message, with a sound and a badge. It does so when a message is new, in a channel all of
// whose messages a person wants to hear of, or when it mentions them or a group that they are in; never when a message changes.
type Notice struct {
	UserID, ChannelID, TS string
	Mention               bool // they were mentioned
}

// groupMark begins the mention of a user group.
const groupMark = "!subteam^"

var mentions = regexp.MustCompile(`<(?:@([UW][A-Z0-9]+)|!subteam\^(S[A-Z0-9]+)|!(channel|here|everyone))(?:\|[^<>]*)?>`)

// notify tells people of a new message. In a thread it tells those alone whom it mentions.
func (w *workspace) notify(c *channel, m *Message) {
	if m.EphemeralTo != "" || m.UserID == slackbotID {
		return
	}
	mentioned := w.mentioned(*m)
	for _, u := range w.opts.Users {
		one := slices.Contains(mentioned, u.ID)
		here := m.inChannel() && (c.person == "" || c.person == u.ID)
		if u.Deleted || u.ID == m.UserID || !here && !one {
			continue
		}
		w.notices = append(w.notices, Notice{UserID: u.ID, ChannelID: c.ID, TS: m.TS, Mention: one})
	}
	if len(w.notices) > 2*maxRemembered {
		w.notices = slices.Clone(w.notices[len(w.notices)-maxRemembered:]) // snapshots hold what was there before
	}
}

// mentioned are the people whom a message mentions. Where it has blocks, its text is what a notification shows, and mentions count in both.
func (w *workspace) mentioned(m Message) []string {
	texts := []string{m.Text}
	for _, b := range m.Blocks {
		texts = append(texts, marked(map[string]any(b))...)
	}
	var out []string
	for _, text := range texts {
		for _, found := range mentions.FindAllStringSubmatch(text, -1) {
			switch {
			case found[1] != "":
				out = append(out, found[1])
			case found[2] != "":
				out = append(out, w.group(found[2]).Users...)
			default:
				for _, u := range w.opts.Users {
					out = append(out, u.ID)
				}
			}
		}
	}
	return out
}

// marked are the texts with marks in an element of a message.
func marked(v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		if text, ok := v["text"].(string); ok && str(v, "type") == "mrkdwn" {
			return []string{text}
		}
		for _, inner := range v {
			out = append(out, marked(inner)...)
		}
	case []any:
		for _, inner := range v {
			out = append(out, marked(inner)...)
		}
	}
	return out
}

// group is the user group with that id; the zero Group if there is none.
func (w *workspace) group(id string) Group {
	if i := slices.IndexFunc(w.opts.Groups, func(g Group) bool { return g.ID == id }); i >= 0 {
		return w.opts.Groups[i]
	}
	return Group{}
}

// Notified are the messages of which Slack has notified a person, the oldest first.
func (n Snapshot) Notified(userID string) []Notice {
	var out []Notice
	for _, one := range n.Notices {
		if one.UserID == userID {
			out = append(out, one)
		}
	}
	return out
}

// Mentioned are the messages that mentioned a person, or a group that they are in, when they were new.
func (n Snapshot) Mentioned(userID string) []Notice {
	return slices.DeleteFunc(n.Notified(userID), func(one Notice) bool { return !one.Mention })
}
