//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// report is what `why -o json` prints, as far as these tests read it.
type report struct {
	Wrong    bool
	Causes   []incident.Cause
	Findings []incident.Finding
	Evidence []incident.Evidence
}

func (l lab) why(t *testing.T) (report, int) {
	t.Helper()
	out, code := l.paramedic(t, "why", "-o", "json", "--host-root", l.hostRoot, "--node", node)
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("why -o json: %v\n%s", err, out)
	}
	return r, code
}

// TestTheFoundingIncident is the whole loop twice: the first time by the book, with three approvers of whom two say yes; the second with
// one approver, whose second yes is given in the terminal, and the bot killed ten times over.
func TestTheFoundingIncident(t *testing.T) {
	l := theLab(t)
	l.run(t, "apps")
	l.healthy(t)
	t.Run("a healthy cluster is quiet", func(t *testing.T) { quiet(t, l) })

	b := newBot(t, l, 30*time.Second, false)
	b.start(t)
	b.connected(t)
	b.keeps(t)
	if !t.Run("by the book, in a company", func(t *testing.T) { byTheBook(t, b) }) {
		t.FailNow()
	}
	l.healthy(t)
	b.keeps(t)
	b.approvers(home...) // which takes effect while the bot runs
	t.Run("killed ten times, at home", func(t *testing.T) { killed(t, b) })
}

// quiet: nothing of severity warning or more.
func quiet(t *testing.T, l lab) {
	// What crashed in an earlier test is forgiven after a while; a fresh lab is quiet at once.
	var r report
	var code int
	eventually(t, 3*time.Minute, "a quiet check", func() bool { r, code = l.why(t); return !r.Wrong })
	for _, f := range r.Findings {
		if f.Severity.Rank() >= incident.Warning.Rank() {
			t.Errorf("%s %s: %s", f.Severity, f.Code, f.Title)
		}
	}
	if code != 0 {
		t.Errorf("exit %d, want 0", code)
	}
}

func byTheBook(t *testing.T, b *bot) {
	b.run(t, "fault", "resurrection")
	notReady(t, b.lab)
	began := time.Now()
	t.Run("why names both roots first", func(t *testing.T) { roots(t, b.lab) })

	b.alert(t, began, true)
	root := theThread(t, b)
	b.thread(t, time.Minute, root, "CoreDNS", node)
	s := b.incident(t, 3*time.Minute, "told, and a plan proposed", func(s *incident.State) bool { return s.Story != nil && s.Plan != nil })
	cited(t, s)
	t.Logf("told by %s: %s", s.Story.By, s.Story.Note)
	steps(t, s.Plan)

	t.Run("who may not, may not", func(t *testing.T) {
		b.press(t, ben, root, "Open the plan")
		told(t, b, ben, "whoever approves it")
		if err := b.slack.Command(t.Context(), ben, channel, "/medic", "approve "+s.ID+" "+s.Plan.Hash); err != nil {
			t.Fatal(err)
		}
		told(t, b, ben, "not among the approvers")
		if err := b.slack.Command(t.Context(), cleo, channel, "/medic", "approve "+s.ID+" "+s.Plan.Hash); err != nil {
			t.Fatal(err)
		}
		told(t, b, cleo, "viewer")
		if s := b.incidents(t)[0]; s.Approval() != nil {
			t.Fatalf("approved by %s", s.Approval().By.Name)
		}
	})

	approve(t, b, ada, root)
	b.thread(t, time.Minute, root, "It needs another person’s approval, too")
	if s := b.incidents(t)[0]; s.Running() || s.ApprovalValid(time.Now()) {
		t.Fatalf("one approval of two runs it: %+v", s.Approvals)
	}
	approve(t, b, dora, root)
	s = b.incident(t, 12*time.Minute, "resolved", func(s *incident.State) bool { return !s.ResolvedAt.IsZero() })
	mended(t, b.lab)
	once(t, s)
	b.alert(t, began, false)
	publish(t, b, root)
	if out, code := b.paramedic(t, "audit", "verify", "--state", b.state); code != 0 {
		t.Errorf("audit verify: exit %d\n%s", code, out)
	}
	if n := len(b.incidents(t)); n != 1 {
		t.Errorf("%d incidents, want one", n)
	}
	if r := b.slack.Refusals(); len(r) > 0 {
		t.Errorf("Slack refused %v", r)
	}
}

