package slackapp

import (
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
)

// Tokens are the secrets by which Slack and the bot know each other; the fields are as in [Options].
type Tokens struct{ Bot, App, Signing string }

// line is the way to the workspace by the tokens that count now. It is safe for concurrent use.
type line struct {
	opts Options
	mu   sync.Mutex
	by   Tokens
	made *slack.Client
}

func newLine(o Options) *line {
	return &line{opts: o, by: o.tokens(), made: o.client()}
}

// tokens are those that count now.
func (o Options) tokens() Tokens {
	if o.Renewed != nil {
		return o.Renewed()
	}
	return Tokens{Bot: o.BotToken, App: o.AppToken, Signing: o.SigningSecret}
}

// api is the client for one call.
func (l *line) api() *slack.Client {
	now := l.opts.tokens()
	l.mu.Lock()
	defer l.mu.Unlock()
	if now != l.by {
		o := l.opts
		o.BotToken, o.AppToken = now.Bot, now.App
		l.by, l.made = now, o.client()
	}
	return l.made
}

// dialer reaches the websockets as the client reaches the Web API; nil: as the library does.
func (o Options) dialer() *websocket.Dialer {
	t, ok := o.HTTP.Transport.(*http.Transport)
	if !ok {
		return nil
	}
	return &websocket.Dialer{Proxy: t.Proxy, TLSClientConfig: t.TLSClientConfig, HandshakeTimeout: o.HTTP.Timeout}
}
