package slackapp_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// address is a bot that takes requests, without a Slack that posts them.
func (b *bed) address(t *testing.T, c slackapp.Commands) string {
	t.Helper()
	b.opts.SigningSecret, b.opts.AppToken = secret, ""
	server := httptest.NewServer(slackapp.New(b.opts, c, b.store).Handler())
	t.Cleanup(server.Close)
	return server.URL + slackapp.Path
}

// signed is a request as Slack makes it.
type signed struct {
	kind, body, secret string
	at                 time.Time
	change             func(r *http.Request)
}

func (s signed) to(t *testing.T, address string) (status int, answer string) {
	t.Helper()
	method := http.MethodPost
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = slackemu.Sign(s.secret, s.at, []byte(s.body))
	r.Header.Set("Content-Type", s.kind)
	if s.change != nil {
		s.change(r)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	raw, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode, string(raw)
}

const asForm, asJSON = "application/x-www-form-urlencoded", "application/json"

func command(text, trigger string) string {
	return url.Values{"command": {"/medic"}, "text": {text}, "user_id": {ada}, "team_id": {"T0ACME"}, "channel_id": {channel},
		"trigger_id": {trigger}, "response_url": {"http://127.0.0.1:1/none"}}.Encode()
}

func TestWhatSlackDidNotSignIsRefused(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	address := b.address(t, refusing{t})
	now := time.Now()
	body := command("check", "1.1")
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, s := range map[string]signed{
		"another secret":           {secret: "another", at: now},
		"an empty secret":          {secret: "", at: now},
		"six minutes ago":          {secret: secret, at: now.Add(-6 * time.Minute)},
		"in six minutes":           {secret: secret, at: now.Add(6 * time.Minute)},
		"no signature":             {secret: secret, at: now, change: func(r *http.Request) { r.Header.Del("X-Slack-Signature") }},
		"no time":                  {secret: secret, at: now, change: func(r *http.Request) { r.Header.Del("X-Slack-Request-Timestamp") }},
		"a time that is none":      {secret: secret, at: now, change: header("X-Slack-Request-Timestamp", "now")},
		"another time":             {secret: secret, at: now, change: header("X-Slack-Request-Timestamp", "1"+now.Format("150405"))},
		"another version":          {secret: secret, at: now, change: header("X-Slack-Signature", "v1="+strings.Repeat("0", 64))},
		"a signature that is none": {secret: secret, at: now, change: header("X-Slack-Signature", "v0=zz")},
		"an empty signature":       {secret: secret, at: now, change: header("X-Slack-Signature", "v0=")},
		"another body": {secret: secret, at: now, change: func(r *http.Request) {
			other := strings.Replace(body, "check", "close", 1)
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(other)), int64(len(other))
		}},
	} {
		s.kind, s.body = asForm, body
		if status, answer := s.to(t, address); status != http.StatusUnauthorized || answer == "" {
			t.Errorf("%s: %d %q", name, status, answer)
		}
	}
}

// refusing fails a test that lets somebody through.
type refusing struct{ t *testing.T }

func (r refusing) Dispatch(_ context.Context, q commands.Request) commands.Reply {
	r.t.Errorf("%s %v was let through", q.Command, q.Args)
	return commands.Reply{Text: "done"}
}

func (refusing) Opens(string) bool { return false }
func (refusing) Acts(string) bool  { return false }