// roots: right causes first, by the program alone.
func roots(t *testing.T, l lab) {
	r, code := l.why(t)
	if code != 1 || len(r.Causes) < 2 {
		t.Fatalf("exit %d, %d causes", code, len(r.Causes))
	}
	dns := slices.IndexFunc(r.Causes[:2], func(c incident.Cause) bool { return c.Code == "DNSLoop" })
	cni := slices.IndexFunc(r.Causes[:2], func(c incident.Cause) bool { return c.Code == "NodeCNIMissing" })
	if dns < 0 || cni < 0 {
		t.Fatalf("the first two causes are %s and %s", r.Causes[0].Title, r.Causes[1].Title)
	}
	if o := (incident.Object{Kind: "ConfigMap", Namespace: "kube-system", Name: "coredns"}); !slices.Contains(r.Causes[dns].Objects, o) {
		t.Errorf("%v is not at fault for the loop, but %v", o, r.Causes[dns].Objects)
	}
	if o := (incident.Object{Kind: "Node", Name: node}); !slices.Contains(r.Causes[cni].Objects, o) {
		t.Errorf("%v is not at fault for the lost CNI configuration, but %v", o, r.Causes[cni].Objects)
	}
	if !slices.ContainsFunc(r.Causes[cni].Blocks, func(b incident.Block) bool { return b.Cause == r.Causes[dns].ID }) {
		t.Error("that the lost CNI configuration blocks CoreDNS' remedy is not said")
	}
	loops := 0
	for _, f := range r.Findings {
		if f.Severity.Rank() < incident.Warning.Rank() || !strings.Contains(f.Code, "Crash") {
			continue
		}
		loops++
		if !slices.Contains(r.Causes[dns].Explains, f.ID) {
			t.Errorf("not folded under the loop: %s %s: %s", f.Code, f.Object, f.Title)
		}
	}
	if loops < 9 {
		t.Errorf("%d crash loops found; the workloads that depend on a name are nine, and CoreDNS", loops)
	}
}

// theThread waits for the incident's message and its first reply, which must come within two seconds of the alert's arrival.
func theThread(t *testing.T, b *bot) string {
	t.Helper()
	var root, reply slackemu.Message
	b.wait(t, time.Minute, "an incident's thread", func(s slackemu.Snapshot) bool {
		for _, m := range s.Messages(channel) {
			if thread := s.Thread(channel, m.TS); m.Metadata != nil && len(thread) > 1 {
				root, reply = thread[0], thread[1]
			}
		}
		return root.TS != ""
	})
	arrived := b.incidents(t)[0].OpenedAt
	if took := posted(t, reply).Sub(arrived); took > 2*time.Second {
		t.Errorf("the first reply came %v after the alert", took)
	} else {
		t.Logf("the first reply came %v after the alert", took.Round(time.Millisecond))
	}
	return root.TS
}

// posted is when a message was posted: its ts.
func posted(t *testing.T, m slackemu.Message) time.Time {
	t.Helper()
	d, err := time.ParseDuration(m.TS + "s")
	if err != nil {
		t.Fatal(err)
	}
	return time.Unix(0, int64(d))
}

// cited: every sentence cites evidence that exists.
func cited(t *testing.T, s *incident.State) {
	t.Helper()
	if len(s.Story.Sentences) == 0 {
		t.Error("the story says nothing")
	}
	for _, line := range s.Story.Sentences {
		for _, id := range line.Cites {
			if s.Diagnosis.EvidenceByID(id) == nil {
				t.Errorf("%q cites %s, which does not exist", line.Text, id)
			}
		}
	}
}

// steps: CNI, Corefile, CoreDNS, and the dependants only if they do not come back.
func steps(t *testing.T, p *incident.Plan) {
	t.Helper()
	want := []string{"RestoreHostFiles", "SetConfigMapKey", "RestartWorkload"}
	if len(p.Steps) < len(want) {
		t.Fatalf("the plan has %d steps", len(p.Steps))
	}
	for i, step := range p.Steps {
		switch {
		case i < len(want) && (step.Kind != want[i] || step.Unless != 0):
			t.Errorf("step %d is %s (unless %v), want %s", i+1, step.Kind, step.Unless, want[i])
		case i >= len(want) && step.Unless == 0:
			t.Errorf("step %d restarts %s whether it comes back or not", i+1, step.Target.Object)
		}
	}
}

