package slackemu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// Options describe a workspace. The zero value is a usable one: a person named Ada and the channel #incidents.
type Options struct {
	// Workspace is the name in the page's sidebar; "Acme" when empty.
	Workspace string
	// TeamID is the workspace's id; "T0ACME" when empty.
	TeamID string
	// AppName is the app's display name; "Paramedic" when empty.
	AppName string
	// BotToken and AppToken are what the app must present; "xoxb-emulated" and "xapp-emulated" when empty.
	BotToken, AppToken string
	// SigningSecret signs what is posted to the app's Request URL; "emulated-signing-secret" when empty. See Server.SetRequestURL.
	SigningSecret string
	// Scopes are the bot token's; nil means DefaultScopes.
	Scopes []string
	// Commands are the app's slash commands; nil means /medic alone.
	Commands []Command
	// Shortcuts are the app's, in the menu of every message; nil means "Diagnose this" alone.
	Shortcuts []Shortcut
	Users     []User
	Groups    []Group // of people, mentioned as one
	Channels  []Channel

	// URL is the server's own address as clients see it, without a trailing slash. Empty: that of Start, or else the
	// Host of the latest API request.
	URL string
	// Now is the clock of timestamps, triggers, response URLs and rate limits; nil means time.Now.
	Now func() time.Time
	// AckWithin is how long a person waits for the app; 0 means Slack's three seconds. Triggers live as long, and three seconds at least.
	AckWithin time.Duration
	// FilesAfter is how much later than it was taken a file is shown to the app in its thread: Slack shares files when it comes to it.
	FilesAfter time.Duration
	// RateLimit is how often chat.postMessage may be called for a channel.
	RateLimit RateLimit

	// Banner is a line across the top of the page; none when empty.
	Banner string
	// Hints are what a visitor may try, in mrkdwn, folded away beside the banner; none when empty.
	Hints []string
	// Controls are buttons in the page's tool bar.
	Controls []Control
	// Logger hears what was refused and which connections came and went; nil means nobody does.
	Logger *slog.Logger
}

// User is a person of the workspace.
type User struct {
	ID   string
	Name string // the handle, without @
	// RealName is what the page shows; Name when empty.
	RealName string
	// TeamID is the person's home workspace; the Options' when empty. Another one makes the person a stranger, from
	// outside by Slack Connect.
	TeamID string
	// SaidTeam is the team that payloads name for the person; TeamID when empty. Another one is somebody of that workspace who has the same id
	// as the person whom the directory knows.
	SaidTeam string
	Email    string
	Title    string // what the person does, shown beside the name when switching
	TZ       string // IANA name; "Etc/UTC" when empty
	Admin    bool
	Deleted  bool // deactivated: may not act
}

// Group is a user group.
type Group struct {
	ID     string // S…
	Handle string // what stands behind the @ of a mention
	Users  []string
}

// Channel is a place to talk. Everyone of the workspace is a member, and so is the app unless it is Uninvited.
type Channel struct {
	ID        string
	Name      string // without #
	Topic     string
	Private   bool
	Archived  bool
	Uninvited bool // the app is not a member
}

// Command is a slash command of the app.
type Command struct {
	Name        string // with its slash
	Hint        string // usage, such as "[check | why | help]"
	Description string
}

// RateLimit bounds chat.postMessage for each channel. The zero value is Slack's: one a second, with short bursts.
type RateLimit struct {
	PerSecond float64 // 0 means 1
	Burst     int     // 0 means 5
	Off       bool    // no limits at all, those of other methods included
}

// Control is a button in the page's tool bar that acts on the world outside Slack.
type Control struct {
	ID    string
	Label string
	Style string // "", "primary" or "danger"
	// Do runs while the button shows that it is busy, one run of a Control at a time; its text is shown to whoever
	// pressed, as is its error. The context ends when the Server closes.
	Do func(context.Context) (string, error)
	// Enabled says whether it can be pressed now; nil means always. Call Server.Refresh when its answer changes.
	Enabled func() bool
}

// DefaultScopes are the least that Paramedic needs.
var DefaultScopes = []string{
	"app_mentions:read", "chat:write", "commands", "im:history", "users:read", "users:read.email", "channels:read",
	"groups:read", "channels:history", "groups:history", "files:write", "reactions:write",
}

// withDefaults fills in what was left empty.
func (o Options) withDefaults() Options {
	setDefault(&o.Workspace, "Acme")
	setDefault(&o.TeamID, "T0ACME")
	setDefault(&o.AppName, "Paramedic")
	setDefault(&o.BotToken, "xoxb-emulated")
	setDefault(&o.AppToken, "xapp-emulated")
	setDefault(&o.SigningSecret, "emulated-signing-secret")
	o.URL = strings.TrimSuffix(o.URL, "/")
	if o.Scopes == nil {
		o.Scopes = DefaultScopes
	}
	if o.Commands == nil {
		o.Commands = []Command{{Name: "/medic", Hint: "[check | why | incidents | search | help]",
			Description: "Ask what is wrong with the cluster"}}
	}
	if o.Shortcuts == nil {
		o.Shortcuts = []Shortcut{{Name: "Diagnose this", CallbackID: "diagnose"}}
	}
	if o.Users == nil {
		o.Users = []User{{ID: "U0ADA", Name: "ada", RealName: "Ada"}}
	}
	if o.Channels == nil {
		o.Channels = []Channel{{ID: "C0INCIDENTS", Name: "incidents"}}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	setDefault(&o.AckWithin, defaultAckWithin)
	setDefault(&o.RateLimit.PerSecond, 1)
	setDefault(&o.RateLimit.Burst, 5)
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate names everything that is wrong at once.
func (o Options) validate() error {
	var errs []error
	seen := map[string]bool{botUserID: true, slackbotID: true}
	unique := func(what, id string) {
		switch {
		case id == "":
			errs = append(errs, fmt.Errorf("a %s has no ID", what))
		case seen[id]:
			errs = append(errs, fmt.Errorf("%s %s: the ID is taken", what, id))
		}
		seen[id] = true
	}
	if o.Users != nil && len(o.Users) == 0 {
		errs = append(errs, errors.New("a workspace needs somebody: Users is empty, leave it nil for Ada"))
	}
	for _, u := range o.Users {
		unique("user", u.ID)
		if u.Name == "" {
			errs = append(errs, fmt.Errorf("user %s has no Name", u.ID))
		}
	}
	for _, g := range o.Groups {
		unique("group", g.ID)
		if g.Handle == "" {
			errs = append(errs, fmt.Errorf("group %s has no Handle", g.ID))
		}
	}
	for _, c := range o.Channels {
		unique("channel", c.ID)
		if c.Name == "" {
			errs = append(errs, fmt.Errorf("channel %s has no Name", c.ID))
		}
	}
	for _, c := range o.Controls {
		unique("control", c.ID)
		if c.Do == nil {
			errs = append(errs, fmt.Errorf("control %s does nothing: set Do", c.ID))
		}
	}
	for _, c := range o.Commands {
		if !strings.HasPrefix(c.Name, "/") {
			errs = append(errs, fmt.Errorf("command %q must begin with a slash", c.Name))
		}
	}
	return errors.Join(errs...)
}
