//go:build bench

package bench_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/story"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/incident/incidenttest"
	"github.com/paramedic-bot/paramedic/internal/snapshot/snapshottest"
)

// measured runs f and says how long it took, what it allocated, and what of that is held afterwards.
func measured(f func()) (took time.Duration, allocated, held uint64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	f()
	took = time.Since(began)
	runtime.ReadMemStats(&after)
	allocated = after.TotalAlloc - before.TotalAlloc
	runtime.GC()
	runtime.ReadMemStats(&after)
	if after.HeapAlloc > before.HeapAlloc {
		held = after.HeapAlloc - before.HeapAlloc
	}
	return took, allocated, held
}

func mib(n uint64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
func kib(n int) string    { return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10)) }

// TestBenchOutage makes outages, diagnoses them, and tells them: the event can be recorded, the first three causes are named, the messages
// are bounded, and nothing grows with the square of the pods.
func TestBenchOutage(t *testing.T) {
	for _, c := range []struct{ pods, reasons int }{{500, 50}, {5000, 500}, {5000, 1}, {50_000, 5000}} {
		s := snapshottest.Outage(c.pods, c.reasons)
		var d, whole, told *incident.Diagnosis
		diagnosed, allocated, held := measured(func() { d = diagnosis.Diagnose(s, diagnosis.Scope{}) })
		folded, foldAllocated, _ := measured(func() { whole, told = incident.Number(d) })
		again, _, _ := measured(func() { incident.Number(d, told, whole) })
		event, err := incident.Encode(incident.DiagnosisMade{Diagnosis: *told})
		if err != nil || len(event) > incident.MaxDiagnosis+1024 {
			t.Errorf("the event has %d bytes, %v", len(event), err)
		}
		blob, err := incident.Pack(whole)
		if err != nil {
			t.Fatal(err)
		}
		unfolded, _ := json.Marshal(d)
		var messages []commands.Message
		tell := story.Template(told, nil)
		rendered, _, _ := measured(func() { messages = commands.IncidentMessages(thread(told, tell), s.At.Add(time.Minute)) })
		longest := 0
		for _, m := range messages {
			longest = max(longest, len(commands.Plain(m.Reply)))
		}
		for _, problem := range incidenttest.Unresolved(told, &tell) {
			t.Error(problem)
		}
		channel := commands.Plain(messages[0].Reply)
		for _, x := range told.Causes[:min(3, len(told.Causes))] {
			if !strings.Contains(channel, x.Objects[0].Name) {
				t.Errorf("the channel does not name %s, at fault in %q", x.Objects[0], x.Title)
			}
		}
		total := told.Total()
		figure("outage of %d pods for %d reasons: %d causes, %d findings; diagnosed in %s (allocated %s, held %s), folded in %s (allocated "+
			"%s), in the next look %s; "+
			"whole %s, packed %s, event %s; told in %s, longest message %d characters",
			c.pods, c.reasons, total.Causes, total.Findings, diagnosed.Round(time.Millisecond), mib(allocated), mib(held),
			folded.Round(time.Millisecond), mib(foldAllocated),
			again.Round(time.Millisecond), kib(len(unfolded)), kib(len(blob)), kib(len(event)), rendered.Round(time.Millisecond), longest)
		if limit := time.Duration(c.pods) * 4 * time.Millisecond; diagnosed+folded > max(limit, 5*time.Second) {
			t.Errorf("%d pods took %s", c.pods, diagnosed+folded)
		}
	}
}

// thread is an incident that has been diagnosed and told.
func thread(d *incident.Diagnosis, s incident.Story) *incident.State {
	var log []incident.Recorded
	for i, e := range []incident.Event{incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Title: "KubePodCrashLooping",
		Status: incident.Firing, Fingerprint: "a"}},
		incident.DiagnosisMade{Diagnosis: *d}, incident.Recalled{}, incident.StoryTold{Story: s}} {
		log = append(log, incident.Recorded{Version: i + 1, At: d.At.Add(time.Duration(i) * time.Second), Event: e})
	}
	return incident.Fold("INC-1", log)
}
