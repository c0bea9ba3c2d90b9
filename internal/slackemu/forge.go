package slackemu

import "context"

// Forge delivers an interaction that nobody made here, such as a copied or tampered form, and returns what the app answers with the
// acknowledgement. No Slack would send it: it is for tests of what an app believes.
func (s *Server) Forge(ctx context.Context, payload map[string]any) (string, error) {
	answer, err := s.dispatch(ctx, kindInteractive, payload, true)
	return string(answer), err
}

// Payload is the submission of a modal as its person would send it, to be tampered with.
func (s *Server) Payload(userID, viewID string) (map[string]any, error) {
	defer s.change()()
	payload, _, err := s.ws.viewSubmission(userID, viewID, nil)
	return payload, err
}
