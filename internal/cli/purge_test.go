package cli_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cli"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// leaked looks like no secret, so that nothing hides it at the door; its marks are escaped wherever it is written.
const leaked = `tangerine"parade <7>`

// bot is a serve with a Slack, and a cluster played from the demo's bundle.
func bot(t *testing.T, dir string) (server *app.Server, slack *slackemu.Server) {
	t.Helper()
	b, err := bundle.Open("../demo/bundles/healthy.tar.zst")
	ok(t, err)
	cluster := bundle.NewServer(b, bundle.ServerOptions{Users: map[string]bundle.User{"tok": {Name: "bot"}},
		Authorize: bundle.Rules(bundle.Rule{Users: []string{"bot"}, Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}})})
	h := httptest.NewServer(cluster)
	t.Cleanup(func() { cluster.Close(); h.Close() })
	ok(t, os.WriteFile(filepath.Join(dir, "kubeconfig"), fmt.Appendf(nil, `{current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
		clusters: [{name: c, cluster: {server: %q}}], users: [{name: u, user: {token: "tok"}}]}`, h.URL), 0o600))
	slack, err = slackemu.New(slackemu.Options{Users: []slackemu.User{{ID: "U0ADA", Name: "ada", RealName: "Ada"}},
		Channels: []slackemu.Channel{{ID: "C0INCIDENTS", Name: "incidents"}}})
	ok(t, err)
	ok(t, slack.Start("127.0.0.1:0"))
	t.Cleanup(func() { slack.Close() })
	c := app.DefaultConfig()
	c.Cluster = app.ClusterConfig{Name: "lab", Kubeconfig: filepath.Join(dir, "kubeconfig")}
	c.Slack = app.SlackConfig{BotToken: "xoxb-emulated", AppToken: "xapp-emulated", Channel: "#incidents", APIURL: slack.APIURL()}
	c.Webhook = app.WebhookConfig{Listen: "127.0.0.1:0", BearerToken: "let-me-in"}
	c.State, c.Knowledge = filepath.Join(dir, "paramedic.db"), filepath.Join(dir, "postmortems")
	server, err = app.NewServer(t.Context(), c, app.ServerOptions{Version: "test", Logger: slog.New(slog.DiscardHandler),
		Redactor: redact.New(), Replay: true})
	ok(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("serve ended: %v", err)
		}
	})
	return server, slack
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// said waits until the conversation in Slack holds, or no longer holds, some words.
func said(t *testing.T, slack *slackemu.Server, words string, there bool) {
	t.Helper()
	for began := time.Now(); strings.Contains(slack.Transcript(), words) != there; time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 50*time.Second {
			t.Fatalf("that %q is there: not %t after a long time:\n%s", words, there, slack.Transcript())
		}
	}
}

// run runs the program and returns what it says.
func run(t *testing.T, exit int, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if got := cli.Run(t.Context(), "test", append([]string{"paramedic"}, args...), &out, &out); got != exit {
		t.Errorf("%v: exit %d, want %d: %s", args, got, exit, out.String())
	}
	if strings.Contains(out.String(), "tangerine") {
		t.Errorf("%v shows the secret:\n%s", args, out.String())
	}
	return out.String()
}

