//go:build bench

package bench_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// The load of a bad night: alerts, while people ask and press.
const (
	loadAlerts = 1000 // a second
	loadFor    = 10 * time.Second
	loadPeople = 50
	ackBefore  = time.Second // the 99th percentile; Slack gives three seconds
)

// crowded is a workspace of many people.
func crowded() []slackemu.User {
	users := []slackemu.User{{ID: ada, Name: "ada", RealName: "Ada"}}
	for i := range loadPeople {
		users = append(users, slackemu.User{ID: person(i), Name: fmt.Sprint("person", i)})
	}
	return users
}

func person(i int) string { return fmt.Sprintf("U0P%03d", i) }

// TestSlackLoad posts a thousand alerts a second at the built program while fifty people ask and press, by each way in which Slack reaches it.
func TestSlackLoad(t *testing.T) {
	for _, way := range []string{"Socket Mode", "HTTP"} {
		t.Run(way, func(t *testing.T) { loadBy(t, way) })
	}
}

func loadBy(t *testing.T, way string) {
	b := startBotBy(t, filepath.Join(t.TempDir(), "state.db"), way, crowded())
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	if status := b.post(t.Context(), client, message("first", 0, 1)); status != http.StatusAccepted {
		t.Fatalf("status %d", status)
	}
	again := b.lookAgain(t)
	alerts := make(chan flooded)
	go func() { alerts <- paced(t.Context(), b, client) }()
	clicks := b.clicking(t, again)
	f := <-alerts
	waitFor(t, b.slack, time.Minute, func(n slackemu.Snapshot) bool { came, _ := clicks.answers(n); return came == clicks.asked })
	came, doubled := clicks.answers(b.slack.Snapshot())
	recordedAlerts, incidents := recorded(t, b.state, "load")
	figure("slack by %s: %d alerts of their own for %v: %.0f a second accepted, %d refused, %d recorded in %d incidents, %d lost, p99 %v",
		way, f.accepted+f.refused, loadFor, float64(f.accepted)/loadFor.Seconds(), f.refused, recordedAlerts, incidents,
		f.accepted-recordedAlerts, percentile(f.took, .99))
	figure("slack by %s: %d people meanwhile: %d commands and %d presses sent, %d acknowledged, %d answers lost, %d doubled, p50 %v, p99 %v",
		way, loadPeople, clicks.asked, clicks.pressed, len(clicks.took), clicks.asked-came, doubled, percentile(clicks.took, .5),
		percentile(clicks.took, .99))
	if lost := f.accepted - recordedAlerts; lost > 0 || f.refused > 0 || came < clicks.asked || doubled > 0 ||
		len(clicks.took) != clicks.asked+clicks.pressed || percentile(clicks.took, .99) > ackBefore {
		t.Errorf("want none lost, doubled or refused, and p99 within %v", ackBefore)
	}
}

// shown is a button of a message in the channel.
type shown struct{ ts, action string }

// lookAgain waits for an incident's message that can be looked at again.
func (b *bot) lookAgain(t *testing.T) (found shown) {
	t.Helper()
	waitFor(t, b.slack, time.Minute, func(n slackemu.Snapshot) bool {
		for _, m := range n.Messages(channel) {
			for _, e := range m.Elements() {
				if e.Label == "Look again" {
					found = shown{m.TS, e.ActionID}
				}
			}
		}
		return found.ts != ""
	})
	if found.ts == "" {
		t.Fatalf("no incident can be looked at again:\n%s", b.slack.Transcript())
	}
	return found
}

// paced posts one alert a message at the rate of the load, from as many senders as that takes.
func paced(ctx context.Context, b *bot, client *http.Client) (f flooded) {
	var mu sync.Mutex
	var all sync.WaitGroup
	due, began := make(chan int, loadAlerts), time.Now()
	for range 64 {
		all.Go(func() {
			for n := range due {
				body, sent := message("load", n, 1), time.Now()
				status := b.post(ctx, client, body)
				mu.Lock()
				f.took = append(f.took, time.Since(sent))
				if status == http.StatusAccepted {
					f.accepted++
				} else {
					f.refused++
				}
				mu.Unlock()
			}
		})
	}
	for n := 0; time.Since(began) < loadFor; n++ {
		time.Sleep(time.Until(began.Add(time.Duration(n) * time.Second / loadAlerts)))
		due <- n // waits where the machine gives less
	}
	close(due)
	all.Wait()
	return f
}

// clicks is what people did, and how long each was waiting for the acknowledgement.
type clicks struct {
	asked, pressed int
	by             map[string]int // commands, by person
	took           []time.Duration
}

// clicking has every person ask or press twice a second while the load lasts.
func (b *bot) clicking(t *testing.T, again shown) (c clicks) {
	c.by = map[string]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	until := time.Now().Add(loadFor)
	for i := range loadPeople {
		all.Go(func() {
			time.Sleep(time.Duration(i) * 500 * time.Millisecond / loadPeople)
			for n := 0; time.Now().Before(until); n++ {
				sent, presses := time.Now(), n%4 == 3
				var err error
				if presses {
					err = b.slack.Press(t.Context(), person(i), channel, again.ts, again.action)
				} else {
					err = b.slack.Command(t.Context(), person(i), channel, "/medic", "checks PodCrashLoop")
				}
				took := time.Since(sent)
				mu.Lock()
				if err == nil {
					c.took = append(c.took, took)
				} else {
					t.Logf("%s: %v", person(i), err)
				}
				if presses {
					c.pressed++
				} else {
					c.asked++
					c.by[person(i)]++
				}
				mu.Unlock()
				time.Sleep(500*time.Millisecond - took)
			}
		})
	}
	all.Wait()
	return c
}

// answers counts those that came to the commands of each person, no more than that person gave, and those beyond.
func (c clicks) answers(n slackemu.Snapshot) (came, doubled int) {
	for who, asked := range c.by {
		got := 0
		for _, m := range n.Ephemerals(who) {
			if strings.Contains(m.Plain(), "PodCrashLoop") {
				got++
			}
		}
		came += min(got, asked)
		doubled += max(0, got-asked)
	}
	return came, doubled
}
