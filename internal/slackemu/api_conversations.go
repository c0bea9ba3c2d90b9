package slackemu

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// wireChannel is a channel as the API shows it.
func (w *workspace) wireChannel(c *channel) map[string]any {
	out := map[string]any{
		"id": c.ID, "is_im": c.person != "", "is_private": c.Private, "is_archived": c.Archived,
		"is_member": !c.Uninvited && c.person == "", "context_team_id": w.opts.TeamID,
	}
	if c.person != "" {
		out["user"] = c.person
		return out
	}
	out["name"], out["name_normalized"] = c.Name, c.Name
	out["is_channel"], out["is_group"] = !c.Private, c.Private
	out["topic"] = map[string]any{"value": c.Topic}
	out["num_members"] = len(w.users) + 1
	return out
}

// conversationType is the name by which conversations.list selects.
func (c *channel) conversationType() string {
	switch {
	case c.person != "":
		return "im"
	case c.Private:
		return "private_channel"
	}
	return "public_channel"
}

func (s *Server) conversationsList(c *call) (reply, error) {
	types := c.list("types")
	if len(types) == 0 {
		types = []string{"public_channel"}
	}
	var all []map[string]any
	for _, ch := range s.ws.channels {
		hidden := ch.Private && ch.Uninvited || ch.Archived && c.bool("exclude_archived")
		if !hidden && slices.Contains(types, ch.conversationType()) {
			all = append(all, s.ws.wireChannel(ch))
		}
	}
	some, next, err := paged(all, c.args, func(m map[string]any) string { return str(m, "id") })
	return reply{"channels": some, "response_metadata": map[string]any{"next_cursor": next}}, err
}

func (s *Server) conversationsInfo(c *call) (reply, error) {
	ch, err := s.ws.appChannel(c.args["channel"])
	if err != nil {
		return nil, err
	}
	return reply{"channel": s.ws.wireChannel(ch)}, nil
}

func (s *Server) conversationsHistory(c *call) (reply, error) {
	ch, err := s.ws.readable(c.args["channel"])
	if err != nil {
		return nil, err
	}
	var some []map[string]any
	for _, m := range slices.Backward(ch.messages) {
		if m.inChannel() && m.EphemeralTo == "" && c.within(m.TS) {
			some = append(some, s.ws.wire(ch, m, c.bool("include_all_metadata")))
		}
	}
	return messagesPage(some, c)
}

func (s *Server) conversationsReplies(c *call) (reply, error) {
	if err := c.need("ts"); err != nil {
		return nil, err
	}
	ch, err := s.ws.readable(c.args["channel"])
	if err != nil {
		return nil, err
	}
	root := ch.find(c.args["ts"])
	if root == nil || root.EphemeralTo != "" {
		return nil, fail("thread_not_found")
	}
	if root.ThreadTS != "" {
		root = ch.find(root.ThreadTS)
	}
	meta := c.bool("include_all_metadata")
	some := []map[string]any{s.ws.wire(ch, root, meta)}
	for _, m := range ch.replies(root.TS) {
		if c.within(m.TS) && s.ws.filesShown(m) {
			some = append(some, s.ws.wire(ch, m, meta))
		}
	}
	return messagesPage(some, c)
}

// filesShown says whether the app is shown a message that has files, or has none.
func (w *workspace) filesShown(m *Message) bool {
	seconds, err := strconv.ParseFloat(m.TS, 64)
	return len(m.Files) == 0 || err != nil || w.opts.Now().Sub(time.UnixMicro(int64(seconds*1e6))) >= w.opts.FilesAfter
}

// readable is a channel whose past the app may read.
func (w *workspace) readable(id string) (*channel, error) {
	ch, err := w.appChannel(id)
	if err != nil {
		return nil, err
	}
	if ch.Uninvited {
		return nil, fail("not_in_channel")
	}
	need := map[string]string{"im": "im:history", "private_channel": "groups:history", "public_channel": "channels:history"}
	if scope := need[ch.conversationType()]; !slices.Contains(w.opts.Scopes, scope) {
		return nil, &apiError{Code: "missing_scope", Needed: scope, Provided: strings.Join(w.opts.Scopes, ",")}
	}
	return ch, nil
}

// within says whether a timestamp lies between oldest and latest.
func (c *call) within(ts string) bool {
	oldest, latest := c.args["oldest"], c.args["latest"]
	if c.bool("inclusive") {
		return (oldest == "" || compareTS(ts, oldest) >= 0) && (latest == "" || compareTS(ts, latest) <= 0)
	}
	return (oldest == "" || compareTS(ts, oldest) > 0) && (latest == "" || compareTS(ts, latest) < 0)
}

func messagesPage(all []map[string]any, c *call) (reply, error) {
	some, next, err := paged(all, c.args, func(m map[string]any) string { return str(m, "ts") })
	return reply{
		"messages": some, "has_more": next != "", "response_metadata": map[string]any{"next_cursor": next},
	}, err
}

// paged is one page of a list; its cursor is the key of the next page's first item.
func paged(all []map[string]any, a args, key func(map[string]any) string) (some []map[string]any, next string, err error) {
	from := 0
	if cursor := a["cursor"]; cursor != "" {
		from = slices.IndexFunc(all, func(m map[string]any) bool { return key(m) == cursor })
		if from < 0 {
			return nil, "", fail("invalid_cursor")
		}
	}
	to := min(from+a.int("limit", 100, 999), len(all))
	if to < len(all) {
		next = key(all[to])
	}
	return append([]map[string]any{}, all[from:to]...), next, nil
}

func (s *Server) conversationsJoin(c *call) (reply, error) {
	ch, err := s.ws.appChannel(c.args["channel"])
	switch {
	case err != nil:
		return nil, err
	case ch.Archived:
		return nil, fail("is_archived")
	case ch.Private:
		return nil, fail("method_not_supported_for_channel_type")
	}
	out := reply{}
	if !ch.Uninvited {
		out["warning"] = "already_in_channel"
	}
	ch.Uninvited = false
	out["channel"] = s.ws.wireChannel(ch)
	return out, nil
}

func (s *Server) conversationsOpen(c *call) (reply, error) {
	users := c.list("users")
	if len(users) != 1 {
		return nil, fail("method_not_supported_for_channel_type") // group messages do not exist here
	}
	if _, ok := s.ws.users[users[0]]; !ok {
		return nil, fail("user_not_found")
	}
	return reply{"channel": s.ws.wireChannel(s.ws.dm(users[0]))}, nil
}
