//go:build bench

package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// figure prints one line of the benchmark.
func figure(format string, args ...any) { fmt.Printf("bench: "+format+"\n", args...) }

// bot is the built program: `paramedic serve`, with a Slack, and with a cluster that is played from a bundle of the founding incident.
type bot struct {
	state, url string
	slack      *slackemu.Server
	cmd        *exec.Cmd
	logs       *lines
}

type lines struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.String()
}

func program(t *testing.T) string {
	t.Helper()
	path := os.Getenv("PARAMEDIC")
	if path == "" {
		t.Fatal("PARAMEDIC must name the built program: use make bench")
	}
	return path
}

// serveCluster plays the founding incident as a Kubernetes API, and returns its kubeconfig.
func serveCluster(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program(t), "bundle", "serve", "../internal/demo/bundles/broken.tar.zst")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	var kubeconfig strings.Builder
	in := bufio.NewScanner(out)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		fmt.Fprintln(&kubeconfig, in.Text())
		if strings.HasPrefix(in.Text(), "  user:") { // its end
			break
		}
	}
	go func() { // what follows is not needed, and must not fill the pipe
		for in.Scan() {
		}
	}()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(kubeconfig.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// startBot starts the bot on the state, and waits until it is on duty.
func startBot(t *testing.T, state string) *bot {
	t.Helper()
	return startBotBy(t, state, "Socket Mode", []slackemu.User{{ID: ada, Name: "ada", RealName: "Ada"}})
}

// startBotBy is startBot with a way in which Slack reaches it, "Socket Mode" or "HTTP", and with people.
func startBotBy(t *testing.T, state, way string, users []slackemu.User) *bot {
	t.Helper()
	slack, err := slackemu.New(slackemu.Options{Users: users,
		Channels: []slackemu.Channel{{ID: channel, Name: "incidents"}}})
	if err == nil {
		err = slack.Start("127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slack.Close() })
	listen := freePort(t)
	b := &bot{state: state, url: "http://" + listen + "/alerts", slack: slack, logs: &lines{}}
	transport := "appToken: xapp-emulated"
	posted := freePort(t)
	if way == "HTTP" {
		transport = fmt.Sprintf("signingSecret: emulated-signing-secret, listen: %q", posted)
	}
	config := filepath.Join(t.TempDir(), "paramedic.yaml")
	text := fmt.Sprintf(`
cluster: {name: founding, kubeconfig: %q}
slack: {botToken: xoxb-emulated, %s, channel: '#incidents', apiURL: %q}
webhook: {listen: %q, bearerToken: let-me-in}
state: %q
knowledge: postmortems
approvers: [{slack: U0ADA, user: ada}]
limits: {requestsPerMinute: 1000}
`, serveCluster(t), transport, slack.APIURL(), listen, state)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b.cmd = exec.Command(program(t), "serve", "--config", config)
	b.cmd.Stdout, b.cmd.Stderr = b.logs, b.logs
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = b.cmd.Process.Signal(os.Interrupt)
		_ = b.cmd.Wait()
		if t.Failed() {
			log := b.logs.String()
			t.Logf("the end of the bot's log:\n%s", log[max(0, len(log)-4000):])
		}
	})
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get("http://" + listen + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				b.reached(t, way, posted)
				return b
			}
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("the bot is not ready:\n%s", b.logs)
		}
	}
}

// reached waits until Slack reaches the bot.
func (b *bot) reached(t *testing.T, way, posted string) {
	t.Helper()
	if way == "HTTP" {
		if err := b.slack.SetRequestURL(t.Context(), "http://"+posted+slackapp.Path); err != nil {
			t.Fatal(err)
		}
		return
	}
	waitFor(t, b.slack, time.Minute, func(n slackemu.Snapshot) bool { return n.Connections > 0 })
}

func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// post sends an Alertmanager message, and returns the status; 0 if there was no answer.
func (b *bot) post(ctx context.Context, client *http.Client, body []byte) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url, bytes.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("Authorization", "Bearer let-me-in")
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// resident is the bot's memory, in MB: that now, and the most that it was.
func (b *bot) resident(t *testing.T) (now, most float64) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kb, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		switch name {
		case "VmRSS":
			now = kb / 1024
		case "VmHWM":
			most = kb / 1024
		}
	}
	return now, most
}