// A secret that an alert brought in is in the record, in Slack and in a postmortem. It is purged while serve runs: it is gone from all of
// them, the incident is still there, the record is whole, and says who did it.
func TestPurgeWhileServeRuns(t *testing.T) {
	dir := t.TempDir()
	state, folder := filepath.Join(dir, "paramedic.db"), filepath.Join(dir, "postmortems")
	ok(t, os.Mkdir(folder, 0o755))
	note := filepath.Join(folder, "notes.md")
	encoded := base64.StdEncoding.EncodeToString([]byte("user:" + leaked))
	ok(t, os.WriteFile(note, []byte("The password was "+leaked+", or "+encoded+".\n"), 0o644))
	server, slack := bot(t, dir)
	body := `{"version":"4","groupKey":"g","status":"firing","alerts":[{"status":"firing","fingerprint":"f1","startsAt":"2026-02-03T02:14:00Z",
		"labels":{"alertname":"LoginFailed","namespace":"shop"},"annotations":{"summary":"login with tangerine\"parade <7> failed","description":"again ` + encoded + `"}}]}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+server.WebhookAddr()+"/alerts", strings.NewReader(body))
	ok(t, err)
	req.Header.Set("Authorization", "Bearer let-me-in")
	resp, err := http.DefaultClient.Do(req)
	ok(t, err)
	resp.Body.Close()
	said(t, slack, "tangerine", true)

	secret := filepath.Join(t.TempDir(), "secret")
	ok(t, os.WriteFile(secret, []byte(leaked+"\n"), 0o600))
	args := []string{"purge", "--state", state, "--knowledge", folder, "--file", secret, "--by", "ada"}
	if out := run(t, 0, args...); !strings.Contains(out, "--yes removes it") || !strings.Contains(out, "notes.md") ||
		!strings.Contains(out, "INC-1") {
		t.Errorf("what is there: %s", out)
	}
	said(t, slack, "tangerine", true) // nothing was removed yet
	if out := run(t, 0, append(args, "--yes")...); !strings.Contains(out, "It is removed, by ada") ||
		!strings.Contains(out, "within half a minute") {
		t.Errorf("what was removed: %s", out)
	}
	said(t, slack, "tangerine", false)
	said(t, slack, "INC-1", true)
	if out := run(t, 0, args...); !strings.Contains(out, "nowhere to be found") {
		t.Errorf("afterwards: %s", out)
	}
	for _, name := range []string{state, state + "-wal", note} {
		data, err := exec.CommandContext(t.Context(), "cat", name).Output() // another process's eyes: to close the file here would drop locks
		ok(t, err)
		if i := bytes.Index(data, []byte("tangerine")); i >= 0 {
			t.Errorf("it is in %s: %q", filepath.Base(name), data[max(0, i-80):min(len(data), i+80)])
		}
		if bytes.Contains(data, []byte(encoded[8:24])) {
			t.Errorf("it is in %s, encoded", filepath.Base(name))
		}
	}
	if out := run(t, 0, "audit", "verify", "--state", state); !strings.Contains(out, "The record is whole") ||
		!strings.Contains(out, "purged on the record by ada") {
		t.Errorf("the audit: %s", out)
	}
	if out := run(t, 0, "incidents", "INC-1", "--state", state); !strings.Contains(out, "(purged) failed") {
		t.Errorf("the incident: %s", out)
	}
}

// Without the record's key the audit says what it can, and that it is not all.
func TestAuditWithoutTheKey(t *testing.T) {
	dir := t.TempDir()
	state := filepath.Join(dir, "paramedic.db")
	st, err := store.Open(t.Context(), state, store.Options{Seal: true})
	ok(t, err)
	ok(t, st.Append(t.Context(), store.Write{Stream: "notes", Events: []store.NewEvent{{Type: "Noted", TypeVersion: 1, At: time.Now(),
		Data: []byte("x")}}}))
	ok(t, st.Close())
	if out := run(t, 0, "audit", "verify", "--state", state); !strings.Contains(out, "The record is whole") {
		t.Error(out)
	}
	elsewhere := filepath.Join(dir, "elsewhere")
	ok(t, os.Rename(store.KeyFile(state), elsewhere))
	if out := run(t, 2, "audit", "verify", "--state", state); !strings.Contains(out, "Who wrote the record can't be checked") {
		t.Error(out)
	}
	run(t, 0, "audit", "verify", "--state", state, "--key", elsewhere)
	if out := run(t, 2, "audit", "accept", "--state", state); !strings.Contains(out, "say with --key where it is") {
		t.Error(out)
	}
	if out := run(t, 0, "audit", "accept", "--state", state, "--reseal", "--by", "ada"); !strings.Contains(out, "taken on your word") {
		t.Error(out)
	}
	run(t, 0, "audit", "verify", "--state", state)
	run(t, 2, "audit", "verify", "--state", state, "--key", elsewhere)
}
