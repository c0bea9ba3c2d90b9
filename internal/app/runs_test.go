package app_test

import (
	"context"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// answering answers every query, or has nothing to say.
type answering bool

func (a answering) Query(context.Context, string) (float64, bool, error) { return 7, bool(a), nil }

// The checks run once in a look, and once more only where a probe was answered.
func TestTheChecksRunOnceInALook(t *testing.T) {
	began := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	crashing := unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"namespace": "shop", "name": "web", "uid": "1", "creationTimestamp": began},
		"spec":     map[string]any{"nodeName": "n1", "containers": []any{map[string]any{"name": "main", "image": "shop/web:1"}}},
		"status": map[string]any{"phase": "Running", "containerStatuses": []any{map[string]any{
			"name": "main", "restartCount": int64(9), "state": map[string]any{"waiting": map[string]any{"reason": "CrashLoopBackOff"}},
			"lastState": map[string]any{"terminated": map[string]any{"exitCode": int64(1), "startedAt": began, "finishedAt": began}}}}},
	}}
	b := &bundle.Bundle{Manifest: bundle.Manifest{CapturedAt: time.Now()},
		Objects: map[schema.GroupVersionResource][]unstructured.Unstructured{}}
	for _, k := range snapshot.Kinds {
		b.Objects[k.GroupVersionResource] = nil
	}
	b.Objects[schema.GroupVersionResource{Version: "v1", Resource: "pods"}] = []unstructured.Unstructured{crashing}
	server := bundle.NewServer(b, bundle.ServerOptions{})
	h := httptest.NewServer(server)
	defer func() { server.Close(); h.Close() }()
	reader, err := cluster.New(&rest.Config{Host: h.URL}, "lab")
	if err != nil {
		t.Fatal(err)
	}
	var runs atomic.Int32
	before := checks.All
	defer func() { checks.All = before }()
	checks.All = append(checks.All[:len(before):len(before)], finding.Check{Name: "counting", Run: func(*snapshot.Snapshot,
		*finding.Report) {
		runs.Add(1)
	}})
	for name, c := range map[string]struct {
		eyes *app.Eyes
		want int32
	}{
		"no probe is taken":      {&app.Eyes{Reader: reader}, 1},
		"no probe is answered":   {&app.Eyes{Reader: reader, Lookups: true, Metrics: answering(false)}, 1},
		"a probe was answered":   {&app.Eyes{Reader: reader, Lookups: true, Metrics: answering(true)}, 2},
		"what a bundle captured": {&app.Eyes{Bundle: b, Lookups: true}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for door, look := range map[string]func() (*incident.Diagnosis, error){
				"Look": func() (*incident.Diagnosis, error) { return c.eyes.Look(t.Context(), "") },
				"LookAt": func() (*incident.Diagnosis, error) {
					return c.eyes.LookAt(t.Context(), incident.Asked{Words: []string{"shop", "web"}})
				},
			} {
				runs.Store(0)
				d, err := look()
				if err != nil || len(d.Findings) == 0 {
					t.Fatalf("%s: %v, %v", door, d, err)
				}
				if got := runs.Load(); got != c.want {
					t.Errorf("%s ran the checks %d times, want %d", door, got, c.want)
				}
			}
		})
	}
}
