package slackemu

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxPostAnswer bounds what is read of the app's answer to a request.
const maxPostAnswer = 1 << 20

// SetRequestURL has what people do posted to the app's address instead of sent by Socket Mode, signed with Options.SigningSecret. As Slack
// does when the address is configured, it asks for a challenge first, and refuses an address that does not give it back.
func (s *Server) SetRequestURL(ctx context.Context, address string) error {
	challenge := strings.ToLower(rand.Text())
	body, err := json.Marshal(map[string]any{"token": "emulated", "challenge": challenge, "type": "url_verification"})
	if err != nil {
		return err
	}
	answer, err := s.post(ctx, address, "application/json", body, nil)
	if err != nil {
		return fmt.Errorf("your URL didn't respond as it should: %w", err)
	}
	var echoed struct {
		Challenge string `json:"challenge"`
	}
	if json.Unmarshal(answer, &echoed) != nil {
		echoed.Challenge = strings.TrimSpace(string(answer))
	}
	if echoed.Challenge != challenge {
		return errors.New("your URL didn't respond with the value of the challenge parameter")
	}
	defer s.change()()
	s.ws.requestURL = address
	return nil
}

// requestURL is where the app takes requests; empty with Socket Mode.
func (s *Server) requestURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ws.requestURL
}

// Sign is a request's headers as Slack signs it (https://docs.slack.dev/authentication/verifying-requests-from-slack).
func Sign(secret string, at time.Time, body []byte) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	h := http.Header{}
	h.Set("X-Slack-Request-Timestamp", stamp)
	h.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return h
}

// post sends one signed request and returns the answer to it. An answer that is none of 2xx is an error.
func (s *Server) post(ctx context.Context, address, kind string, body []byte, more http.Header) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, s.ws.opts.AckWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = Sign(s.ws.opts.SigningSecret, time.Now(), body) // the app compares it with its own clock
	for name, values := range more {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	answer, err := s.posts.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxPostAnswer))
	switch {
	case err != nil:
		return nil, err
	case answer.StatusCode/100 != 2:
		return nil, fmt.Errorf("the app answered %s", answer.Status)
	}
	return raw, nil
}

// posted delivers an envelope to the app's address, once.
func (s *Server) posted(ctx context.Context, e *envelope, attempt int, reason string) (json.RawMessage, error) {
	payload, err := json.Marshal(e.payload)
	if err != nil {
		return nil, err
	}
	more := http.Header{}
	switch e.kind {
	case kindEvent:
		if attempt > 0 {
			more.Set("X-Slack-Retry-Num", strconv.Itoa(attempt))
			more.Set("X-Slack-Retry-Reason", reason)
		}
		return s.post(ctx, s.requestURL(), "application/json", payload, more)
	case kindCommand:
		form := url.Values{}
		fields, _ := e.payload.(map[string]any)
		for name, value := range fields {
			form.Set(name, fmt.Sprint(value))
		}
		return s.post(ctx, s.requestURL(), "application/x-www-form-urlencoded", []byte(form.Encode()), more)
	}
	form := url.Values{"payload": {string(payload)}}
	return s.post(ctx, s.requestURL(), "application/x-www-form-urlencoded", []byte(form.Encode()), more)
}

// dispatchPosted is dispatch for an app that takes requests: Slack posts a command or an interaction once.
func (s *Server) dispatchPosted(ctx context.Context, e *envelope) (json.RawMessage, error) {
	answer, err := s.posted(ctx, e, 0, "")
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case s.ctx.Err() != nil:
		return nil, ErrClosed
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNotAcknowledged, err)
	}
	if len(answer) > 0 && !json.Valid(answer) {
		return json.Marshal(map[string]any{"text": string(answer)}) // Slack shows plain text
	}
	return answer, nil
}

// offerPosted is offer for an app that takes requests.
func (s *Server) offerPosted(e *envelope, attempt int, reason string) (done bool, why string) {
	switch _, err := s.posted(s.ctx, e, attempt, reason); {
	case err == nil || s.ctx.Err() != nil:
		return true, ""
	case errors.Is(err, context.DeadlineExceeded):
		return false, "http_timeout"
	}
	return false, "http_error"
}
