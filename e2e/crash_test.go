//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
	"github.com/paramedic-bot/paramedic/internal/trial"
)

// fatal are the events of a recovery after which a bot is killed, in their order.
var fatal = []string{"SignalReceived", "DiagnosisMade", "PlanProposed", "PlanApproved", "StepIntended", "StepDone", "VerificationSampled", "Verified"}

// TestCrashOnTheLab mends the sample of cases while the bot of each is killed again and again and started anew: PARAMEDIC_LAB_KILLS times in
// all, each some moments after an event, drawn by chance. All are mended, nothing is lost, done twice or said twice, and nobody has to be
// asked what was done.
func TestCrashOnTheLab(t *testing.T) {
	kills, _ := strconv.Atoi(os.Getenv("PARAMEDIC_LAB_KILLS"))
	if kills == 0 {
		t.Skip("PARAMEDIC_LAB_KILLS says how often; run make crash-lab")
	}
	each := (kills + len(sample) - 1) / len(sample)
	if each > len(fatal) {
		t.Fatalf("at most %d kills, %d in each of %d cases", len(fatal)*len(sample), len(fatal), len(sample))
	}
	l := theLab(t)
	h, err := l.hospital(t)
	if err != nil {
		t.Fatal(err)
	}
	seed, _ := strconv.ParseUint(os.Getenv("PARAMEDIC_CRASH_SEED"), 10, 64)
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	h.killer = &killer{each: each, draw: rand.New(rand.NewPCG(seed, 0)), after: map[string]int{}}
	cases := slices.DeleteFunc(slices.Clone(h.cases), func(c eval.Case) bool { return !slices.Contains(sample, c.Name) })
	results, err := trial.Plan{Parallel: len(sample), Run: h.treat, Finished: func(r eval.Result) { t.Log(account(r)) }}.All(t.Context(), cases)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if !r.Mended() {
			t.Error(account(r))
		}
	}
	n, rows := 0, ""
	for _, event := range fatal {
		n += h.killer.after[event]
		rows += fmt.Sprintf("| after %s | %d |\n", event, h.killer.after[event])
	}
	if n < kills {
		t.Errorf("killed %d times, want %d", n, kills)
	}
	t.Logf("seed %d: %d kills in %d recoveries, %d writes of %d steps\n| killed | times |\n|---|---|\n%s", seed, n, len(results), h.killer.writes,
		h.killer.steps, rows)
}

// killer kills bots.
type killer struct {
	each int // how often in each recovery

	mu            sync.Mutex
	draw          *rand.Rand
	after         map[string]int // kills, by the event before
	steps, writes int
}

// deed is one kill that is to come.
type deed struct {
	after string // an event
	wait  time.Duration
}

// deeds are drawn for one recovery.
func (k *killer) deeds() []deed {
	k.mu.Lock()
	defer k.mu.Unlock()
	chosen := k.draw.Perm(len(fatal))[:k.each]
	slices.Sort(chosen)
	var out []deed
	for _, i := range chosen {
		out = append(out, deed{fatal[i], time.Duration(k.draw.IntN(150)) * time.Millisecond})
	}
	return out
}

// follow kills a bot until all that is drawn for it is done. The function that it returns waits for that, and says what was harmed.
func (k *killer) follow(ctx context.Context, m *medic) func() error {
	if k == nil {
		return func() error { return nil }
	}
	var wrong error
	var all sync.WaitGroup
	all.Go(func() {
		for _, d := range k.deeds() {
			if wrong = m.recorded(ctx, d.after); wrong != nil {
				return
			}
			time.Sleep(d.wait)
			m.kill()
			k.mu.Lock()
			k.after[d.after]++
			k.mu.Unlock()
			if wrong = m.start(); wrong != nil {
				return
			}
		}
	})
	return func() error {
		if all.Wait(); wrong != nil {
			return wrong
		}
		steps, err := m.unharmed(ctx)
		k.mu.Lock()
		defer k.mu.Unlock()
		k.steps, k.writes = k.steps+steps, k.writes+m.see.written()
		return err
	}
}

// recorded waits until an event is in the record of the first incident.
func (m *medic) recorded(ctx context.Context, event string) error {
	var r *store.Reader
	for end := time.Now().Add(10 * time.Minute); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(2 * time.Millisecond) {
		if r == nil {
			r, _ = store.OpenReadOnly(ctx, m.state)
			continue
		}
		events, err := r.Load(ctx, "incident/INC-1", 0)
		if err == nil && slices.ContainsFunc(events, func(e store.Event) bool { return e.Type == event }) {
			return r.Close()
		}
	}
	return fmt.Errorf("no %s within ten minutes", event)
}

// unharmed says what a killed bot has lost, done twice or said twice; and how many steps are done.
func (m *medic) unharmed(ctx context.Context) (steps int, err error) {
	if _, err = m.await(ctx, time.Minute, "a postmortem", func(s *incident.State) bool { return s.Postmortem != nil }); err != nil {
		return 0, err
	}
	r, err := store.OpenReadOnly(ctx, m.state)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	all, _, err := app.NewJournal(r).List(ctx, 10)
	if err != nil || len(all) != 1 {
		return 0, fmt.Errorf("%d incidents, want 1: %w", len(all), err)
	}
	var wrong []string
	done := map[string]bool{}
	for _, e := range all[0].Log {
		switch e := e.Event.(type) {
		case incident.StepUnclear:
			wrong = append(wrong, fmt.Sprintf("nobody knows whether step %s was done: %s", e.Step, e.Detail))
		case incident.StepDone:
			if id := e.PlanHash + " " + e.Step; e.Outcome == incident.StepFailed || done[id] {
				wrong = append(wrong, fmt.Sprintf("step %s failed, or ended twice: %s", e.Step, e.Detail))
			} else if done[id] = true; e.Outcome == incident.StepOK {
				steps++
			}
		}
	}
	if n := m.see.written(); n > steps {
		wrong = append(wrong, fmt.Sprintf("%d steps wrote %d times", steps, n))
	}
	seen, roots := map[string]bool{}, 0
	for _, root := range m.slack.Messages(channel) {
		if root.Metadata == nil || root.ThreadTS != "" {
			continue
		}
		roots++
		for _, said := range m.slack.Thread(channel, root.TS) {
			if slot := string(said.Metadata); said.Metadata != nil && seen[slot] {
				wrong = append(wrong, "said twice: "+slot)
			} else {
				seen[slot] = true
			}
		}
	}
	if roots != 1 {
		wrong = append(wrong, fmt.Sprintf("%d messages begin threads, want 1", roots))
	}
	if out, err := m.run(ctx, "audit", "verify", "--state", m.state); err != nil {
		wrong = append(wrong, fmt.Sprintf("audit verify: %v: %s", err, out))
	}
	if len(wrong) > 0 {
		return steps, fmt.Errorf("harmed: %s", strings.Join(wrong, "; "))
	}
	return steps, nil
}
