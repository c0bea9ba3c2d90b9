package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// A mounted ConfigMap is a symlink to a folder that is replaced.
func TestTheConfigurationIsReadAgainWhenItChanges(t *testing.T) {
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	put := func(version, approvers, more string) {
		t.Helper()
		at := filepath.Join(dir, version)
		if err := os.Mkdir(at, 0o700); err != nil {
			t.Fatal(err)
		}
		text := "slack: {botTokenFile: " + token + ", appToken: xapp-1, channel: '#incidents'}\n" + approvers + "\n" + more + "\n"
		if err := os.WriteFile(filepath.Join(at, "c.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		next := filepath.Join(dir, "next")
		if err := os.Symlink(at, next); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(token, []byte("xoxb-1"), 0o600); err != nil {
		t.Fatal(err)
	}
	put("1", "approvers: [{slack: UADA, user: ada}, {slack: UEVE, user: eve}]", "")
	path := filepath.Join(dir, "..data", "c.yaml")
	c, err := LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	access := NewAccess(c)
	access.SetHome("T1")
	r := newReloader(path, c, access, slog.New(slog.NewTextHandler(&log, nil)))
	read := func() {
		t.Helper()
		if err := r.read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	may := func(p incident.Person) bool { _, ok := access.Identity(p); return ok }
	read()
	if log.Len() > 0 || !may(eve) {
		t.Errorf("nothing has changed: %s", log.String())
	}

	put("2", "approvers: [{slack: UADA, user: ada}]", "roles: {close: [UBEN]}")
	read()
	if may(eve) || !may(ada) || access.May(ben, commands.Close) != nil {
		t.Errorf("who was taken out may approve: %t; %s", may(eve), log.String())
	}

	log.Reset()
	put("3", "approvers: [{slack: UADA, user: 'system:admin'}]", "")
	read()
	read()
	if invalid, _ := r.state(); !may(ada) || invalid == "" || strings.Count(log.String(), "can't be used") != 1 ||
		!strings.Contains(log.String(), "cluster's own") {
		t.Errorf("an invalid file: approver %t, %q\n%s", may(ada), invalid, log.String())
	}

	log.Reset()
	put("4", "approvers: [{slack: UADA, user: ada}, {slack: UEVE, user: eve}]", "state: elsewhere.db")
	if err := os.WriteFile(token, []byte("xoxb-2"), 0o600); err != nil {
		t.Fatal(err)
	}
	read()
	if invalid, pending := r.state(); invalid != "" || !may(eve) || strings.Join(pending, ",") != "state" ||
		!strings.Contains(log.String(), "takes a restart") {
		t.Errorf("invalid %q, approver %t, waits for a restart: %v\n%s", invalid, may(eve), pending, log.String())
	}
	if got := r.slackTokens().Bot; got != "xoxb-2" {
		t.Errorf("the token that counts is %s", got)
	}

	put("5", "approvers: [{slack: UADA, user: ada}]", "")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "appToken: xapp-1", "signingSecret: s, listen: ':1'", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	read()
	if _, pending := r.state(); strings.Join(pending, ",") != "slack" || r.slackTokens().App != "xapp-1" {
		t.Errorf("another transport waits for a restart: %v, %+v", pending, r.slackTokens())
	}
}
