package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/diagnosis/story"
	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/redact/redacttest"
	"github.com/paramedic-bot/paramedic/internal/webhook"
)

// planted is the corpus: its texts, its manifests, and the secrets in them that can be told from everything else when all of it is in one
// heap: of eight characters and more.
type planted struct {
	texts, manifests, secrets []string
	rest                      string
}

func plant(t *testing.T) planted {
	t.Helper()
	files, err := redacttest.Load("../redact/testdata/corpus")
	if err != nil {
		t.Fatal(err)
	}
	var p planted
	var rest strings.Builder
	for _, f := range files {
		for _, form := range f.Forms {
			for _, c := range form.Cases {
				rest.WriteString(redacttest.Rest(c) + "\n")
				if f.Innocent {
					continue
				}
				for _, s := range redacttest.Secrets(c) {
					if utf8.RuneCountInString(s) >= 8 && !strings.ContainsAny(s, "\n") {
						p.secrets = append(p.secrets, s)
					}
				}
				if form.Kind == "object" {
					p.manifests = append(p.manifests, redacttest.Plain(c))
				} else {
					p.texts = append(p.texts, redacttest.Plain(c))
				}
			}
		}
	}
	p.rest = rest.String()
	return p
}

// holds fails if more of the secrets can be read in what came out than the goal allows; it prints none.
func (p planted) holds(t *testing.T, door string, out string) {
	t.Helper()
	out += "\n" + strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n", `\t`, "\t", `\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(out)
	left := redacttest.LeftOf(p.secrets, p.rest, out)
	recall := 100 - 100*float64(left)/float64(len(p.secrets))
	t.Logf("%s: %.1f %% of %d secrets are gone, in %d bytes", door, recall, len(p.secrets), len(out)/2)
	if recall < redacttest.LeastRecall {
		t.Errorf("%s: %d of %d secrets can be read", door, left, len(p.secrets))
	}
	if len(out) < 2000 || !strings.Contains(out, "[REDACTED:") {
		t.Errorf("%s: it was not reached", door)
	}
}

// listener is a model that keeps what it is asked.
type listener struct{ heard bytes.Buffer }

func (*listener) Name() string { return "listener" }

func (l *listener) Complete(_ context.Context, system, user string, _ json.RawMessage, _ int) (string, error) {
	fmt.Fprintln(&l.heard, system, user)
	return "{}", nil
}

// Whatever of the corpus comes in by a door, by none goes out more of it than the goal of redaction allows: the record, the prompt, what
// commands print, the bundle.
func TestNoDoorLetsTheCorpusThrough(t *testing.T) {
	p := plant(t)
	r := redact.New()
	d := open(t)
	d.redact, d.ledger.redact = r.String, r.String

	receiveAll(t, d, p, r)
	clear := found(d.clock)
	for i, text := range p.texts {
		id := fmt.Sprint(i)
		clear.Evidence = append(clear.Evidence, incident.Evidence{ID: "E" + id, Excerpt: text,
			Object: incident.Object{Kind: "Pod", Namespace: "shop", Name: "web-" + id}})
		clear.Findings = append(clear.Findings, incident.Finding{ID: "F" + id, Code: "X", Severity: incident.Critical, Title: text,
			Evidence: []string{"E" + id},
			Object:   incident.Object{Kind: "Pod", Namespace: "shop", Name: "web-" + id}})
		clear.NotSeen = append(clear.NotSeen, incident.NotSeen{What: "what " + id, Why: text})
	}
	clear.Causes = []incident.Cause{{ID: "C1", Code: "X", Title: p.texts[0], Reason: p.texts[1], Explains: []string{"F0"}}}
	eyes := &Eyes{Redact: r.String}
	w := worker{ledger: d.ledger}
	s, err := d.Get(t.Context(), "INC-1")
	if err != nil {
		t.Fatal(err)
	}
	told := eyes.told(clear)
	if err := w.diagnosed(t.Context(), s, told); err != nil {
		t.Fatal(err)
	}
	pm := incident.Postmortem{Title: p.texts[2], Summary: strings.Join(p.texts[:60], "\n\n"), Cause: strings.Join(p.texts[60:120], "\n\n")}
	if _, err := d.EditPostmortem(t.Context(), "INC-1", pm, ada); err != nil {
		t.Log(err) // a state in which there is none to edit yet
	}
	if _, err := d.Close(t.Context(), "INC-1", p.texts[3], ben); err != nil {
		t.Fatal(err)
	}
	p.holds(t, "the record", stateFiles(t, d.path))

	model := &listener{}
	(&story.Teller{Model: model, Redact: r.String, Budget: 1 << 20}).Tell(t.Context(), clear, nil)
	p.holds(t, "the prompt", model.heard.String())

	data, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	p.holds(t, "a diagnosis as JSON", string(data))
	captureAll(t, p, r)
}