// told waits until only the person sees the words.
func told(t *testing.T, b *bot, person string, words string) {
	t.Helper()
	b.wait(t, 30*time.Second, person+" is told "+words, func(s slackemu.Snapshot) bool {
		for _, m := range s.Ephemerals(person) {
			if strings.Contains(m.Plain(), words) {
				return true
			}
		}
		for _, v := range s.Views(person) {
			body, _ := json.Marshal(v.Blocks)
			if strings.Contains(string(body), words) {
				return true
			}
		}
		return false
	})
}

// approve opens the plan as an approver and says yes.
func approve(t *testing.T, b *bot, by, root string) {
	t.Helper()
	b.press(t, by, root, "Open the plan")
	var view slackemu.View
	b.wait(t, time.Minute, "the plan, ready to be approved", func(s slackemu.Snapshot) bool {
		for _, v := range s.Views(by) {
			if v.Submit != "" && v.Type == "modal" {
				view = v
			}
		}
		return view.ID != ""
	})
	if err := b.slack.Submit(t.Context(), by, view.ID, nil); err != nil {
		t.Fatal(err)
	}
}

// mended: the Corefile no longer loops, and the CNI configuration is back on the host.
func mended(t *testing.T, l lab) {
	t.Helper()
	if corefile := l.kubectl(t, "-n", "kube-system", "get", "configmap", "coredns", "-o",
		"jsonpath={.data.Corefile}"); strings.Contains(corefile, "127.0.0.1") {
		t.Errorf("the Corefile still loops:\n%s", corefile)
	}
	if files, err := os.ReadDir(filepath.Join(l.hostRoot, "etc/cni/net.d")); err != nil || len(files) != 1 {
		t.Errorf("the CNI directory holds %v, %v", files, err)
	}
}

// once: no step was begun or ended twice.
func once(t *testing.T, s *incident.State) {
	t.Helper()
	done := map[string]int{}
	for _, r := range s.Log {
		if e, ok := r.Event.(incident.StepDone); ok {
			done[e.PlanHash+" "+e.Step]++
			if e.Outcome == incident.StepFailed {
				t.Errorf("step %s failed: %s", e.Step, e.Detail)
			}
		}
	}
	for step, n := range done {
		if n != 1 {
			t.Errorf("step %s ended %d times", step, n)
		}
	}
}

// publish edits the draft as Ada and publishes it.
func publish(t *testing.T, b *bot, root string) {
	t.Helper()
	b.press(t, ada, root, "Edit the postmortem")
	var view slackemu.View
	b.wait(t, time.Minute, "the postmortem's form", func(s slackemu.Snapshot) bool {
		for _, v := range s.Views(ada) {
			if v.Type == "modal" && strings.Contains(strings.ToLower(v.Title), "postmortem") {
				view = v
			}
		}
		return view.ID != ""
	})
	if err := b.slack.Submit(t.Context(), ada, view.ID,
		map[string]string{"followup": "- Pin the K3s version\n- Alert on restarts"}); err != nil {
		t.Fatal(err)
	}
	b.incident(t, time.Minute, "the edit recorded", func(s *incident.State) bool { return s.EditedBy != nil })
	b.press(t, ada, root, "Publish the postmortem")
	s := b.incident(t, time.Minute, "published and indexed", func(s *incident.State) bool { return s.Path != "" })
	text, err := os.ReadFile(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "Pin the K3s version") || !strings.Contains(string(text), "DNSLoop") {
		t.Errorf("the postmortem lacks what was edited or found:\n%s", text)
	}
}

// notReady waits until the node has noticed that its CNI configuration is gone.
func notReady(t *testing.T, l lab) {
	t.Helper()
	eventually(t, time.Minute, "node NotReady", func() bool {
		return strings.Contains(l.kubectl(t, "get", "nodes", "--no-headers"), "NotReady")
	})
}