func TestDoctorAsksTheAddress(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	address := b.address(t, refusing{t})
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for name, c := range map[string]struct {
		url, secret string
		ok          bool
		says        string
	}{
		"as it should be":    {address, secret, true, "leads here"},
		"another secret":     {address, "another", false, "another signing secret"},
		"something else":     {other.URL + slackapp.Path, secret, false, "404"},
		"nobody":             {"http://127.0.0.1:1" + slackapp.Path, secret, false, "can't be reached"},
		"no address is told": {"", secret, true, "not known"},
	} {
		o := b.opts
		o.RequestURL, o.SigningSecret = c.url, c.secret
		if got := slackapp.ProbeAddress(t.Context(), o); got.OK != c.ok || !strings.Contains(got.Detail, c.says) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWhatCameBeforeIsRefused(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	c := newSlowly(commands.Reply{Text: "answered"})
	close(c.let)
	address := b.address(t, c)
	s := signed{kind: asForm, body: command("check", "1.1"), secret: secret, at: time.Now()}
	if status, answer := s.to(t, address); status != http.StatusOK || !strings.Contains(answer, "answered") {
		t.Fatalf("%d %q", status, answer)
	}
	shouting := s
	shouting.change = func(r *http.Request) {
		r.Header.Set("X-Slack-Signature", "v0="+strings.ToUpper(strings.TrimPrefix(r.Header.Get("X-Slack-Signature"), "v0=")))
	}
	for name, again := range map[string]signed{"the same": s, "the same in capitals": shouting} {
		if status, answer := again.to(t, address); status != http.StatusUnauthorized || !strings.Contains(answer, "came before") {
			t.Errorf("%s: %d %q", name, status, answer)
		}
		restarted := b.address(t, c) // which remembers nothing but what the store does
		if status, _ := again.to(t, restarted); status != http.StatusUnauthorized {
			t.Errorf("%s, after a restart: %d", name, status)
		}
	}
	if n := len(c.asked); n != 1 {
		t.Errorf("it was worked on %d times", n)
	}
}

// A retry of Slack's own is signed anew: it is acknowledged, and worked on once.
func TestARetriedEventIsWorkedOnOnce(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	c := newSlowly(commands.Reply{Text: "answered", Audience: commands.Everybody})
	close(c.let)
	address := b.address(t, c)
	event, err := json.Marshal(map[string]any{"type": "event_callback", "event_id": "Ev1", "team_id": "T0ACME",
		"event": map[string]any{"type": "app_mention", "user": ada, "text": "<@U0PARAMEDIC> check", "channel": channel, "ts": "1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	for try := range 3 {
		s := signed{kind: asJSON, body: string(event), secret: secret, at: time.Now().Add(time.Duration(try) * time.Second)}
		if status, answer := s.to(t, address); status != http.StatusOK || answer != "" {
			t.Errorf("try %d: %d %q", try, status, answer)
		}
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return len(n.Messages(channel)) > 0 })
	if n := len(c.asked); n != 1 {
		t.Errorf("it was worked on %d times", n)
	}
}

func TestWhatElseIsPostedIsAnswered(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	address := b.address(t, refusing{t})
	for name, c := range map[string]struct {
		kind, body string
		change     func(*http.Request)
		status     int
		says       string
	}{
		"the challenge":                 {asJSON, `{"type":"url_verification","challenge":"3eZb"}`, nil, 200, "3eZb"},
		"an event that is unknown":      {asJSON, `{"type":"event_callback","event_id":"E","event":{"type":"of_tomorrow"}}`, nil, 200, ""},
		"an event that is of no use":    {asJSON, `{"type":"event_callback","event_id":"F","event":{"type":"app_home_opened","user":"U1"}}`, nil, 200, ""},
		"no JSON":                       {asJSON, `{"type":`, nil, 200, ""},
		"a form without anything":       {asForm, "a=b", nil, 400, "neither a command"},
		"a form that is none":           {asForm, "a=%zz", nil, 400, "no form"},
		"an interaction that is none":   {asForm, "payload=%7B", nil, 400, "can't be read"},
		"an interaction of no use":      {asForm, "payload=" + url.QueryEscape(`{"type":"view_closed"}`), nil, 200, ""},
		"a kind that Slack never sends": {"text/plain", "hello", nil, 400, ""},
		"too much":                      {asForm, strings.Repeat("a", 3<<20), nil, 400, "more than"},
		"another method":                {asForm, "", func(r *http.Request) { r.Method = http.MethodPut }, 405, "posts"},
		"a look at the certificate":     {asForm, "", func(r *http.Request) { r.Method, r.URL.RawQuery = http.MethodGet, "ssl_check=1" }, 200, ""},
	} {
		s := signed{kind: c.kind, body: c.body, secret: secret, at: time.Now(), change: c.change}
		if status, answer := s.to(t, address); status != c.status || !strings.Contains(answer, c.says) {
			t.Errorf("%s: %d %q, want %d %q", name, status, answer, c.status, c.says)
		}
	}
}

// Whoever has no secret can neither fill the memory nor keep Slack out: unsigned requests are refused before they are read.
func TestUnsignedRequestsAreNotRead(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	c := newSlowly(commands.Reply{Text: "answered"})
	close(c.let)
	address := b.address(t, c)
	for range 200 {
		half, never := io.Pipe()
		defer never.Close()
		go func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, io.MultiReader(bytes.NewReader([]byte("a=")), half))
			if err == nil {
				r.ContentLength = 1 << 20
				if got, err := http.DefaultClient.Do(r); err == nil {
					got.Body.Close()
				}
			}
		}()
	}
	s := signed{kind: asForm, body: command("check", "1.1"), secret: secret, at: time.Now()}
	if status, answer := s.to(t, address); status != http.StatusOK || !strings.Contains(answer, "answered") {
		t.Fatalf("%d %q", status, answer)
	}
}

// Who opens connections, says that much comes and sends next to nothing, keeps Slack out for no moment.
func TestSlowSendersKeepNobodyOut(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	address := b.address(t, prompt{})
	where, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", where.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\nX-Slack-Request-Timestamp: %d\r\nX-Slack-Signature: v0=%s\r\n\r\nx",
			slackapp.Path, time.Now().Unix(), hex.EncodeToString(make([]byte, 32))); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond) // for the server to read them
	began := time.Now()
	status, answer := signed{asForm, command("help", "7.1"), secret, time.Now(), nil}.to(t, address)
	if took := time.Since(began); status != http.StatusOK || took > 2*time.Second {
		t.Errorf("%d %s after %s", status, answer, took)
	}
}

// prompt answers a command.
type prompt struct{}

func (prompt) Dispatch(context.Context, commands.Request) commands.Reply {
	return commands.Reply{Text: "Here."}
}
func (prompt) Opens(string) bool { return false }
func (prompt) Acts(string) bool  { return false }
