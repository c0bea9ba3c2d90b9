package slackemu

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// wireUser is a person as the API shows them; the e-mail address needs a scope of its own.
func (w *workspace) wireUser(u User) map[string]any {
	profile := map[string]any{
		"real_name": u.RealName, "display_name": u.Name, "title": u.Title, "team": u.TeamID,
	}
	if slices.Contains(w.opts.Scopes, emailScope[0]) && u.Email != "" {
		profile["email"] = u.Email
	}
	offset := 0
	if zone, err := time.LoadLocation(u.TZ); err == nil {
		_, offset = w.opts.Now().In(zone).Zone()
	}
	return map[string]any{
		"id": u.ID, "team_id": u.TeamID, "name": u.Name, "real_name": u.RealName, "deleted": u.Deleted, "is_admin": u.Admin,
		"is_bot": u.ID == botUserID, "is_stranger": u.TeamID != w.opts.TeamID, "tz": u.TZ, "tz_offset": offset,
		"profile": profile,
	}
}

// bot is the app's own user.
func (w *workspace) bot() User {
	return User{ID: botUserID, Name: strings.ToLower(w.opts.AppName), RealName: w.opts.AppName, TeamID: w.opts.TeamID, TZ: "Etc/UTC"}
}

func (s *Server) usersInfo(c *call) (reply, error) {
	u, ok := s.ws.users[c.args["user"]]
	if c.args["user"] == botUserID {
		u, ok = s.ws.bot(), true
	}
	if !ok {
		return nil, fail("user_not_found")
	}
	return reply{"user": s.ws.wireUser(u)}, nil
}

func (s *Server) usersList(c *call) (reply, error) {
	all := []map[string]any{s.ws.wireUser(s.ws.bot())}
	for _, id := range slices.Sorted(maps.Keys(s.ws.users)) {
		all = append(all, s.ws.wireUser(s.ws.users[id]))
	}
	some, next, err := paged(all, c.args, func(m map[string]any) string { return str(m, "id") })
	return reply{"members": some, "response_metadata": map[string]any{"next_cursor": next}}, err
}

func (s *Server) usersLookupByEmail(c *call) (reply, error) {
	for _, u := range s.ws.users {
		if u.Email != "" && strings.EqualFold(u.Email, c.args["email"]) && !u.Deleted {
			return reply{"user": s.ws.wireUser(u)}, nil
		}
	}
	return nil, fail("users_not_found")
}
