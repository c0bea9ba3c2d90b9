package app_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// alone is the night's configuration without a watch, for its cluster is out of reach.
const alone = "fallback: \"\"\nwatch: {disabled: true}"

// get asks the bot.
func (n *night) get(t *testing.T, path string) (int, string) {
	t.Helper()
	resp, err := http.Get("http://" + n.server.WebhookAddr() + path)
	good(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	good(t, err)
	return resp.StatusCode, string(body)
}

// becomes waits until the bot answers with a status.
func (n *night) becomes(t *testing.T, path string, status int) string {
	t.Helper()
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		got, body := n.get(t, path)
		if got == status {
			return body
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%s: %d %s, want %d", path, got, body, status)
		}
	}
}

// posts is what Alertmanager posts of an alert without an object.
func (n *night) posts(t *testing.T, name string) {
	t.Helper()
	body := fmt.Sprintf(`{"version":"4","alerts":[{"status":"firing","fingerprint":%q,"labels":{"alertname":%q}}]}`, name, name)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+n.server.WebhookAddr()+"/alerts", strings.NewReader(body))
	good(t, err)
	req.Header.Set("Authorization", "Bearer let-me-in")
	resp, err := http.DefaultClient.Do(req)
	good(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatal(resp.Status)
	}
}

// The bot is ready while it can do all of its work, and says what it can't; what it does is counted; and somebody else is told that it is
// well, by a URL that nobody reads anywhere else.
func TestWhoIsWellSaysSo(t *testing.T) {
	t.Parallel()
	var beats atomic.Int64
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ping/5ecre7" {
			beats.Add(1)
		}
	}))
	defer outside.Close()
	n := fallen(t, alone+"\nheartbeat: {url: "+outside.URL+"/ping/5ecre7, every: 10s}")
	n.becomes(t, "/healthz", http.StatusOK)
	n.becomes(t, "/readyz", http.StatusOK)
	for began := time.Now(); beats.Load() == 0; time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal("there is no heartbeat")
		}
	}
	n.posts(t, "SomethingElse")
	n.until(t, "it is told", func(s slackemu.Snapshot) bool { return len(s.Messages(nightRoom)) > 0 })
	metrics := n.becomes(t, "/metrics", http.StatusOK)
	for _, want := range []string{`paramedic_incidents_opened_total{source="alert"} 1`, `paramedic_heartbeats_total{result="sent"}`,
		"paramedic_work_late_seconds", "paramedic_slack_messages_sent_total", "paramedic_slack_messages_waiting",
		"paramedic_model_failures_total 0"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("there is no %s in\n%s", want, metrics)
		}
	}
	if strings.Contains(metrics, "paramedic_watch_current") || strings.Contains(metrics, "5ecre7") {
		t.Error("what is not watched is told, or the URL is")
	}
	n.slack.Close()
	if why := n.becomes(t, "/readyz", http.StatusServiceUnavailable); !strings.Contains(why, "Slack") {
		t.Errorf("not ready, for %q", why)
	}
	n.becomes(t, "/healthz", http.StatusOK)
}

// A bot that has not seen its cluster is not ready, and the metrics say for how long that has been so.
func TestWhoHasSeenNothingIsNotReady(t *testing.T) {
	t.Parallel()
	n := fallen(t, uncalled)
	if why := n.becomes(t, "/readyz", http.StatusServiceUnavailable); !strings.Contains(why, "watch") {
		t.Errorf("not ready, for %q", why)
	}
	metrics := n.becomes(t, "/metrics", http.StatusOK)
	for _, want := range []string{"paramedic_watch_current 0", "paramedic_watch_lost_seconds ", "paramedic_watch_kinds_left_out 0",
		"paramedic_watch_objects 0", "paramedic_watch_changes_total 0", "paramedic_watch_namespaces_examined_total 0",
		"paramedic_watch_looks_total ", "paramedic_watch_look_seconds ", "paramedic_watch_finding_seconds_count 0"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("there is no %s", want)
		}
	}
}

// Alertmanager's Watchdog opens no incident; that it has stopped coming does, over a restart as well, and it is over when it comes again.
func TestTheWatchdogThroughTheDoor(t *testing.T) {
	t.Parallel()
	n := fallen(t, alone)
	n.posts(t, "Watchdog")
	n.at(1)
	n.posts(t, "Watchdog")
	n.serve(t)
	n.at(9)
	if all := n.slack.Messages(nightRoom); len(all) > 0 {
		t.Fatalf("it is told of:\n%s", n.slack.Transcript())
	}
	n.at(20)
	n.until(t, "its absence is told", func(slackemu.Snapshot) bool {
		return strings.Contains(n.slack.Transcript(), "Watchdog alert has stopped coming")
	})
	n.posts(t, "Watchdog")
	n.until(t, "it is over", func(slackemu.Snapshot) bool {
		return strings.Contains(n.slack.Transcript(), "Watchdog alert has stopped coming” (over)")
	})
}

// What is wrong with a heartbeat is said at once, and not its URL.
func TestAHeartbeatThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "paramedic.yaml")
	good(t, os.WriteFile(file, []byte(`
slack: {botToken: xoxb-x, appToken: xapp-x, channel: a}
webhook: {watchdog: -1s}
heartbeat: {url: "ftp://outside.example/5ecre7", every: 1s, proxy: nowhere}
`), 0o600))
	_, err := app.LoadConfig(file)
	for _, want := range []string{"heartbeat.url: must begin with https://", "heartbeat.every: must be 10s", "heartbeat: the proxy",
		"webhook.watchdog: must not be less"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %q: %v", want, err)
		}
	}
	if strings.Contains(fmt.Sprint(err), "5ecre7") {
		t.Errorf("it says the URL: %v", err)
	}
}
