//go:build bench

package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// The goals, on a machine of two cores; with synchronous=FULL, which the store always uses.
const (
	manyAlerts  = 5000
	history     = 10000
	manyWithin  = 2 * time.Second
	floodFor    = 10 * time.Second
	floodWithin = 250 * time.Millisecond // the 99th percentile
	floodGrowth = 1.5                    // of memory, from the second second to the last
)

// message is an Alertmanager message of n alerts, each of its own fingerprint, as the usual rules write them.
func message(kind string, from, n int) []byte {
	type m = map[string]any
	var alerts []m
	for i := from; i < from+n; i++ {
		pod := fmt.Sprintf("web-%s-%d", kind, i)
		alerts = append(alerts, m{"status": "firing", "startsAt": time.Now().UTC(), "fingerprint": fmt.Sprintf("%s%012x", kind, i),
			"labels": m{"alertname": "KubePodCrashLooping", "namespace": "shop", "pod": pod, "container": "web", "severity": "warning",
				"uid": fmt.Sprintf("%032x", i)},
			"annotations": m{"summary": "Pod is crash looping.", "description": "Pod shop/" + pod +
				` (web) is in waiting state (reason: "CrashLoopBackOff") on cluster founding.`,
				"runbook_url": "https://runbooks.prometheus-operator.dev/runbooks/kubernetes/kubepodcrashlooping"}})
	}
	body, err := json.Marshal(m{"version": "4", "groupKey": "{}:{alertname=\"KubePodCrashLooping\", n=\"" + kind + "\"}", "status": "firing",
		"alerts": alerts})
	if err != nil {
		panic(err)
	}
	return body
}

// withHistory makes a state with closed incidents, as a program would have left it that kept no projection.
func withHistory(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var writes []store.Write
	for i := 1; i <= n; i++ {
		at := time.Now().Add(-time.Duration(n-i+100) * time.Minute)
		w := store.Write{Stream: fmt.Sprintf("incident/INC-%d", i)}
		for _, e := range []incident.Event{
			incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: fmt.Sprintf("old%d", i),
				Title: "KubePodCrashLooping"}},
			incident.DiagnosisMade{Diagnosis: incident.Diagnosis{At: at, Cluster: "founding",
				Causes: []incident.Cause{{ID: "C1", Code: "ContainerCrash", Title: "It crashed", Explains: []string{"F1"},
					Objects: []incident.Object{{Kind: "Deployment", Namespace: "shop", Name: "web"}}}},
				Findings: []incident.Finding{{ID: "F1", Code: "ContainerCrash", Severity: incident.Critical}}}},
			incident.Closed{By: incident.Person{ID: "U0ADA", Name: "Ada"}},
		} {
			data, err := incident.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			w.Events = append(w.Events, store.NewEvent{Type: incident.EventType(e), TypeVersion: incident.EventVersion, At: at, Data: data})
		}
		if writes = append(writes, w); len(writes) == 1000 || i == n {
			if err := s.Append(t.Context(), writes...); err != nil {
				t.Fatal(err)
			}
			writes = nil
		}
	}
	return path
}

// recorded counts the fingerprints of a kind that the state has, and the incidents that they went to.
func recorded(t *testing.T, path, kind string) (alerts, incidents int) {
	t.Helper()
	r, err := store.OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	streams, err := r.Streams(t.Context(), "incident/")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range streams {
		events, err := r.Load(t.Context(), s.Stream, 0)
		if err != nil {
			t.Fatal(err)
		}
		here := false
		for _, e := range events {
			var signal incident.SignalReceived
			if e.Type != "SignalReceived" || json.Unmarshal(e.Data, &signal) != nil {
				continue
			}
			if f := signal.Signal.Fingerprint; len(f) > len(kind) && f[:len(kind)] == kind {
				seen[f], here = true, true
			}
		}
		if here {
			incidents++
		}
	}
	return len(seen), incidents
}

// TestAlerts posts a message of 5,000 alerts with 10,000 closed incidents behind, and then one alert a message as fast as the machine goes.
func TestAlerts(t *testing.T) {
	path := withHistory(t, history)
	began := time.Now()
	b := startBot(t, path)
	figure("start with %d closed incidents whose projections must be made: %v", history, time.Since(began).Round(time.Millisecond))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

	began = time.Now()
	if status := b.post(t.Context(), client, message("m", 0, manyAlerts)); status != http.StatusAccepted {
		t.Fatalf("%d alerts in one message: status %d", manyAlerts, status)
	}
	took := time.Since(began)
	alerts, incidents := recorded(t, path, "m")
	figure("%d alerts in one message, %d closed incidents behind: %v, %d recorded, in %d incidents", manyAlerts, history,
		took.Round(time.Millisecond), alerts, incidents)
	if alerts != manyAlerts || took > manyWithin {
		t.Errorf("want all recorded within %v", manyWithin)
	}

	f := flood(t, b, client)
	slices.Sort(f.took)
	p := func(q float64) time.Duration {
		return f.took[int(q*float64(len(f.took)-1))].Round(100 * time.Microsecond)
	}
	alerts, incidents = recorded(t, path, "f")
	figure("one alert a message for %v, 32 senders: %d accepted (%.0f a second), %d refused, %d recorded, in %d incidents; median %v, p99 "+
		"%v, most %v",
		floodFor, f.accepted, float64(f.accepted)/floodFor.Seconds(), f.refused, alerts, incidents, p(0.5), p(0.99), p(1))
	_, most := b.resident(t)
	figure("memory while that went on: %.0f MB after 2 s, %.0f MB at the end, %.0f MB at most", f.early, f.late, most)
	if f.refused > 0 || alerts < f.accepted || p(0.99) > floodWithin {
		t.Errorf("want none lost or refused, and p99 within %v", floodWithin)
	}
	if f.late > f.early*floodGrowth {
		t.Errorf("memory grows: want at most %.1f times", floodGrowth)
	}
}

type flooded struct {
	accepted, refused int
	took              []time.Duration
	early, late       float64
}

// flood posts alerts, each in a message of its own and with a fingerprint of its own, from 32 senders.
func flood(t *testing.T, b *bot, client *http.Client) (f flooded) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), floodFor)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	next := 0
	for range 32 {
		all.Go(func() {
			for {
				mu.Lock()
				n := next
				next++
				mu.Unlock()
				body := message("f", n, 1)
				began := time.Now()
				if ctx.Err() != nil {
					return
				}
				status := b.post(context.WithoutCancel(ctx), client, body)
				mu.Lock()
				f.took = append(f.took, time.Since(began))
				if status == http.StatusAccepted {
					f.accepted++
				} else {
					f.refused++
				}
				mu.Unlock()
			}
		})
	}
	time.Sleep(2 * time.Second)
	f.early, _ = b.resident(t)
	all.Wait()
	f.late, _ = b.resident(t)
	return f
}
