package slackapp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"golang.org/x/sync/semaphore"

	"github.com/paramedic-bot/paramedic/internal/guard"
)

// Path is where the Handler is to be mounted: one address for commands, presses, submitted forms and events.
const Path = "/slack/events"

const (
	// maxPosted bounds what Slack posts at once: a view is 250 kB, several times that when escaped for a form.
	maxPosted = 2 << 20
	// maxPostedAtOnce bounds what is read of all of them at a time, before it is known who sent it; further ones wait.
	maxPostedAtOnce = 16 * maxPosted
	// postedBlock is how much of one is read at a time.
	postedBlock = 32 << 10
	// postedWithin is how long a request is waited for to be acknowledged, of the three seconds that Slack gives.
	postedWithin = 2800 * time.Millisecond
	// scopeSigned and keepSigned remember signatures for as long as one counts, five minutes before and after its time.
	scopeSigned = "slack/signed"
	keepSigned  = 15 * time.Minute
)

// Handler takes what Slack posts to the app's Request URL and signs with Options.SigningSecret
// (https://docs.slack.dev/authentication/verifying-requests-from-slack); it answers what Socket Mode acknowledges. What is not signed,
// signed long ago, or came before with the same signature is refused. It is safe for concurrent use, and wants Run to run.
func (a *App) Handler() http.Handler {
	return &posted{app: a, room: semaphore.NewWeighted(maxPostedAtOnce)}
}

type posted struct {
	app  *App
	room *semaphore.Weighted // for what is being read, in bytes
}

// refusal is an answer that is no acknowledgement.
type refusal struct {
	status int
	reason string
}

func (r *refusal) Error() string { return r.reason }

func (p *posted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("ssl_check") == "1" { // Slack looks at the certificate, and posts nothing
		w.WriteHeader(http.StatusOK)
		return
	}
	err := guard.Do("take what Slack posted", func() error { return p.serve(w, r) })
	if err == nil {
		return
	}
	var refused *refusal
	if !errors.As(err, &refused) {
		guard.Log(p.app.log, err)
		refused = &refusal{http.StatusInternalServerError, "It could not be taken; it was logged."}
	}
	p.app.log.Warn("a request to Slack's address was refused", "status", refused.status, "reason", refused.reason, "from", r.RemoteAddr)
	http.Error(w, refused.reason, refused.status)
}

func (p *posted) serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return &refusal{http.StatusMethodNotAllowed, "Slack posts."}
	}
	body, err := p.read(w, r)
	if err != nil {
		return err
	}
	signature := strings.ToLower(r.Header.Get("X-Slack-Signature")) // it is hexadecimal: a copy in capitals is none that is new
	if !p.app.fresh(r.Context(), signature) {
		return &refusal{http.StatusUnauthorized, "This came before, signed the same."}
	}
	arrived, challenge, err := parsePosted(r, body)
	switch {
	case errors.Is(err, errUnknownEvent):
		p.app.log.Warn("Slack sent something that can't be read", "error", err)
		w.WriteHeader(http.StatusOK) // lest it come again for ever
		return nil
	case err != nil:
		return &refusal{http.StatusBadRequest, "It can't be read: " + err.Error() + "."}
	case challenge != "":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, err = io.WriteString(w, challenge)
		return err
	}
	arrived.envelope = signature
	d, ok := p.app.delivery(arrived)
	if !ok {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	return p.acknowledged(w, r, d)
}

// acknowledged works on a delivery and answers the request with its acknowledgement.
func (p *posted) acknowledged(w http.ResponseWriter, r *http.Request, d delivery) error {
	waits := &waiting{answer: make(chan json.RawMessage, 1)}
	if !p.app.take(d, waits.acknowledge) {
		return &refusal{http.StatusServiceUnavailable, "Far too many requests at once."}
	}
	late := time.NewTimer(postedWithin)
	defer late.Stop()
	select {
	case payload := <-waits.answer:
		return writeAnswer(w, payload)
	case <-r.Context().Done():
	case <-late.C:
	}
	if payload, ok := waits.leave(); ok {
		return writeAnswer(w, payload)
	}
	return &refusal{http.StatusServiceUnavailable, "It was not answered in time."}
}

func writeAnswer(w http.ResponseWriter, payload json.RawMessage) error {
	if payload == nil {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write(payload)
	return err
}

// waiting is a request that waits for its acknowledgement. It is safe for concurrent use.
type waiting struct {
	mu     sync.Mutex
	gone   bool
	answer chan json.RawMessage // has room for the one
}

func (w *waiting) acknowledge(payload json.RawMessage) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		return errors.New("the request was given up")
	}
	w.answer <- payload
	return nil
}

