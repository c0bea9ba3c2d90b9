package app

import (
	"context"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/webhook"
)

const (
	// reloadEvery is how often the configuration is read again, besides right before each step of a plan: who is taken out of it is out that
	// much later, at most.
	reloadEvery = 2 * time.Second
	// settled is for how long a changed configuration must read the same before it counts: a file that is being written is not whole. It is
	// read mostRead times, at most, until it does.
	settled  = 200 * time.Millisecond
	mostRead = 10
)

// live are the fields of Config that take effect as soon as the file has changed; the others take effect with the next start.
var live = []string{"Approvers", "People", "Roles", "Read", "Limits"}

// reloader takes in what changes in the configuration file while the bot runs. A file that can't be used changes nothing, and is told of.
type reloader struct {
	path   string // empty: there is no file
	access *Access
	logger *slog.Logger
	took   func() // is called when a change was taken in; may be nil, and must not block

	reading sync.Mutex // held by whoever reads the file, so that a change is taken in once
	mu      sync.Mutex
	began   Config // what the bot started with
	current Config
	invalid string   // why the file can't be used now; empty: it can
	pending []string // fields that wait for a restart
}

func newReloader(path string, c Config, access *Access, logger *slog.Logger) *reloader {
	return &reloader{path: path, access: access, logger: logger, began: c, current: c}
}

// config is the configuration as it is now.
func (r *reloader) config() Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}

// read takes in what the file says now, if that has changed. It reads the files that it names too, and compares what they say: a mounted
// ConfigMap's or Secret's files are replaced with their times kept. It is safe for concurrent use.
func (r *reloader) read(ctx context.Context) error {
	if r == nil || r.path == "" {
		return nil
	}
	r.reading.Lock()
	defer r.reading.Unlock()
	c, err := LoadConfig(r.path)
	for n := 1; n < mostRead && !r.known(c, err); n++ {
		if pause(ctx, settled, nil); ctx.Err() != nil {
			return ctx.Err()
		}
		again, errAgain := LoadConfig(r.path)
		if reflect.DeepEqual(c, again) && saidError(err) == saidError(errAgain) {
			r.take(c, err)
			return nil
		}
		c, err = again, errAgain // it is being written
	}
	return nil
}

func saidError(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (r *reloader) known(c Config, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return saidError(err) == r.invalid && (err != nil || reflect.DeepEqual(c, r.current))
}

// take makes a configuration the one that counts, as far as that needs no restart.
func (r *reloader) take(c Config, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.invalid = saidError(err)
	if err != nil {
		r.logger.Error("the configuration has changed and can't be used; what it said before goes on", "file", r.path, "error", err, "try",
			"paramedic doctor --config "+r.path)
		return
	}
	r.current, r.pending = c, changedFields(r.began, c)
	r.access.Replace(c)
	if r.took != nil {
		r.took()
	}
	r.logger.Info("the configuration has changed: people, roles, read, limits, tokens and passwords count from now on", "file", r.path,
		"approvers", r.access.Approvers())
	if len(r.pending) > 0 {
		r.logger.Warn("part of what has changed in the configuration takes a restart of paramedic", "fields", strings.Join(r.pending, ", "))
	}
}

// state is why the file can't be used, and which fields wait for a restart.
func (r *reloader) state() (invalid string, pending []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.invalid, r.pending
}

// now is the configuration that counts now, as far as a change needs no restart.
func (r *reloader) now() Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}

// slackTokens are the tokens that count now. Another way in which Slack reaches the bot takes a restart: until then the tokens stay.
func (r *reloader) slackTokens() slackapp.Tokens {
	c := r.now().Slack
	if (c.AppToken == "") != (r.began.Slack.AppToken == "") {
		c = r.began.Slack
	}
	return slackapp.Tokens{Bot: c.BotToken, App: c.AppToken, Signing: c.SigningSecret}
}

// webhookCredentials are what senders of alerts must say now.
func (r *reloader) webhookCredentials() webhook.Credentials {
	c := r.now().Webhook
	return webhook.Credentials{Token: c.BearerToken, User: c.User, Password: c.Password}
}

// credentials are what may be rotated while the bot runs; whoever uses one asks for it each time.
func (c *Config) credentials() []*string {
	return []*string{&c.Slack.BotToken, &c.Slack.AppToken, &c.Slack.SigningSecret,
		&c.Webhook.BearerToken, &c.Webhook.User, &c.Webhook.Password, &c.Metrics.BearerToken}
}

// changedFields names the fields, as they are written in the file, that differ and take a restart.
func changedFields(a, b Config) (names []string) {
	a.Plans.People = b.Plans.People // how many are asked is asked anew each time
	mine, theirs := a.credentials(), b.credentials()
	for i := range mine {
		if (*mine[i] == "") == (*theirs[i] == "") { // another one, and not another way
			*mine[i] = *theirs[i]
		}
	}
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range va.NumField() {
		f := va.Type().Field(i)
		if !slices.Contains(live, f.Name) && !reflect.DeepEqual(va.Field(i).Interface(), vb.Field(i).Interface()) {
			names = append(names, strings.Split(f.Tag.Get("json"), ",")[0])
		}
	}
	return names
}
