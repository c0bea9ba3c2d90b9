// Command workspace plays a Slack in which the app does not exist yet, with Slack's pages that make it: to walk through docs/slack.md as in
// a real workspace. What stands at https://api.slack.com stands at its own address. Tokens are made there and known to nobody before; the
// scopes are those of the manifest; the bot is in no channel until somebody types /invite @paramedic.
package main

import (
	"context"
	"crypto/rand"
	"embed"
	"flag"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

//go:embed *.html
var files embed.FS

var pages = template.Must(template.ParseFS(files, "*.html"))

// manifest is what of an app's manifest counts here (https://docs.slack.dev/reference/app-manifest).
type manifest struct {
	DisplayInformation struct {
		Name string `json:"name"`
	} `json:"display_information"`
	Features struct {
		Shortcuts []struct {
			Name       string `json:"name"`
			CallbackID string `json:"callback_id"`
		} `json:"shortcuts"`
		SlashCommands []struct {
			Command     string `json:"command"`
			Description string `json:"description"`
			UsageHint   string `json:"usage_hint"`
		} `json:"slash_commands"`
	} `json:"features"`
	OAuth struct {
		Scopes struct {
			Bot []string `json:"bot"`
		} `json:"scopes"`
	} `json:"oauth_config"`
	Settings struct {
		SocketMode bool `json:"socket_mode_enabled"`
	} `json:"settings"`
}

// site is Slack's: the pages that make an app, and the workspace in which it is installed.
type site struct {
	at string // its address, without a trailing slash

	mu        sync.Mutex
	app       *manifest // nil: not made yet
	AppToken  string    // empty: not generated yet
	BotToken  string    // empty: not installed yet
	workspace *slackemu.Server
}

func main() {
	listen := flag.String("listen", "127.0.0.1:9777", "where the pages and the API are served")
	flag.Parse()
	if err := run(*listen); err != nil {
		fmt.Fprintln(os.Stderr, "workspace:", err)
		os.Exit(1)
	}
}

func run(listen string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	s := &site{at: "http://" + l.Addr().String()}
	if s.workspace, err = s.open(&manifest{}); err != nil {
		return err
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() }) // what is open is cut, and Serve says that it was closed
	fmt.Printf("Slack's pages (https://api.slack.com there): %s/apps\nThe workspace, in a browser: %s/\n", s.at, s.at)
	fmt.Printf("For Paramedic: paramedic init --slack-api %s/api/\n", s.at)
	if err := server.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return s.workspace.Close()
}

// open makes the workspace with an app, or with one whose tokens nobody knows.
func (s *site) open(m *manifest) (*slackemu.Server, error) {
	secret := func() string { return rand.Text() }
	o := slackemu.Options{URL: s.at, AppName: m.DisplayInformation.Name, Scopes: m.OAuth.Scopes.Bot, BotToken: secret(), AppToken: secret(),
		Commands: []slackemu.Command{}, Shortcuts: []slackemu.Shortcut{},
		Users: []slackemu.User{{ID: "U0ADA", Name: "ada", RealName: "Ada", Admin: true}, {ID: "U0BEN", Name: "ben", RealName: "Ben"}},
		Channels: []slackemu.Channel{{ID: "C0INCIDENTS", Name: "incidents", Uninvited: true},
			{ID: "C0GENERAL", Name: "general", Uninvited: true}}}
	if s.BotToken != "" {
		o.BotToken = s.BotToken
	}
	if s.AppToken != "" {
		o.AppToken = s.AppToken
	}
	if o.Scopes == nil {
		o.Scopes = []string{}
	}
	for _, c := range m.Features.SlashCommands {
		o.Commands = append(o.Commands, slackemu.Command{Name: c.Command, Hint: c.UsageHint, Description: c.Description})
	}
	for _, c := range m.Features.Shortcuts {
		o.Shortcuts = append(o.Shortcuts, slackemu.Shortcut{Name: c.Name, CallbackID: c.CallbackID})
	}
	return slackemu.New(o)
}

// ServeHTTP shows Slack's pages of the app under /apps, and the workspace everywhere else.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/apps" {
		s.mu.Lock()
		workspace := s.workspace
		s.mu.Unlock()
		workspace.ServeHTTP(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var refused error
	if r.Method == http.MethodPost {
		if refused = s.press(r); refused == nil {
			http.Redirect(w, r, "/apps", http.StatusSeeOther)
			return
		}
		w.WriteHeader(http.StatusBadRequest)
	}
	page, shown := "app.html", map[string]any{"Error": refused, "AppToken": s.AppToken, "BotToken": s.BotToken, "App": s.app}
	if s.app == nil {
		page, shown["Manifest"] = "new.html", r.URL.Query().Get("manifest_json")
	}
	_ = pages.ExecuteTemplate(w, page, shown) // who asked is gone
}

// press does what a button of the pages is for.
func (s *site) press(r *http.Request) error {
	switch do := r.FormValue("do"); {
	case do == "create":
		var m manifest
		if err := yaml.Unmarshal([]byte(r.FormValue("manifest")), &m); err != nil {
			return fmt.Errorf("invalid_manifest: %w", err)
		}
		if strings.TrimSpace(m.DisplayInformation.Name) == "" {
			return fmt.Errorf("invalid_manifest: display_information.name is missing")
		}
		s.app = &m
		return nil
	case s.app == nil:
		return fmt.Errorf("make the app first")
	case do == "app-token":
		if !slices.Contains(r.Form["scope"], "connections:write") {
			return fmt.Errorf("choose at least one scope")
		}
		s.AppToken = "xapp-1-A0PLAYED-1234567890123-" + strings.ToLower(rand.Text())
	case do == "install":
		s.BotToken = "xoxb-1234567890123-1234567890124-" + rand.Text()[:24]
	default:
		return fmt.Errorf("no such button")
	}
	next, err := s.open(s.app)
	if err != nil {
		return err
	}
	old := s.workspace
	s.workspace = next
	return old.Close()
}
