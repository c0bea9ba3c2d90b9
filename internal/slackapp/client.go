package slackapp

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/internal/straight"
)

// Options say how to reach a Slack workspace. They are not changed once used.
type Options struct {
	BotToken string // xoxb-…
	AppToken string // xapp-…, with connections:write; for Socket Mode
	// SigningSecret, where set, says that Slack posts what people do to [App.Handler], and signs it with this; nothing connects to Slack by
	// Socket Mode then, and AppToken is not needed.
	SigningSecret string
	// Renewed, where set, returns the tokens that count now, in the place of BotToken, AppToken and SigningSecret, which it must return at
	// first. It is asked before each call, must be safe for concurrent use and must not block.
	Renewed    func() Tokens
	RequestURL string // the Handler's address as Slack knows it, with Path; only Probe goes by it. Empty: it is not known
	APIURL     string // empty: Slack's own; ends with a slash
	// Channel is where incidents are told that name no other: an id, or a name with or without #.
	Channel string
	// Fallback is who is told of incidents whose channel takes no messages: a person's id, who gets a direct message, or another channel.
	// Empty: nobody, and they only wait.
	Fallback string
	// Stamp, where set, is what an incident's message in the channel carries beside its content, unseen by people, each time that it is
	// sent: a few values that JSON holds. See Deliverer.Stamps. It must be safe for concurrent use and must not block for long.
	Stamp func(ctx context.Context, incident string) map[string]any
	// Homes says what the bot's own page shows; nil: it has none.
	Homes Homes
	// Incident, where set, says which incident's message is at a place; "" if none's. It must be safe for concurrent use.
	Incident func(ctx context.Context, channel, ts string) (string, error)

	Way    straight.Way     // how Slack is reached; by one that can't be gone every call fails, and says why
	HTTP   *http.Client     // nil: one that goes that Way, with a time-out of 10 s
	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: slog.Default
	// OnConnected, where set, is called whenever Socket Mode has connected. It must not block.
	OnConnected func()
	// OnHome, where set, is told the team of the bot's own workspace before anybody of it is answered. It must not block.
	OnHome func(team string)
}

func (o Options) withDefaults() Options {
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 10 * time.Second, CheckRedirect: straight.Refuse, Transport: transport(o.Way)}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// transport is the one that goes a Way, one for all clients of a process, which share connections by it.
func transport(w straight.Way) http.RoundTripper {
	if t, ok := transports.Load(w); ok {
		return t.(http.RoundTripper)
	}
	t, err := w.Transport()
	if err != nil {
		return failing{err}
	}
	kept, _ := transports.LoadOrStore(w, t)
	return kept.(http.RoundTripper)
}

var transports sync.Map // by straight.Way

// failing is a way that can't be gone.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// client is the Web API. It does not retry: every caller decides for itself what may be done twice.
func (o Options) client() *slack.Client {
	opts := []slack.Option{slack.OptionAppLevelToken(o.AppToken), slack.OptionHTTPClient(o.HTTP), slack.OptionLog(libraryLog{o.Logger})}
	if o.APIURL != "" {
		opts = append(opts, slack.OptionAPIURL(o.APIURL))
	}
	return slack.New(o.BotToken, opts...)
}

// libraryLog hands the library's own log lines on, as debugging.
type libraryLog struct{ to *slog.Logger }

func (l libraryLog) Output(_ int, s string) error {
	l.to.Debug("slack library", "says", s)
	return nil
}

// apiError is the word with which Slack refused a call, or "".
func apiError(err error) string {
	var r slack.SlackErrorResponse
	if errors.As(err, &r) {
		return r.Err
	}
	return ""
}

// retryAfter is how long Slack asked to wait, or 0.
func retryAfter(err error) time.Duration {
	var limited *slack.RateLimitedError
	if errors.As(err, &limited) {
		return max(limited.RetryAfter, time.Second)
	}
	return 0
}

var conversationID = regexp.MustCompile(`^[CDGUW][A-Z0-9]{2,20}$`)

// directory finds channels by name and remembers them. It is safe for concurrent use.
type directory struct {
	api func() *slack.Client
	// keeps remembers every channel that is met on the way, not only those that are looked for: for who looks for many at once. Later some of
	// them may have other names.
	keeps bool
	mu    sync.Mutex
	ids   map[string]string
}

// cached is the id of a channel if that is known without asking, and otherwise its name.
func (d *directory) cached(name string) string {
	name = strings.TrimPrefix(strings.TrimSpace(name), "#")
	d.mu.Lock()
	defer d.mu.Unlock()
	if id := d.ids[name]; id != "" {
		return id
	}
	return name
}

// channel is the id of a channel that is given by id or by name.
func (d *directory) channel(ctx context.Context, name string) (string, error) {
	if id := d.cached(name); conversationID.MatchString(id) {
		return id, nil
	}
	name = strings.TrimPrefix(strings.TrimSpace(name), "#")
	found := ""
	for c, err := range channels(ctx, d.api()) {
		if err != nil {
			return "", fmt.Errorf("look for channel #%s: %w", name, err)
		}
		if c.Name == name || d.keeps {
			d.mu.Lock()
			d.ids[c.Name] = c.ID
			d.mu.Unlock()
		}
		if c.Name == name {
			found = c.ID
		}
		if found != "" && !d.keeps {
			break
		}
	}
	if found != "" {
		return found, nil
	}
	return "", fmt.Errorf("look for channel #%s: %w", name, slack.SlackErrorResponse{Err: "channel_not_found"})
}

// channels goes through the channels that are in use and that the bot may see; an error ends it.
func channels(ctx context.Context, api *slack.Client) iter.Seq2[slack.Channel, error] {
	return func(yield func(slack.Channel, error) bool) {
		cursor := ""
		for range 50 { // pages of 200: more channels than a bot can see in most workspaces
			page, next, err := api.GetConversationsContext(ctx, &slack.GetConversationsParameters{
				Cursor: cursor, Limit: 200, ExcludeArchived: true, Types: []string{"public_channel", "private_channel"}})
			if err != nil {
				yield(slack.Channel{}, err)
				return
			}
			for _, c := range page {
				if !yield(c, nil) {
					return
				}
			}
			if cursor = next; cursor == "" {
				return
			}
		}
	}
}