// receiveAll sends every text as each part of an alert, and opens incidents by titles.
func receiveAll(t *testing.T, d *office, p planted, r *redact.Redactor) {
	t.Helper()
	type m = map[string]any
	var alerts []m
	for _, text := range p.texts {
		alerts = append(alerts, m{"status": "firing", "startsAt": d.clock, "fingerprint": text,
			"labels": m{"alertname": "X", "namespace": "shop", "note": text, text: "x"}, "annotations": m{"summary": text, "description": text}})
	}
	for i := 0; i < len(alerts); i += 50 {
		body, err := json.Marshal(m{"version": "4", "groupKey": "{}:{note=" + fmt.Sprintf("%q", p.texts[i]) + "}",
			"alerts": alerts[i:min(i+50, len(alerts))]})
		if err != nil {
			t.Fatal(err)
		}
		signals, err := webhook.Parse(body, r.String)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Receive(t.Context(), signals); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range p.texts[:40] {
		if _, err := d.Open(t.Context(), incident.Signal{Kind: "command", Fingerprint: text, Title: text, By: ben}); err != nil {
			t.Fatal(err)
		}
	}
}

// stateFiles are the bytes of the state, with what is not in the main file yet.
func stateFiles(t *testing.T, path string) string {
	t.Helper()
	var all bytes.Buffer
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	return all.String()
}

// captureAll serves a cluster whose objects and logs are the corpus, and looks at what check, why and a bundle tell of it.
func captureAll(t *testing.T, p planted, r *redact.Redactor) {
	t.Helper()
	b, err := bundle.Open("../demo/bundles/healthy.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	put := func(group, version, resource string, o map[string]any) {
		k := schema.GroupVersionResource{Group: group, Version: version, Resource: resource}
		b.Objects[k] = append(b.Objects[k], unstructured.Unstructured{Object: o})
	}
	type m = map[string]any
	for i, text := range p.texts {
		name := fmt.Sprintf("planted-%d", i)
		meta := m{"name": name, "namespace": "shop", "uid": name, "annotations": m{"note": text}}
		put("", "v1", "events", m{"apiVersion": "v1", "kind": "Event", "metadata": m{"name": name, "namespace": "shop"}, "type": "Warning",
			"reason": "Failed", "message": text,
			"involvedObject": m{"kind": "Pod", "namespace": "shop", "name": name},
			"lastTimestamp":  b.Manifest.CapturedAt.Format("2006-01-02T15:04:05Z")})
		put("", "v1", "pods", m{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": m{"containers": []any{m{"name": "c", "image": "x",
			"args": []any{text},
			"env":  []any{m{"name": "NOTE", "value": text}}}}}, "status": m{"phase": "Running", "containerStatuses": []any{m{"name": "c",
			"restartCount": int64(9), "ready": false,
			"state": m{"waiting": m{"reason": "CrashLoopBackOff", "message": text}}, "lastState": m{"terminated": m{"exitCode": int64(1),
				"message": text}}}}}})
		put("", "v1", "configmaps", m{"apiVersion": "v1", "kind": "ConfigMap", "metadata": m{"name": name, "namespace": "shop"},
			"data": m{"note": text}})
		b.Logs[bundle.LogKey{Namespace: "shop", Pod: name, Container: "c"}] = []byte(text + "\npanic: out of luck\n")
	}
	for _, manifest := range p.manifests {
		var o m
		if err := yaml.Unmarshal([]byte(manifest), &o); err != nil {
			t.Fatal(err)
		}
		switch o["kind"] {
		case "Pod":
			put("", "v1", "pods", o)
		case "ConfigMap":
			put("", "v1", "configmaps", o)
		case "Node":
			put("", "v1", "nodes", o)
		}
	}
	server := bundle.NewServer(b, bundle.ServerOptions{KeepTimes: true})
	h := httptest.NewServer(server)
	defer func() { server.Close(); h.Close() }()
	reader, err := cluster.New(&rest.Config{Host: h.URL}, "lab")
	if err != nil {
		t.Fatal(err)
	}
	eyes := &Eyes{Reader: reader, Redact: r.String}
	for _, command := range []string{"check", "why"} {
		set := commands.Set{Looker: eyes}
		reply := set.Dispatch(t.Context(), commands.Request{Command: command, Prog: "paramedic", Now: b.Manifest.CapturedAt})
		data, err := json.Marshal(reply.Data)
		if err != nil || reply.Data == nil {
			t.Fatalf("%s: %v: %.200s", command, err, reply.Text)
		}
		p.holds(t, command, string(data)+reply.Text)
	}
	captured, err := eyes.Capture(t.Context(), "", "test", 0)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, list := range captured.Objects {
		data, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	for _, log := range captured.Logs {
		all.Write(log)
	}
	p.holds(t, "a bundle", all.String())
}
