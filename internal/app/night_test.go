package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// night is a serve with its configuration file, an Alertmanager, a cluster that is out of reach, a Slack whose people sleep, and a clock that
// the test sets.
type night struct {
	slack  *slackemu.Server
	dir    string
	config app.Config
	server *app.Server
	stop   func()

	mu    sync.Mutex
	three time.Time     // that night's
	ahead time.Duration // of the real clock
}

const (
	nightAda  = "U0ADA"  // may approve, and watches
	nightDana = "U0DANA" // the first on call
	nightEve  = "U0EVE"  // in the group that is the second
	nightRoom = "C0INCIDENTS"
)

const nightConfig = `
cluster: {name: lab, kubeconfig: kubeconfig}
slack:
  botToken: xoxb-emulated
  appToken: xapp-emulated
  channel: "#incidents"
  apiURL: %s
  %s
webhook: {listen: "127.0.0.1:0", bearerToken: let-me-in}
verify: {for: 1s, every: 100ms}
approvers: [{slack: U0ADA, user: ada}]
`

// fallen begins a night at three o'clock of some day to come, for the record's clock never runs behind the real one's.
func fallen(t *testing.T, onCall string) *night {
	t.Helper()
	n := &night{dir: t.TempDir(), three: time.Now().UTC().Truncate(24 * time.Hour).Add(51 * time.Hour)}
	n.ahead = time.Until(n.three)
	good(t, os.WriteFile(filepath.Join(n.dir, "kubeconfig"), []byte(`{current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
		clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}], users: [{name: u, user: {}}]}`), 0o600))
	var err error
	n.slack, err = slackemu.New(slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}, AckWithin: 20 * time.Second,
		Users: []slackemu.User{{ID: nightAda, Name: "ada", RealName: "Ada"}, {ID: nightDana, Name: "dana", RealName: "Dana"},
			{ID: nightEve, Name: "eve", RealName: "Eve"}},
		Groups:   []slackemu.Group{{ID: "S0OPS", Handle: "platform-oncall", Users: []string{nightEve}}},
		Channels: []slackemu.Channel{{ID: nightRoom, Name: "incidents"}}})
	good(t, err)
	good(t, n.slack.Start("127.0.0.1:0"))
	t.Cleanup(func() { n.slack.Close() })
	path := filepath.Join(n.dir, "paramedic.yaml")
	good(t, os.WriteFile(path, fmt.Appendf(nil, nightConfig, n.slack.APIURL(), onCall), 0o600))
	n.config, err = app.LoadConfig(path)
	good(t, err)
	n.serve(t)
	return n
}

func good(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serve starts the bot, anew where it ran before.
func (n *night) serve(t *testing.T) {
	t.Helper()
	if n.stop != nil {
		n.stop()
	}
	server, err := app.NewServer(t.Context(), n.config, app.ServerOptions{Version: "test", Logger: slog.New(slog.DiscardHandler),
		Redactor: redact.New(), Replay: true, Now: n.clock})
	good(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	n.server, n.stop = server, sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve ended: %v", err)
		}
	})
	t.Cleanup(n.stop)
	n.until(t, "the bot listens", func(s slackemu.Snapshot) bool { return s.Connections > 0 })
}

func (n *night) clock() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return time.Now().UTC().Add(n.ahead)
}

// at sets the clock to so many minutes past three, and gives the bot the time to notice: it looks once a second. The clock goes on from there.
func (n *night) at(minutes float64) {
	n.mu.Lock()
	n.ahead = time.Until(n.three.Add(time.Duration(minutes * float64(time.Minute))))
	n.mu.Unlock()
	time.Sleep(2500 * time.Millisecond)
}

func (n *night) until(t *testing.T, what string, holds func(slackemu.Snapshot) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := n.slack.Wait(ctx, holds); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// alert is what Alertmanager posts.
func (n *night) alert(t *testing.T, status, fingerprint string) {
	t.Helper()
	body := fmt.Sprintf(`{"version":"4","groupKey":"g","status":%q,"alerts":[{"status":%q,"fingerprint":%q,"startsAt":%q,
		"labels":{"alertname":"ShopDown","namespace":"shop"},"annotations":{"summary":"The shop <!channel> <@U0EVE> answers nobody"}}]}`, status, status,
		fingerprint, n.clock().Format(time.RFC3339))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+n.server.WebhookAddr()+"/alerts", strings.NewReader(body))
	good(t, err)
	req.Header.Set("Authorization", "Bearer let-me-in")
	resp, err := http.DefaultClient.Do(req)
	good(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("the alert: %s", resp.Status)
	}
	n.until(t, "it is told", func(s slackemu.Snapshot) bool { return len(s.Messages(nightRoom)) > 0 })
}

