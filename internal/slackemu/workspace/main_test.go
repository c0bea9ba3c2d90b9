package main

import (
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/deploy"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
)

// The link that init prints leads to a page that makes the app; its tokens hold, and the bot is in no channel until it is invited.
func TestAnAppIsMade(t *testing.T) {
	s := &site{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.at = server.URL
	var err error
	if s.workspace, err = s.open(&manifest{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.workspace.Close(); err != nil {
			t.Error(err)
		}
	})
	probe := func() string {
		var said []string
		for _, c := range slackapp.Probe(t.Context(), slackapp.Options{AppToken: s.AppToken, BotToken: s.BotToken, Channel: "#incidents",
			APIURL: server.URL + "/api/"}) {
			said = append(said, c.Name+": "+c.Detail)
		}
		return strings.Join(said, "\n")
	}
	press := func(values url.Values) string {
		t.Helper()
		r, err := server.Client().PostForm(server.URL+"/apps", values)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Body.Close(); err != nil {
			t.Error(err)
		}
		return r.Status
	}
	link, err := deploy.SlackAppURL("")
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	if said := press(url.Values{"do": {"install"}}); !strings.HasPrefix(said, "400") {
		t.Errorf("installed before it was made: %s", said)
	}
	press(url.Values{"do": {"create"}, "manifest": {at.Query().Get("manifest_json")}})
	if said := press(url.Values{"do": {"app-token"}, "name": {"any"}}); !strings.HasPrefix(said, "400") {
		t.Errorf("a token without a scope: %s", said)
	}
	press(url.Values{"do": {"app-token"}, "name": {"any"}, "scope": {"connections:write"}})
	press(url.Values{"do": {"install"}})
	if !regexp.MustCompile(`^xapp-1-`).MatchString(s.AppToken) || !strings.HasPrefix(s.BotToken, "xoxb-") {
		t.Fatalf("tokens: %q, %q", s.AppToken, s.BotToken)
	}
	if said := probe(); !strings.Contains(said, "/invite") {
		t.Errorf("not invited, it says %s", said)
	}
	if err := s.workspace.Command(t.Context(), "U0ADA", "C0INCIDENTS", "/invite", "@paramedic"); err != nil {
		t.Fatal(err)
	}
	if said := probe(); strings.Contains(said, "/invite") {
		t.Errorf("invited, it says %s", said)
	}
}
