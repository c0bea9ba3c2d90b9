//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
	"github.com/paramedic-bot/paramedic/internal/store"
)

const (
	channel = "C0INCIDENTS"
	ada     = "U0ADA"  // an approver who may
	dora    = "U0DORA" // another
	cleo    = "U0CLEO" // an approver without the rights
	ben     = "U0BEN"  // no approver
	hook    = "http://paramedic:let%%20me%%20in@%s/webhook/alertmanager"
)

// bot is `paramedic serve`, started and killed as often as a test likes, with everything around it.
type bot struct {
	lab
	dir, config, state, webhook string
	slack                       *slackemu.Server
	approvers                   func(entries ...string) // writes the configuration with these

	mu   sync.Mutex
	cmd  *exec.Cmd
	logs bytes.Buffer
}

// The approvers of a company, and of a home. Two people are asked for in both.
var (
	home    = []string{"- {slack: " + ada + ", user: operator, groups: [operators]}"}
	company = append(slices.Clip(home), "- {slack: "+dora+", user: operator2, groups: [operators]}", "- {slack: "+cleo+
		", user: viewer, groups: [viewers]}")
)

// newBot writes the configuration and starts Slack and Alertmanager; the bot itself is started by start. A bot that does not watch has its
// incidents by alerts alone.
func newBot(t *testing.T, l lab, verifyFor time.Duration, watches bool) *bot {
	t.Helper()
	slack, err := slackemu.New(slackemu.Options{
		Users: []slackemu.User{{ID: ada, Name: "ada", RealName: "Ada"}, {ID: ben, Name: "ben", RealName: "Ben"},
			{ID: cleo, Name: "cleo", RealName: "Cleo"}, {ID: dora, Name: "dora", RealName: "Dora"}},
		Channels: []slackemu.Channel{{ID: channel, Name: "incidents"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := slack.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slack.Close() })
	b := &bot{lab: l, dir: t.TempDir(), slack: slack, webhook: freePort(t)}
	b.state = filepath.Join(b.dir, "state", "paramedic.db")
	b.config = filepath.Join(b.dir, "paramedic.yaml")
	l.botKubeconfig(t, filepath.Join(b.dir, "kubeconfig"))
	ollama := ""
	if l.ollama != "" {
		ollama = fmt.Sprintf("ollama: {host: %q, model: 'smollm2:135m', embedder: all-minilm, timeout: 90s}\n", l.ollama)
	}
	text := fmt.Sprintf(`
cluster: {name: lab, kubeconfig: kubeconfig}
slack: {botToken: xoxb-emulated, appToken: xapp-emulated, channel: '#incidents', apiURL: %q}
webhook: {listen: %q, user: paramedic, password: let me in}
state: state/paramedic.db
knowledge: postmortems
host: {root: %q, node: %s}
plans: {comeback: 1m, people: {disruptive: 2}}
verify: {for: %s, every: 3s, giveUp: 10m}
lastGood: {every: 5s}
watch: {disabled: %v}
%s`, slack.APIURL(), b.webhook, l.hostRoot, node, verifyFor, !watches, ollama)
	b.approvers = func(entries ...string) {
		t.Helper()
		if err := os.WriteFile(b.config, []byte(text+"approvers:\n"+strings.Join(entries, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.approvers(company...)
	l.run(t, "alertmanager", fmt.Sprintf(hook, b.webhook))
	reload(t) // one that ran already has another test's address
	t.Cleanup(func() {
		b.kill()
		if t.Failed() {
			t.Logf("the conversation:\n%s", slack.Transcript())
			t.Logf("the bot's log:\n%s", b.log())
		}
	})
	return b
}

// reload makes Alertmanager read its configuration.
func reload(t *testing.T) {
	t.Helper()
	resp, err := http.Post("http://127.0.0.1:9093/-/reload", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("Alertmanager answers %s", resp.Status)
	}
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

func (b *bot) start(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cmd = exec.Command(b.program, "serve", "--config", b.config)
	b.cmd.Stdout, b.cmd.Stderr = &lockedWriter{b}, &lockedWriter{b}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

type lockedWriter struct{ b *bot }

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	return w.b.logs.Write(p)
}

func (b *bot) log() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.logs.String()
}

// kill ends the bot as a power cut would.
func (b *bot) kill() {
	b.mu.Lock()
	cmd := b.cmd
	b.cmd = nil
	b.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// connected waits until the bot hears Slack.
func (b *bot) connected(t *testing.T) {
	t.Helper()
	b.wait(t, 30*time.Second, "the bot connects", func(s slackemu.Snapshot) bool { return s.Connections > 0 })
}

func (b *bot) wait(t *testing.T, within time.Duration, what string, until func(slackemu.Snapshot) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := b.slack.Wait(ctx, until); err != nil {
		t.Fatalf("not within %v: %s", within, what)
	}
}

// keeps waits until the copies are kept that a plan for the founding incident needs.
func (b *bot) keeps(t *testing.T) {
	t.Helper()
	eventually(t, 4*time.Minute, "last-good copies of the Corefile, the CNI directory and the names' resolving", func() bool {
		r, err := store.OpenReadOnly(t.Context(), b.state)
		if err != nil {
			return false
		}
		defer r.Close()
		for _, key := range []string{"configmap/kube-system/coredns/Corefile", "host/" + node + "/etc/cni/net.d", "dns/10.43.0.10"} {
			if _, ok, err := r.LastGood(t.Context(), key); err != nil || !ok {
				return false
			}
		}
		return true
	})
}

// incidents reads the record beside the running bot.
func (b *bot) incidents(t *testing.T) []*incident.State {
	t.Helper()
	r, err := store.OpenReadOnly(t.Context(), b.state)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, _, err := app.NewJournal(r).List(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// incident waits until the newest incident is as asked.
func (b *bot) incident(t *testing.T, within time.Duration, what string, yes func(*incident.State) bool) *incident.State {
	t.Helper()
	var s *incident.State
	eventually(t, within, what, func() bool {
		all := b.incidents(t)
		if len(all) == 0 {
			return false
		}
		s = all[0]
		return yes(s)
	})
	return s
}

// roots are the messages of the channel that tell incidents.
func (b *bot) roots() []slackemu.Message {
	return slices.DeleteFunc(b.slack.Messages(channel), func(m slackemu.Message) bool { return m.Metadata == nil || m.ThreadTS != "" })
}

// press presses the newest button with the label in the incident's thread, as a person.
func (b *bot) press(t *testing.T, person, root, label string) {
	t.Helper()
	var ts, action string
	b.wait(t, time.Minute, fmt.Sprintf("a button %q", label), func(s slackemu.Snapshot) bool {
		for _, m := range s.Thread(channel, root) {
			for _, e := range m.Elements() {
				if e.Type == "button" && strings.EqualFold(e.Label, label) {
					ts, action = m.TS, e.ActionID
				}
			}
		}
		return ts != ""
	})
	if err := b.slack.Press(t.Context(), person, channel, ts, action); err != nil {
		t.Fatalf("press %q: %v", label, err)
	}
}

// thread waits until the thread says something.
func (b *bot) thread(t *testing.T, within time.Duration, root string, words ...string) {
	t.Helper()
	b.wait(t, within, fmt.Sprintf("the thread says %q", words), func(s slackemu.Snapshot) bool {
		text := ""
		for _, m := range s.Thread(channel, root) {
			text += m.Plain() + "\n"
		}
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	})
}
