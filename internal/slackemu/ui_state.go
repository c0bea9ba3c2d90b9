package slackemu

import (
	"embed"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
)

//go:embed page
var pageFS embed.FS

// page is the root of the page's files.
func page() fs.FS {
	root, err := fs.Sub(pageFS, "page")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return root
}

// shownMessages is how many of a channel's messages the page shows, the newest.
const shownMessages = 300

// uiState is the workspace as one person sees it: with ?as=PERSON&channel=ID&thread=TS.
func (s *Server) uiState(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	state := s.uiStateFor(q.Get("as"), q.Get("channel"), q.Get("thread"))
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, state)
}

func (s *Server) uiStateFor(as, channelID, thread string) map[string]any {
	controls := s.uiControls()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.ws.users[as]; !ok {
		as = s.ws.opts.Users[0].ID
	}
	out := s.ws.uiWorkspace(as)
	out["version"], out["as"], out["controls"] = s.version, as, controls
	out["connected"] = s.hub.count() > 0 || s.ws.requestURL != ""
	for i := range controls {
		controls[i]["busy"] = s.busy[str(controls[i], "id")]
	}
	c := s.ws.channel(channelID)
	if c == nil || (c.person != "" && c.person != as) {
		c = s.ws.channels[0]
	}
	out["channel"] = c.ID
	out["messages"] = s.ws.uiMessages(c, as, "")
	if thread != "" && c.find(thread) != nil {
		out["thread"], out["replies"] = thread, s.ws.uiMessages(c, as, thread)
	}
	if v := s.ws.top(as); v != nil {
		out["modal"] = s.ws.uiView(v)
	}
	if v := s.ws.homes[as]; v != nil {
		out["home"] = s.ws.uiView(v)
	}
	return out
}

// uiControls asks each Control whether it is enabled, without the lock: the answer may look at the Server.
func (s *Server) uiControls() []map[string]any {
	out := []map[string]any{}
	for _, c := range s.ws.opts.Controls {
		out = append(out, map[string]any{
			"id": c.ID, "label": c.Label, "style": c.Style, "enabled": c.Enabled == nil || c.Enabled(),
		})
	}
	return out
}

func (w *workspace) uiWorkspace(as string) map[string]any {
	o := w.opts
	var people, channels, commands, shortcuts []map[string]any
	groups := []map[string]any{}
	for _, g := range o.Groups {
		groups = append(groups, map[string]any{"id": g.ID, "handle": g.Handle})
	}
	for _, id := range slices.Sorted(maps.Keys(w.users)) {
		u := w.users[id]
		if u.Deleted {
			continue
		}
		people = append(people, map[string]any{"id": u.ID, "name": u.Name, "realName": u.RealName, "title": u.Title})
	}
	w.dm(as) // so that it is in the sidebar
	for _, c := range w.channels {
		if c.person == "" || c.person == as {
			channels = append(channels, map[string]any{
				"id": c.ID, "name": c.Name, "topic": c.Topic, "private": c.Private, "archived": c.Archived,
				"direct": c.person != "", "latest": c.latestFor(as),
			})
		}
	}
	for _, c := range o.Commands {
		commands = append(commands, map[string]any{"name": c.Name, "hint": c.Hint, "description": c.Description})
	}
	for _, c := range o.Shortcuts {
		shortcuts = append(shortcuts, map[string]any{"name": c.Name, "id": c.CallbackID})
	}
	return map[string]any{
		"shortcuts": shortcuts, "workspace": o.Workspace,
		"banner": w.banner, "hints": o.Hints, "people": people, "groups": groups, "channels": channels,
		"commands": commands,
		"app":      map[string]any{"id": botUserID, "name": o.AppName, "handle": strings.ToLower(o.AppName)},
	}
}

// latestFor is the timestamp of the newest message that a person sees in the channel and did not write.
func (c *channel) latestFor(userID string) string {
	for _, m := range slices.Backward(c.messages) {
		if m.inChannel() && m.UserID != userID && (m.EphemeralTo == "" || m.EphemeralTo == userID) {
			return m.TS
		}
	}
	return ""
}

// uiMessages are those of the channel itself, or of a thread with its root, that a person sees.
func (w *workspace) uiMessages(c *channel, as, thread string) []map[string]any {
	out := []map[string]any{}
	for _, m := range c.messages {
		if m.EphemeralTo != "" && m.EphemeralTo != as {
			continue
		}
		if m.ThreadTS == thread || (thread == "" && m.Broadcast) || (thread != "" && m.TS == thread) {
			out = append(out, w.uiMessage(c, m))
		}
	}
	return out[max(0, len(out)-shownMessages):]
}

func (w *workspace) uiMessage(c *channel, m *Message) map[string]any {
	out := map[string]any{
		"ts": m.TS, "user": m.UserID, "name": w.name(m.UserID), "app": m.UserID == botUserID || m.App != "",
		"other": m.App != "", "attachments": m.Attachments, "text": m.Text, "blocks": m.Blocks,
		"ephemeral": m.EphemeralTo != "", "edited": m.EditedTS != "" && !m.Tombstone, "tombstone": m.Tombstone,
		"reactions": m.Reactions, "files": m.Files, "rev": m.rev,
	}
	if replies := c.replies(m.TS); len(replies) > 0 {
		out["replies"], out["repliers"], out["latestReply"] = len(replies), authors(replies), replies[len(replies)-1].TS
	}
	return out
}

func (w *workspace) uiView(v *View) map[string]any {
	return map[string]any{
		"id": v.ID, "title": v.Title, "submit": v.Submit, "close": v.Close, "blocks": v.Blocks, "errors": v.Errors, "rev": v.rev,
		"stacked": v.previousID != "",
	}
}
