package attack

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cli"
	"github.com/paramedic-bot/paramedic/internal/demo"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
	"github.com/paramedic-bot/paramedic/internal/store"
	"github.com/paramedic-bot/paramedic/internal/store/storetest"
)

// The people. Ada and Eve approve, Cy is mapped and may read one namespace, Ben is nobody in particular, Fay is of another organisation.
const (
	ada, eve, cy, ben, fay = "U0ADA", "U0EVE", "U0CY", "U0BEN", "U0FAY"
	room                   = "C0INCIDENTS"
	bearer                 = "let-me-in-0123456789"
	elsewhere              = "C0ELSE"
	mayRead, mayNot        = "ollama", "convocanvas" // namespaces, to Cy
)

var tokens = map[string]bundle.User{
	"t-bot": {Name: "system:serviceaccount:paramedic:paramedic", Groups: []string{"system:serviceaccounts"}},
	"t-ada": {Name: "ada", Groups: []string{"operators"}},
	"t-eve": {Name: "eve", Groups: []string{"operators"}},
	"t-ben": {Name: "ben"},
}

// cluster is a Kubernetes API played from the demo's bundles, which remembers what was written to it.
type cluster struct {
	api    *bundle.Server
	broken *bundle.Bundle
	kube   func(t *testing.T, token string) string // a kubeconfig's path

	mu     sync.Mutex
	writes []string
}

func (c *cluster) written() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.writes)
}

func newCluster(t *testing.T, change func(*bundle.Bundle)) *cluster {
	t.Helper()
	healthy, err := demo.Healthy()
	ok(t, err)
	broken, err := demo.Broken()
	ok(t, err)
	if change != nil {
		change(healthy)
		change(broken)
	}
	nodes := schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
	broken.Objects[nodes] = nil // the node stays well, so that what is to be mended is the cluster's alone
	for _, n := range healthy.Objects[nodes] {
		broken.Objects[nodes] = append(broken.Objects[nodes], *n.DeepCopy())
	}
	c := &cluster{}
	bot := []string{tokens["t-bot"].Name}
	rules := append(bundle.ReadRules(bot, []string{"operators"}), bundle.OperatorRules(nil, []string{"operators"})...)
	rules = append(rules, bundle.ImpersonateRules(bot, []string{"ada", "eve", "cy", "mallory"}, []string{"operators"})...)
	rules = append(rules, bundle.Rule{Users: bot, Verbs: []string{"create"}, APIGroups: []string{"authorization.k8s.io"},
		Resources: []string{"subjectaccessreviews"}})
	for _, r := range bundle.ReadRules([]string{"cy"}, nil) {
		r.Namespaces = []string{mayRead}
		rules = append(rules, r)
	}
	c.api = bundle.NewServer(healthy, bundle.ServerOptions{Users: tokens, Authorize: bundle.Rules(rules...),
		OnWrite: func(_ context.Context, w bundle.Write) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.writes = append(c.writes, fmt.Sprintf("%s: %s %s", w.User.Name, w.Verb, w.Kind.Resource))
		}})
	t.Cleanup(c.api.Close)
	certificate, err := bundle.NewCertificate(time.Now())
	ok(t, err)
	s := httptest.NewUnstartedServer(c.api)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.TLS}, MinVersion: tls.VersionTLS12}
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	t.Cleanup(s.CloseClientConnections)
	c.kube = func(t *testing.T, token string) string {
		data, err := certificate.Kubeconfig(s.URL, token)
		ok(t, err)
		return write(t, "kubeconfig", string(data))
	}
	c.broken = broken
	return c
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	ok(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// world is a bot at work, and all that it reaches.
type world struct {
	*cluster
	t      *testing.T
	config app.Config
	file   string // the configuration's
	slack  *slackemu.Server
	bot    *app.Server
	log    *buffer // the bot's
	heard  *buffer // what reached somebody whom nothing should reach
	stop   func()
	state  *store.Reader
	plan   incident.Plan // that INC-1 has on offer
}

// buffer is written to and read at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// people of the workspace.
func people() []slackemu.User {
	return []slackemu.User{{ID: ada, Name: "ada", RealName: "Ada"}, {ID: eve, Name: "eve", RealName: "Eve"},
		{ID: cy, Name: "cy", RealName: "Cy"}, {ID: ben, Name: "ben", RealName: "Ben"},
		{ID: fay, Name: "fay", RealName: "Fay", TeamID: "T0OTHER"}}
}

// setup is how a world differs from the usual one.
type setup struct {
	config  func(*app.Config)
	people  func([]slackemu.User) []slackemu.User
	cluster *cluster
	from    *world // whose state is taken over as a copy
}

// begin starts a bot.
func begin(t *testing.T, o setup) *world {
	t.Helper()
	w := &world{t: t, cluster: o.cluster, log: &buffer{}}
	if w.cluster == nil {
		w.cluster = newCluster(t, nil)
	}
	who := people()
	if o.people != nil {
		who = o.people(who)
	}
	var err error
	w.slack, err = slackemu.New(slackemu.Options{Users: who, Channels: []slackemu.Channel{{ID: room, Name: "incidents"},
		{ID: elsewhere, Name: "else"}},
		AckWithin: 20 * time.Second, RateLimit: slackemu.RateLimit{Off: true}}) // people wait longer than in Slack: a slow machine is no failure
	ok(t, err)
	ok(t, w.slack.Start("127.0.0.1:0"))
	t.Cleanup(func() { w.slack.Close() })
	dir := t.TempDir()
	if o.from != nil {
		o.from.copyTo(t, dir)
	}
	c := app.DefaultConfig()
	c.Cluster = app.ClusterConfig{Name: "lab", Kubeconfig: w.kube(t, "t-bot")}
	c.Slack = app.SlackConfig{BotToken: "xoxb-emulated", AppToken: "xapp-emulated", Channel: room, APIURL: w.slack.APIURL()}
	c.Webhook = app.WebhookConfig{Listen: "127.0.0.1:0", BearerToken: bearer}
	c.State, c.Knowledge = filepath.Join(dir, "paramedic.db"), filepath.Join(dir, "postmortems")
	c.Ollama.Host = "http://127.0.0.1:1" // nobody answers
	c.Approvers = []app.PersonConfig{{Slack: ada, User: "ada", Groups: []string{"operators"}},
		{Slack: eve, User: "eve", Groups: []string{"operators"}}}
	c.People = []app.PersonConfig{{Slack: cy, User: "cy"}}
	c.Plans.Comeback = metav1.Duration{Duration: time.Second}
	c.LastGood.Every = metav1.Duration{Duration: 300 * time.Millisecond}
	c.Limits = app.LimitConfig{OpenPerPerson: 10, RequestsPerMinute: 1000}
	if o.config != nil {
		o.config(&c)
	}
	w.config, w.file = c, filepath.Join(dir, "paramedic.yaml")
	w.configure()
	w.serve()
	return w
}

// configure writes the configuration's file.
func (w *world) configure() {
	raw, err := json.Marshal(w.config)
	ok(w.t, err)
	ok(w.t, os.WriteFile(w.file, raw, 0o600))
}

// serve starts the bot on the state as it is.
func (w *world) serve() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	config, err := app.LoadConfig(w.file)
	ok(w.t, err)
	bot, err := app.NewServer(ctx, config, app.ServerOptions{Version: "test", Logger: slog.New(slog.NewTextHandler(w.log, nil)),
		Redactor: redact.New(), Replay: true, ConfigFile: w.file})
	if err != nil {
		cancel()
		w.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- bot.Run(ctx) }()
	w.bot = bot
	w.stop = sync.OnceFunc(func() { cancel(); <-done })
	w.t.Cleanup(w.stop)
	if w.state == nil {
		w.state, err = store.OpenReadOnly(ctx, w.config.State)
		ok(w.t, err)
		w.t.Cleanup(func() { w.state.Close() })
	}
	w.wait("the bot to be connected", func() bool { return w.slack.Snapshot().Connections > 0 })
}