// leave takes no acknowledgement any more, but for one that has just come.
func (w *waiting) leave() (payload json.RawMessage, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone = true
	select {
	case payload = <-w.answer:
		return payload, true
	default:
		return nil, false
	}
}

// read is the body, once it is known that it is Slack's.
func (p *posted) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	verifier, err := slack.NewSecretsVerifier(r.Header, p.app.opts.tokens().Signing)
	switch {
	case errors.Is(err, slack.ErrExpiredTimestamp):
		return nil, &refusal{http.StatusUnauthorized, "It was signed more than five minutes ago; is the clock here right?"}
	case err != nil:
		return nil, &refusal{http.StatusUnauthorized, "It is not signed as Slack signs."}
	}
	body, err := p.whole(w, r)
	if err != nil {
		return nil, err
	}
	if _, err = verifier.Write(body); err == nil {
		err = verifier.Ensure()
	}
	if err != nil {
		return nil, &refusal{http.StatusUnauthorized, "The signature is wrong; slack.signingSecret is under Basic Information, App Credentials."}
	}
	return body, nil
}

// whole reads the body, to its end and at once: until its end is there anybody may have sent it. Room is taken for what has come, so that
// who opens connections and sends nothing keeps nobody out.
func (p *posted) whole(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(r.Context(), postedWithin)
	defer cancel()
	until, _ := ctx.Deadline()
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(until)                          // where it can't be set, the server's own holds
	defer func() { _ = connection.SetReadDeadline(time.Time{}) }() // what comes after the body tells whether who sent it is still there
	from, body, held := http.MaxBytesReader(w, r.Body, maxPosted), bytes.Buffer{}, int64(0)
	defer func() { p.room.Release(held) }()
	for {
		n, err := io.CopyN(&body, from, 1)
		if err == nil {
			if !p.acquire(ctx, &held, postedBlock) {
				return nil, &refusal{http.StatusServiceUnavailable, "Too many requests at once."}
			}
			_, err = io.CopyN(&body, from, postedBlock-n)
		}
		switch {
		case errors.Is(err, io.EOF):
			return body.Bytes(), nil
		case err != nil:
			return nil, &refusal{http.StatusBadRequest, fmt.Sprintf("It could not be read to its end, or has more than %d bytes.", maxPosted)}
		}
	}
}

// acquire takes room for so many bytes more.
func (p *posted) acquire(ctx context.Context, held *int64, n int64) bool {
	if p.room.Acquire(ctx, n) != nil {
		return false
	}
	*held += n
	return true
}

// fresh says whether a signature, which was found to be right, did not come before. Where that can't be known it is taken to be.
func (a *App) fresh(ctx context.Context, signature string) bool {
	fresh, err := a.once.seen.FirstSeen(ctx, scopeSigned, signature, keepSigned)
	if err != nil {
		a.log.Warn("it can't be known whether a request came before; it is taken to be new", "error", err)
		return true
	}
	return fresh
}

// parsePosted reads what Slack posted: what [App.delivery] takes, or the challenge by which Slack asks whose address this is.
func parsePosted(r *http.Request, body []byte) (arrived arrival, challenge string, err error) {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if strings.TrimSpace(kind) == "application/json" {
		return parseEvent(body)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return arrived, "", errors.New("it is no form")
	}
	if payload := form.Get("payload"); payload != "" {
		var callback slack.InteractionCallback
		err = json.Unmarshal([]byte(payload), &callback)
		return arrival{data: callback, payload: json.RawMessage(payload)}, "", err
	}
	if form.Get("command") == "" {
		return arrived, "", errors.New("it is neither a command nor an interaction")
	}
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	command, err := slack.SlashCommandParse(again)
	return arrival{data: command}, "", err
}

var errUnknownEvent = errors.New("it is no event that is known")

func parseEvent(body []byte) (arrived arrival, challenge string, err error) {
	event, err := slackevents.ParseEvent(body, slackevents.OptionNoVerifyToken()) // the signature was verified
	if err != nil {
		return arrived, "", fmt.Errorf("%w: %w", errUnknownEvent, err)
	}
	if asked, ok := event.Data.(*slackevents.EventsAPIURLVerificationEvent); ok {
		return arrived, asked.Challenge, nil
	}
	return arrival{data: event}, "", nil
}
