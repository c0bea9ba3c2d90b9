package app_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/demo"
	"github.com/paramedic-bot/paramedic/internal/redact"
)

// asked is what a command prints as JSON, the story aside.
func asked(t *testing.T, command string, eyes *app.Eyes, at time.Time) string {
	t.Helper()
	set := commands.Set{Looker: eyes}
	reply := set.Dispatch(t.Context(), commands.Request{Command: command, Prog: "paramedic", Now: at})
	data, err := json.MarshalIndent(reply.Data, "", " ")
	if err != nil || reply.Data == nil {
		t.Fatalf("%s: %v: %s", command, err, reply.Text)
	}
	return string(data)
}

// What check and why say of a cluster they say of its capture, too, but for the words on what was not seen.
func TestCheckOfABundleIsThatOfTheCluster(t *testing.T) {
	b, err := demo.Broken()
	if err != nil {
		t.Fatal(err)
	}
	server := bundle.NewServer(b, bundle.ServerOptions{KeepTimes: true})
	h := httptest.NewServer(server)
	defer func() { server.Close(); h.Close() }()
	reader, err := cluster.New(&rest.Config{Host: h.URL}, "lab")
	if err != nil {
		t.Fatal(err)
	}
	at := b.Manifest.CapturedAt
	redactor := redact.New()
	live := &app.Eyes{Reader: reader, Redact: redactor.String, Now: func() time.Time { return at }}
	captured, err := live.Capture(t.Context(), "", "test", 0)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.tar.zst")
	if _, err := captured.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	opened, err := app.OpenBundle(path, redactor.String)
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"check", "why"} {
		want, got := asked(t, command, live, at), asked(t, command, opened, at)
		var a, b map[string]any
		if err := json.Unmarshal([]byte(want), &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(got), &b); err != nil {
			t.Fatal(err)
		}
		delete(a, "notSeen")
		delete(b, "notSeen")
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s, -live +bundle:\n%s", command, diff)
		}
	}
}

// The same evidence gives the same bytes, in whatever order it came.
func TestOrderDoesNotShow(t *testing.T) {
	want := ""
	for range 5 {
		b, err := demo.Broken()
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range b.Objects {
			rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		}
		got := asked(t, "why", &app.Eyes{Bundle: b, Lookups: true}, b.Manifest.CapturedAt)
		if want == "" {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("in another order:\n%s", diff)
		}
	}
}