// copyTo copies the state, as a backup does, without what Slack has of it.
func (w *world) copyTo(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{w.config.State, w.config.State + "-wal", store.KeyFile(w.config.State)} {
		data, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue
		}
		ok(t, err)
		ok(t, os.WriteFile(filepath.Join(dir, filepath.Base(name)), data, 0o600))
	}
	db := storetest.Raw(t, filepath.Join(dir, "paramedic.db"))
	_, err := db.ExecContext(t.Context(), "DELETE FROM deliveries")
	ok(t, err)
	ok(t, db.Close())
}

// wait is patient: four bots share the machine, and what never comes does not come sooner.
func (w *world) wait(what string, until func() bool) {
	w.t.Helper()
	for end := time.Now().Add(5 * time.Minute); !until(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			log := w.log.String()
			w.t.Fatalf("waited in vain for %s; the log's end:\n%s", what, log[max(0, len(log)-1500):])
		}
	}
}

// incident is an incident as the record has it.
func (w *world) incident(id string) *incident.State {
	s, err := app.ReadIncidents(w.state).Get(context.Background(), id)
	if err != nil {
		return &incident.State{}
	}
	return s
}

// breaks breaks the cluster, and waits until INC-1 has a plan.
func (w *world) breaks() {
	w.t.Helper()
	w.wait("a last-good copy", func() bool {
		keys, err := w.state.LastGoodKeys(context.Background())
		return err == nil && len(keys) > 0
	})
	_, err := w.api.Transition(w.broken, bundle.TransitionOptions{})
	ok(w.t, err)
	if status := w.alert(alert("KubePodCrashLooping", map[string]string{"namespace": "convocanvas"})); status != http.StatusAccepted {
		w.t.Fatalf("the webhook answers %d", status)
	}
	w.offered()
}

