//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// killPoints are the events of the run after each of which the bot is killed, at once.
var killPoints = []string{"SignalReceived", "DiagnosisMade", "Recalled", "PlanProposed", "PlanApproved",
	"StepIntended", "StepDone 1", "StepDone 2", "StepDone 3", "VerificationSampled"}

// killed goes through the founding incident a second time; the bot is killed ten times, started again each time, and nothing is lost, done
// twice or said twice. What was published the first time is found.
func killed(t *testing.T, b *bot) {
	before := len(b.incidents(t))
	writes := b.generation(t)
	b.run(t, "fault", "resurrection")
	notReady(t, b.lab)
	began := time.Now()

	next := 0
	killer := func(until string) {
		t.Helper()
		for next < len(killPoints) {
			point := killPoints[next]
			b.awaitEvent(t, point, before)
			b.kill()
			t.Logf("killed after %s (%d of %d)", point, next+1, len(killPoints))
			b.start(t)
			next++
			if point == until {
				return
			}
		}
	}
	b.alert(t, began, true)
	killer("PlanProposed")
	b.connected(t)
	all := b.roots()
	root := all[len(all)-1].TS
	b.thread(t, 4*time.Minute, root, "Seen before")
	s := b.incident(t, time.Minute, "similar incidents of the past", func(s *incident.State) bool {
		return len(s.Similar) > 0 &&
			s.Plan != nil
	})
	if !slices.ContainsFunc(s.Similar, func(m incident.Similar) bool { return len(m.Worked) > 0 && slices.Contains(m.Shared, "DNSLoop") }) {
		t.Errorf("the first run's postmortem, with what worked, is not among %+v", s.Similar)
	}
	approve(t, b, ada, root)
	b.thread(t, time.Minute, root, "in the terminal")
	approveInTerminal(t, b, s)
	killer("VerificationSampled")
	s = b.incident(t, 12*time.Minute, "resolved", func(s *incident.State) bool { return !s.ResolvedAt.IsZero() })
	b.alert(t, began, false)
	mended(t, b.lab)
	once(t, s)

	if n := len(b.incidents(t)); n != before+1 {
		t.Errorf("%d incidents, want %d", n, before+1)
	}
	if n := len(b.roots()); n != before+1 {
		t.Errorf("%d incident messages in the channel, want %d", n, before+1)
	}
	b.saidOnce(t, root)
	after := b.generation(t)
	for object, n := range after {
		ran := 0
		for _, r := range s.Log {
			e, ok := r.Event.(incident.StepDone)
			if !ok || e.Outcome != incident.StepOK {
				continue
			}
			if o := s.Plan.Step(e.Step).Target.Object; o.Kind != "ConfigMap" && o.Namespace+"/"+o.Name == object {
				ran++
			}
		}
		if n-writes[object] != ran {
			t.Errorf("%s was changed %d times by %d steps", object, n-writes[object], ran)
		}
	}
	if next != len(killPoints) {
		t.Errorf("killed %d times, want %d", next, len(killPoints))
	}
	if out, code := b.paramedic(t, "audit", "verify", "--state", b.state); code != 0 {
		t.Errorf("audit verify: exit %d\n%s", code, out)
	}
}

// approveInTerminal says the second yes with the lab's own kubeconfig, after a bot's was refused.
func approveInTerminal(t *testing.T, b *bot, s *incident.State) {
	t.Helper()
	if out, code := b.paramedic(t, "approve", "--config", b.config, "--kubeconfig", filepath.Join(b.dir, "kubeconfig"), s.ID,
		s.Plan.Hash); code == 0 || !strings.Contains(out, "account of a program") {
		t.Fatalf("as the bot itself: exit %d\n%s", code, out)
	}
	out, code := b.paramedic(t, "approve", "--config", b.config, s.ID)
	if code != 0 || !strings.Contains(out, s.Plan.Hash[:12]) || !strings.Contains(out, "+    forward . ") {
		t.Fatalf("the plan in the terminal: exit %d\n%s", code, out)
	}
	if out, code := b.paramedic(t, "approve", "--config", b.config, s.ID, s.Plan.Hash[:12]); code != 0 {
		t.Fatalf("exit %d\n%s", code, out)
	}
}

// generation of every Deployment and StatefulSet: the API server counts changes of their spec.
func (b *bot) generation(t *testing.T) map[string]int {
	t.Helper()
	out := map[string]int{}
	for line := range strings.Lines(b.kubectl(t, "get", "deployments,statefulsets", "-A", "-o",
		`jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {.metadata.generation}{"\n"}{end}`)) {
		var name string
		var n int
		if _, err := fmt.Sscan(line, &name, &n); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		out[name] = n
	}
	return out
}

// awaitEvent watches the newest incident's record, beside the running bot, until the event is there.
func (b *bot) awaitEvent(t *testing.T, point string, before int) {
	t.Helper()
	typ, step, _ := strings.Cut(point, " ")
	r, err := store.OpenReadOnly(t.Context(), b.state)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for end := time.Now().Add(8 * time.Minute); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		events, err := r.Load(t.Context(), fmt.Sprintf("incident/INC-%d", before+1), 0)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(events, func(e store.Event) bool {
			return e.Type == typ && (step == "" || strings.Contains(string(e.Data), `"step":"`+step+`"`))
		}) {
			return
		}
	}
	t.Fatalf("no %s within eight minutes", point)
}

// saidOnce: no message of the thread stands there twice.
func (b *bot) saidOnce(t *testing.T, root string) {
	t.Helper()
	seen := map[string]bool{}
	for _, m := range b.slack.Thread(channel, root) {
		if m.Metadata == nil {
			continue
		}
		if slot := string(m.Metadata); seen[slot] {
			t.Errorf("said twice: %s", slot)
		} else {
			seen[slot] = true
		}
	}
}
