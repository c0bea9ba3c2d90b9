package webhook

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/paramedic-bot/paramedic/internal/guard"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Sink records signals. Once Receive has returned nil they must not be lost, and the same ones again must do no harm.
type Sink interface {
	Receive(ctx context.Context, signals []incident.Signal) error
}

// Credentials are what senders must say. A Token, or a User and a Password, or both are needed: a webhook without them would let anyone who
// reaches it open incidents.
type Credentials struct {
	Token          string // of "Authorization: Bearer"
	User, Password string // of basic auth, or of the URL
}

func (c Credentials) validate() error {
	switch {
	case c.Token == "" && c.Password == "":
		return errors.New("alert webhook: no credentials; set a token, or a user and a password")
	case (c.User == "") != (c.Password == ""):
		return errors.New("alert webhook: basic auth needs both a user and a password")
	}
	return nil
}

// Options of a Handler.
type Options struct {
	// Credentials are asked for at each message; it must be safe for concurrent use and must not block.
	Credentials func() Credentials
	Sink        Sink
	Logger      *slog.Logger  // nil: slog.Default
	Timeout     time.Duration // for recording; 0: 10 s
	// Redact is applied to all texts of a message before they are cut to size, for half a secret is not known as one; nil: they are as they
	// are.
	Redact func(string) string
}

// Paths at which Handler is to be mounted.
var Paths = []string{"/alerts", "/webhook/alertmanager"}

// New makes the handler of alerts. It answers on any path: mount it on each of Paths.
func New(o Options) (http.Handler, error) {
	if o.Sink == nil {
		return nil, errors.New("alert webhook: nothing to hand alerts to")
	}
	if err := o.Credentials().validate(); err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	return &handler{o, semaphore.NewWeighted(maxInFlight)}, nil
}

type handler struct {
	o    Options
	room *semaphore.Weighted // for the messages that are being taken in, in bytes
}

// weight is what a message may take of the room: what it says that it has, or all that one may have.
func weight(r *http.Request) int64 {
	if n := r.ContentLength; n >= 0 && n < maxBody {
		return n
	}
	return maxBody
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !guard.Run(h.o.Logger, "take in alerts", func() { h.take(w, r) }) {
		http.Error(w, "The alerts could not be recorded. Send them again.", http.StatusInternalServerError)
	}
}

func (h *handler) take(w http.ResponseWriter, r *http.Request) {
	if !h.allowed(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="paramedic"`)
		h.refuse(w, r, http.StatusUnauthorized, "The credentials are missing or wrong: set http_config.authorization or basic_auth in "+
			"webhook_config.")
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		h.refuse(w, r, http.StatusMethodNotAllowed, "Alerts are posted.")
		return
	}
	if err := h.room.Acquire(r.Context(), weight(r)); err != nil {
		h.refuse(w, r, http.StatusServiceUnavailable, "Too many large messages at once.")
		return
	}
	defer h.room.Release(weight(r))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			h.refuse(w, r, http.StatusRequestEntityTooLarge, fmt.Sprintf("The message is larger than %d bytes; set max_alerts in webhook_config.",
				maxBody))
			return
		}
		h.refuse(w, r, http.StatusBadRequest, "The message could not be read to its end.")
		return
	}
	signals, err := Parse(body, h.o.Redact)
	if err != nil {
		h.refuse(w, r, http.StatusBadRequest, "Bad message: "+err.Error()+".")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.o.Timeout)
	defer cancel()
	if err := h.o.Sink.Receive(ctx, signals); err != nil {
		h.o.Logger.Error("alerts could not be recorded; the sender is asked to try again", "alerts", len(signals), "error", err)
		http.Error(w, "The alerts could not be recorded. Send them again.", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, "recorded %d\n", len(signals))
}

// refuse answers with a sentence, and logs it without what was sent.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	h.o.Logger.Warn("alert webhook refused a request", "status", status, "reason", sentence, "from", r.RemoteAddr)
	http.Error(w, sentence, status)
}

// allowed compares digests, so that the time taken tells neither content nor length.
func (h *handler) allowed(r *http.Request) bool {
	c := h.o.Credentials()
	if user, password, ok := r.BasicAuth(); ok {
		both := same(user, c.User) & same(password, c.Password)
		return c.Password != "" && both == 1
	}
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return ok && c.Token != "" && strings.EqualFold(scheme, "Bearer") && same(strings.TrimSpace(token), c.Token) == 1
}

func same(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}