func (w *world) offered() {
	w.t.Helper()
	w.wait("a plan", func() bool { return w.incident("INC-1").Plan != nil })
	w.plan = *w.incident("INC-1").Plan
}

// alert is what Alertmanager posts of one alert.
func alert(name string, labels map[string]string, annotations ...string) string {
	labels = maps.Clone(labels)
	labels["alertname"] = name
	notes := map[string]string{}
	for _, text := range annotations {
		notes[fmt.Sprintf("note%d", len(notes))] = text
	}
	raw, err := json.Marshal(map[string]any{"version": "4", "groupKey": name, "status": "firing", "receiver": "paramedic",
		"groupLabels": labels, "commonLabels": labels,
		"alerts": []any{map[string]any{"status": "firing", "labels": labels, "annotations": notes, "startsAt": time.Now().UTC(),
			"fingerprint": fmt.Sprintf("%x", name)}}})
	if err != nil {
		panic(err) // texts alone
	}
	return string(raw)
}

// alert posts to the webhook, with its credentials unless others are given, and returns the status.
func (w *world) alert(body string, authorization ...string) int {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodPost, "http://"+w.bot.WebhookAddr()+"/alerts", strings.NewReader(body))
	ok(w.t, err)
	r.Header.Set("Authorization", strings.Join(append(authorization, "Bearer "+bearer)[:1], ""))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0 // cut off
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// get is what the webhook's port answers.
func (w *world) get(path string) string {
	resp, err := http.Get("http://" + w.bot.WebhookAddr() + path)
	ok(w.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	ok(w.t, err)
	return string(raw)
}

// says has a person type a command in the incidents' channel, and returns what they are told.
func (w *world) says(who, line string) string { return w.saysIn(who, room, line) }

func (w *world) saysIn(who, channel, line string) string {
	w.t.Helper()
	return w.hears(who, func() error { return w.slack.Command(w.t.Context(), who, channel, "/medic", line) })
}

// hears does something and returns what a person is told of it.
func (w *world) hears(who string, do func() error) (heard string) {
	w.t.Helper()
	before := w.told(who)
	if err := do(); err != nil {
		return err.Error()
	}
	w.wait("something for "+who, func() bool {
		heard = ""
		for _, text := range w.told(who) {
			if !slices.Contains(before, text) {
				heard += text + "\n"
			}
		}
		return heard != "" && !strings.Contains(heard, "Looking …")
	})
	return heard
}

// told is all that a person sees beside the incidents' channel: what is said to them alone, their windows, direct messages, another
// channel.
func (w *world) told(who string) (texts []string) {
	s := w.slack.Snapshot()
	for _, m := range slices.Concat(s.Ephemerals(who), s.Messages(who), s.Messages(elsewhere)) {
		if m.UserID != who {
			texts = append(texts, m.TS+" "+m.Plain())
		}
	}
	for _, v := range s.Views(who) {
		texts = append(texts, v.ID+" "+v.Plain())
	}
	return texts
}

// press presses the last button of the label that the channel shows, and returns what the person is told.
func (w *world) press(who, label string) string {
	w.t.Helper()
	var ts, action string
	w.wait("a button "+label, func() bool {
		s := w.slack.Snapshot()
		for _, m := range s.Messages(room) {
			for _, m := range s.Thread(room, m.TS) {
				for _, e := range m.Elements() {
					if e.Type == "button" && strings.Contains(e.Label, label) {
						ts, action = m.TS, e.ActionID
					}
				}
			}
		}
		return ts != ""
	})
	return w.hears(who, func() error { return w.slack.Press(w.t.Context(), who, room, ts, action) })
}

// window is the window that a person looks at and that can be submitted as the label says.
func (w *world) window(who, label string) (v slackemu.View) {
	w.t.Helper()
	w.wait("a window "+label, func() bool {
		for _, v = range w.slack.Snapshot().Views(who) {
			if strings.Contains(v.Submit, label) {
				return true
			}
		}
		return false
	})
	return v
}

// approves is the right way: an approver opens the plan, sees it whole, and approves.
func (w *world) approves(who string) {
	w.t.Helper()
	w.press(who, "Open the plan")
	ok(w.t, w.slack.Submit(w.t.Context(), who, w.window(who, "Approve").ID, nil))
}

// terminal runs the program, and returns all that it printed.
func (w *world) terminal(args ...string) string {
	var out buffer
	code := cli.Run(w.t.Context(), "test", append([]string{"paramedic"}, args...), &out, &out)
	return fmt.Sprintf("%s\nexit %d", out.String(), code)
}

// events counts what the record has, by type.
func (w *world) events() map[string]int {
	counts := map[string]int{}
	streams, err := w.state.Streams(context.Background(), "")
	ok(w.t, err)
	for _, s := range streams {
		events, err := w.state.Load(context.Background(), s.Stream, 0)
		ok(w.t, err)
		for _, e := range events {
			counts[e.Type]++
		}
	}
	return counts
}
