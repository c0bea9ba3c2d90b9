package attack

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cli"
	"github.com/paramedic-bot/paramedic/internal/demo"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// home is a home of notices, which takes them as JSON.
type home struct {
	mu      sync.Mutex
	notices []notified
}

type notified struct {
	Key, Incident, Title, Text string
	Next                       []string
}

func (h *home) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var n notified
	if err := json.NewDecoder(r.Body).Decode(&n); err == nil && r.Method == http.MethodPost {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.notices = append(h.notices, n)
	}
}

// told is the newest notice with one of the keys, and all keys in order.
func (h *home) told(key string) (n notified, keys []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range h.notices {
		keys = append(keys, o.Key)
		if strings.HasPrefix(o.Key, key) {
			n = o
		}
	}
	return n, keys
}

// unslacked starts the program on a cluster without Slack, with a home of notices.
func unslacked(t *testing.T) (w *world, h *home) {
	t.Helper()
	h = &home{}
	homes := httptest.NewServer(h)
	t.Cleanup(homes.Close)
	w = &world{t: t, cluster: newCluster(t, nil), log: &buffer{}}
	dir := t.TempDir()
	c := app.DefaultConfig()
	c.Cluster = app.ClusterConfig{Name: "lab", Kubeconfig: w.kube(t, "t-bot")}
	c.Notices = []app.NoticeConfig{{URL: homes.URL, Form: "json"}}
	c.Webhook = app.WebhookConfig{Listen: "127.0.0.1:0", BearerToken: bearer}
	c.State, c.Knowledge = filepath.Join(dir, "paramedic.db"), filepath.Join(dir, "postmortems")
	c.Ollama.Host = "http://127.0.0.1:1"
	c.Approvers = []app.PersonConfig{{User: "ada", Groups: []string{"operators"}}}
	c.Plans.Comeback = metav1.Duration{Duration: time.Second}
	c.Verify = app.VerifyConfig{For: metav1.Duration{Duration: time.Second}, Every: metav1.Duration{Duration: 100 * time.Millisecond},
		GiveUp: metav1.Duration{Duration: 2 * time.Minute}}
	c.LastGood.Every = metav1.Duration{Duration: 300 * time.Millisecond}
	w.config, w.file = c, filepath.Join(dir, "paramedic.yaml")
	w.configure()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int, 1)
	go func() { done <- cli.Run(ctx, "test", []string{"paramedic", "serve", "--config", w.file}, w.log, w.log) }()
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != 0 {
			t.Errorf("serve ended with %d: %s", code, w.log)
		}
	})
	w.wait("the program", func() bool { return strings.Contains(w.log.String(), "on duty") })
	var err error
	w.state, err = store.OpenReadOnly(ctx, c.State)
	ok(t, err)
	t.Cleanup(func() { w.state.Close() })
	return w, h
}

var listens = regexp.MustCompile(`alerts=(127\.0\.0\.1:\d+)`)

// rings posts an alert as Alertmanager does.
func (w *world) rings(body string) {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodPost, "http://"+listens.FindStringSubmatch(w.log.String())[1]+"/alerts", strings.NewReader(body))
	ok(w.t, err)
	r.Header.Set("Authorization", "Bearer "+bearer)
	resp, err := http.DefaultClient.Do(r)
	ok(w.t, err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		w.t.Fatalf("the webhook answers %s", resp.Status)
	}
}

// Without Slack an alert becomes a notice, the notice says what to type, and who types it has the plan run to the end: through the program's
// own commands, with a kubeconfig of one's own. Who is no approver there has nothing run.
func TestApprovingWithoutSlack(t *testing.T) {
	t.Parallel()
	w, h := unslacked(t)
	healthy, err := demo.Healthy()
	ok(t, err)
	w.wait("a last-good copy", func() bool {
		keys, err := w.state.LastGoodKeys(t.Context())
		return err == nil && len(keys) > 0
	})
	_, err = w.api.Transition(w.broken, bundle.TransitionOptions{})
	ok(t, err)
	body := alert("KubePodCrashLooping", map[string]string{"namespace": "convocanvas"})
	w.rings(body)
	var typed string
	w.wait("the notice of a plan", func() bool {
		n, _ := h.told("news-")
		i := slices.IndexFunc(n.Next, func(line string) bool { return strings.HasPrefix(line, "paramedic approve INC-1 ") })
		if i >= 0 {
			typed = n.Next[i]
		}
		return i >= 0
	})
	as := func(token, line string) string {
		return w.terminal(append(strings.Fields(line)[1:], "--config", w.file, "--kubeconfig", w.kube(t, token))...)
	}
	state := func(line string) string {
		return w.terminal(append(strings.Fields(line)[1:], "--state", w.config.State)...)
	}
	if said := as("t-ben", typed); !strings.Contains(said, "whom the configuration names for no approver") || strings.HasSuffix(said, "exit 0") {
		t.Errorf("somebody else: %s", said)
	}
	if said := as("t-bot", typed); strings.HasSuffix(said, "exit 0") {
		t.Errorf("the program's own account: %s", said)
	}
	if n := w.events(); n["PlanApproved"]+n["StepIntended"] > 0 || len(w.written()) > 0 {
		t.Fatalf("it is approved: %v; written: %v", n, w.written())
	}
	if said := as("t-ada", "paramedic plan INC-1"); !strings.Contains(said, "step 1: rights: may patch") {
		t.Errorf("the plan: %s", said)
	}
	if said := as("t-ada", typed); !strings.HasSuffix(said, "exit 0") {
		t.Fatalf("%s: %s", typed, said)
	}
	if said := as("t-ada", typed); strings.HasSuffix(said, "exit 0") {
		t.Errorf("once more: %s", said)
	}
	w.wait("the run's end", func() bool { return w.incident("INC-1").RunEnded() })
	if s := w.incident("INC-1"); s.RunFailed() {
		t.Fatalf("%+v", s.Steps)
	}
	for _, write := range w.written() {
		if !strings.HasPrefix(write, "ada: ") {
			t.Errorf("written by somebody else than who approved: %s", write)
		}
	}
	_, err = w.api.Transition(healthy, bundle.TransitionOptions{KeepWrites: true})
	ok(t, err)
	w.rings(strings.ReplaceAll(body, "firing", "resolved"))
	w.wait("the proof", func() bool { return w.incident("INC-1").Postmortem != nil })
	w.wait("the notice of the end", func() bool { n, _ := h.told("end"); return n.Key != "" })
	for _, line := range []string{"paramedic postmortem INC-1", "paramedic grade INC-1 right", "paramedic publish INC-1"} {
		if said := state(line); !strings.HasSuffix(said, "exit 0") {
			t.Errorf("%s: %s", line, said)
		}
	}
	w.wait("the postmortem in its folder", func() bool {
		files, err := os.ReadDir(w.config.Knowledge)
		return err == nil && len(files) == 1
	})
	_, keys := h.told("")
	if len(slices.Compact(slices.Sorted(slices.Values(keys)))) != len(keys) {
		t.Errorf("something was told twice: %v", keys)
	}
	if n := w.events(); n["WorkFailed"] > 0 || n["PicturesShared"] > 0 || n["UploadIntended"] > 0 || strings.Contains(w.log.String(), "work failed") {
		t.Errorf("without Slack something was tried that needs it: %v\n%s", n, w.log)
	}
}
