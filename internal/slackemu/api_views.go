package slackemu

// viewsOpen and viewsPush spend a trigger_id; a view that is refused leaves it spent, as Slack does.
func (s *Server) viewsOpen(c *call) (reply, error) { return s.showView(c, false) }

func (s *Server) viewsPush(c *call) (reply, error) { return s.showView(c, true) }

func (s *Server) showView(c *call, push bool) (reply, error) {
	if err := c.need("trigger_id", "view"); err != nil {
		return nil, err
	}
	v, err := s.ws.newView([]byte(c.args["view"]), onModal)
	if err != nil {
		return nil, err
	}
	t, err := s.ws.useTrigger(c.args["trigger_id"])
	if err != nil {
		return nil, err
	}
	if push && s.ws.top(t.userID) == nil {
		return nil, fail("not_found") // nothing to push onto
	}
	if err := s.ws.open(t.userID, v, t.origin, push); err != nil {
		return nil, err
	}
	s.ws.counts.Views++
	return reply{"view": s.ws.wireView(v, nil)}, nil
}

func (s *Server) viewsUpdate(c *call) (reply, error) {
	if err := c.need("view"); err != nil {
		return nil, err
	}
	old := s.ws.findView(c.args["view_id"], c.args["external_id"])
	if old == nil {
		return nil, fail("not_found")
	}
	if hash := c.args["hash"]; hash != "" && hash != old.Hash {
		return nil, fail("hash_conflict")
	}
	v, err := s.ws.newView([]byte(c.args["view"]), surface(old.Type))
	if err != nil {
		return nil, err
	}
	return reply{"view": s.ws.wireView(s.ws.exchange(old, v), nil)}, nil
}

func (s *Server) viewsPublish(c *call) (reply, error) {
	if err := c.need("user_id", "view"); err != nil {
		return nil, err
	}
	userID := c.args["user_id"]
	if _, ok := s.ws.users[userID]; !ok {
		return nil, fail("user_not_found")
	}
	old := s.ws.homes[userID]
	if hash := c.args["hash"]; hash != "" && (old == nil || hash != old.Hash) {
		return nil, fail("hash_conflict")
	}
	v, err := s.ws.newView([]byte(c.args["view"]), onHome)
	if err != nil {
		return nil, err
	}
	if old != nil {
		return reply{"view": s.ws.wireView(s.ws.exchange(old, v), nil)}, nil
	}
	v.UserID, v.origin = userID, origin{channelID: s.ws.dm(userID).ID}
	s.ws.homes[userID] = v
	return reply{"view": s.ws.wireView(v, nil)}, nil
}
