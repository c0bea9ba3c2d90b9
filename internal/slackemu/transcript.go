package slackemu

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// act is something a person did that is not a message: a command, a press, a submission.
type act struct {
	ts   string
	user User
	from origin
	what string
}

// did writes an act down.
func (w *workspace) did(u User, from origin, what string) {
	w.acts = remember(w.acts, act{ts: w.ts(), user: u, from: from, what: what})
}

// entry is one line or more of a transcript; its replies are set in below it.
type entry struct {
	ts      string
	text    string
	replies []entry
}

// Transcript is the conversation of all channels as plain text: every message as it stands now with its thread below
// it, and what people did, in order of time. Times are in UTC.
func (s *Server) Transcript() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out strings.Builder
	for _, c := range s.ws.channels {
		entries := s.ws.entries(c)
		if len(entries) == 0 {
			continue
		}
		title := "#" + c.Name
		if c.person != "" {
			title = s.ws.name(c.person) + " and " + s.ws.opts.AppName
		}
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		out.WriteString("== " + title + " ==\n")
		writeEntries(&out, entries, "")
	}
	return out.String()
}

// entries are a channel's messages and acts, with replies and acts in threads below their messages.
func (w *workspace) entries(c *channel) []entry {
	var top []entry
	below := map[string][]entry{}
	put := func(thread string, e entry) {
		if thread == "" {
			top = append(top, e)
			return
		}
		below[thread] = append(below[thread], e)
	}
	for _, m := range c.messages {
		put(m.ThreadTS, entry{ts: m.TS, text: w.said(m)})
	}
	for _, a := range w.acts {
		if a.from.channelID == c.ID {
			put(cmp.Or(a.from.threadTS, a.from.messageTS), entry{ts: a.ts, text: clock(a.ts) + " " + a.user.RealName + " ▸ " + a.what})
		}
	}
	byTime := func(a, b entry) int { return compareTS(a.ts, b.ts) }
	slices.SortStableFunc(top, byTime)
	for i := range top {
		top[i].replies = below[top[i].ts]
		slices.SortStableFunc(top[i].replies, byTime)
	}
	return top
}

// said is a message with its author.
func (w *workspace) said(m *Message) string {
	head := clock(m.TS) + " " + w.name(m.UserID)
	if m.EphemeralTo != "" {
		head += " (only to " + w.name(m.EphemeralTo) + ")"
	}
	if m.EditedTS != "" {
		head += " (edited)"
	}
	text := strings.ReplaceAll(m.plain(w.name), "\n", "\n  ")
	return head + "\n  " + text
}

// name is how people call a user.
func (w *workspace) name(id string) string {
	switch id {
	case botUserID:
		return w.opts.AppName
	case slackbotID:
		return "Slackbot"
	}
	if app, other := strings.CutPrefix(id, foreignPrefix); other {
		return app
	}
	return firstOf(firstOf(w.users[id].RealName, w.group(id).Handle), id)
}

func clock(ts string) string {
	seconds, _, _ := strings.Cut(ts, ".")
	n, _ := strconv.ParseInt(seconds, 10, 64)
	return time.Unix(n, 0).UTC().Format("15:04:05")
}

func writeEntries(out *strings.Builder, entries []entry, indent string) {
	for _, e := range entries {
		for line := range strings.SplitSeq(e.text, "\n") {
			out.WriteString(strings.TrimRight(indent+line, " ") + "\n")
		}
		writeEntries(out, e.replies, indent+"    ")
	}
}

// String is a short form for test failures.
func (r Refusal) String() string {
	return fmt.Sprintf("%s: %s %v", r.Method, r.Error, r.Messages)
}