// mentions is how often each was mentioned so far.
func (n *night) mentions(t *testing.T, when string, ada, dana, eve int) {
	t.Helper()
	s := n.slack.Snapshot()
	if a, d, e := len(s.Mentioned(nightAda)), len(s.Mentioned(nightDana)), len(s.Mentioned(nightEve)); a != ada || d != dana || e != eve {
		t.Errorf("at %s Ada was mentioned %d times, Dana %d, Eve %d, want %d, %d, %d:\n%s", when, a, d, e, ada, dana, eve, n.slack.Transcript())
	}
}

// presses has Ada press a button of the newest message of the channel that has it.
func (n *night) presses(t *testing.T, button string) {
	t.Helper()
	all := n.slack.Messages(nightRoom)
	for i := len(all) - 1; i >= 0; i-- {
		for _, e := range all[i].Elements() {
			if e.ActionID == button {
				good(t, n.slack.Act(t.Context(), nightAda, slackemu.Use{ChannelID: nightRoom, TS: all[i].TS, BlockID: e.BlockID, ActionID: e.ActionID}))
				return
			}
		}
	}
	t.Fatalf("there is no button %s:\n%s", button, n.slack.Transcript())
}

const (
	called    = `onCall: {first: {slack: U0DANA, name: Dana}, second: {slack: S0OPS, name: platform-oncall}}`
	uncalled  = ``
	firstCall = "Dana: nobody has answered *INC-1*"
)

// An alert at three that nobody answers: the first on call is mentioned at ten past, the second at twenty past, each once, whatever restarts.
// Who asks later calls nobody.
func TestNobodySleepsThrough(t *testing.T) {
	t.Parallel()
	n := fallen(t, called)
	n.alert(t, "firing", "f1")
	n.at(9.9)
	n.mentions(t, "3:09", 0, 0, 0)
	n.at(10.1)
	n.until(t, "the first is called", func(s slackemu.Snapshot) bool { return len(s.Mentioned(nightDana)) == 1 })
	newest := n.slack.Messages(nightRoom)
	if m := newest[len(newest)-1]; !m.Broadcast || !strings.Contains(n.slack.Transcript(), firstCall) {
		t.Errorf("it is not told in the channel: %+v", m)
	}
	n.serve(t)
	n.at(15)
	n.mentions(t, "3:15, after a restart", 0, 1, 0)
	n.at(20.1)
	n.until(t, "the second is called", func(s slackemu.Snapshot) bool { return len(s.Mentioned(nightEve)) == 1 })
	n.serve(t)
	n.at(59)
	n.mentions(t, "3:59", 0, 1, 1)
	for _, ask := range []func(ctx context.Context, line string) error{
		func(ctx context.Context, line string) error {
			return n.slack.Command(ctx, nightAda, nightRoom, "/medic", line)
		},
		func(ctx context.Context, line string) error { // answered in the channel
			_, err := n.slack.Mention(ctx, nightAda, nightRoom, "", line)
			return err
		},
	} {
		before := strings.Count(n.slack.Transcript(), firstCall)
		good(t, ask(t.Context(), "incidents INC-1"))
		n.until(t, "it is answered", func(slackemu.Snapshot) bool { return strings.Count(n.slack.Transcript(), firstCall) > before })
	}
	n.mentions(t, "3:59, when somebody asks", 0, 1, 1)
	if r := n.slack.Refusals(); len(r) > 0 {
		t.Errorf("refused: %v", r)
	}
}

// Whoever says that they have it wakes nobody else; and it is the same after the first call.
func TestAnAnswerEndsTheCalls(t *testing.T) {
	for name, c := range map[string]struct {
		onCall    string
		answer    float64
		dana, eve int
	}{
		"in time":                 {called, 5, 0, 0},
		"after the first call":    {called, 12, 1, 0},
		"nobody is configured":    {uncalled, 59, 0, 0},
		"the first alone is said": {`onCall: {first: {slack: U0DANA}, after: 3m}`, 59, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := fallen(t, c.onCall)
			n.alert(t, "firing", "f1")
			for _, at := range []float64{5, 12, 25, 58} {
				if at >= c.answer {
					break
				}
				n.at(at)
			}
			n.at(c.answer)
			n.presses(t, "claim")
			n.until(t, "Ada has it", func(slackemu.Snapshot) bool { return strings.Contains(n.slack.Transcript(), "*Ada* has it.") })
			n.at(59.5)
			n.mentions(t, "3:59", 0, c.dana, c.eve)
		})
	}
}
