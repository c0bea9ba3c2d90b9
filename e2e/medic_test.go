//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// medic is `paramedic serve` for one case, with a Slack of its own, and two people who approve at the terminal.
type medic struct {
	lab
	dir, config, state, webhook, sight string // sight is the kubeconfig that the bot has
	slack                              *slackemu.Server
	cmd                                *exec.Cmd
	logs                               bytes.Buffer
	see                                *sight
}

// rigor is how a recovery is proved.
type rigor struct {
	proof, giveUp, comeback time.Duration
	keep                    time.Duration // between two looks for last-good copies
}

var (
	quick = rigor{proof: time.Minute, giveUp: 8 * time.Minute, comeback: time.Minute, keep: 5 * time.Minute}
	full  = rigor{proof: 6 * time.Minute, giveUp: 12 * time.Minute, comeback: 6 * time.Minute, keep: 5 * time.Minute}
)

// operators are who approves: a company of two.
var operators = []string{"{slack: " + ada + ", user: operator, groups: [operators]}",
	"{slack: " + dora + ", user: operator2, groups: [operators]}"}

// newMedic starts the bot. It does not watch: its incidents are those that a case's alert opens, beside other cases and other bots.
// TestTheFoundingIncident has a bot that does. Close it after use, also after an error.
func (l lab) newMedic(ctx context.Context, dir, server, token, own string, others, approvers []string, r rigor) (_ *medic, err error) {
	m := &medic{lab: l, dir: dir, config: filepath.Join(dir, "paramedic.yaml"), state: filepath.Join(dir, "state", "paramedic.db"),
		sight: filepath.Join(dir, "kubeconfig"), webhook: free()}
	if m.see, err = newSight(server, token, own, others); err != nil {
		return m, err
	}
	m.slack, err = slackemu.New(slackemu.Options{Users: []slackemu.User{{ID: ada, Name: "ada", RealName: "Ada"},
		{ID: dora, Name: "dora", RealName: "Dora"}}, Channels: []slackemu.Channel{{ID: channel, Name: "incidents"}}})
	if err != nil {
		return m, err
	}
	config := fmt.Sprintf(`
cluster: {name: lab, kubeconfig: kubeconfig}
slack: {botToken: xoxb-emulated, appToken: xapp-emulated, channel: '#incidents', apiURL: %%q}
webhook: {listen: %q, user: paramedic, password: let me in}
state: state/paramedic.db
knowledge: postmortems
host: {root: %q, node: %s}
plans: {comeback: %v}
verify: {for: %v, every: 8s, giveUp: %v}
lastGood: {every: %v}
watch: {disabled: true}
approvers:
- %s
`, m.webhook, l.hostRoot, node, r.comeback, r.proof, r.giveUp, r.keep, strings.Join(approvers, "\n- "))
	if err := errors.Join(m.slack.Start("127.0.0.1:0"), m.see.kubeconfig(m.sight)); err != nil {
		return m, err
	}
	if err := os.WriteFile(m.config, fmt.Appendf(nil, config, m.slack.APIURL()), 0o600); err != nil {
		return m, err
	}
	if err := m.start(); err != nil {
		return m, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return m, m.slack.Wait(ctx, func(s slackemu.Snapshot) bool { return s.Connections > 0 })
}

func (m *medic) start() error {
	m.cmd = exec.Command(m.program, "serve", "--config", m.config)
	m.cmd.Stdout, m.cmd.Stderr = &m.logs, &m.logs
	return m.cmd.Start()
}

// kill ends the bot as a power cut would.
func (m *medic) kill() {
	if m.cmd != nil && m.cmd.Process != nil {
		_ = m.cmd.Process.Kill()
		_ = m.cmd.Wait()
	}
}

func (m *medic) close() {
	m.kill()
	if m.slack != nil {
		m.slack.Close()
	}
	if m.see != nil {
		m.see.close()
	}
}

// alarm posts an alert about the namespace, as Alertmanager does: again, if nobody hears it.
func (m *medic) alarm(ctx context.Context, namespace string) (err error) {
	for range 10 {
		if err = m.post(ctx, namespace); err == nil {
			return nil
		}
		time.Sleep(time.Second)
	}
	return err
}

func (m *medic) post(ctx context.Context, namespace string) error {
	body, err := json.Marshal(map[string]any{"version": "4", "groupKey": namespace, "status": "firing", "alerts": []map[string]any{{
		"status": "firing", "labels": map[string]string{"alertname": "SomethingIsWrong", "severity": "warning", "namespace": namespace},
		"startsAt": time.Now().UTC().Format(time.RFC3339), "fingerprint": namespace}}})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+m.webhook+"/webhook/alertmanager", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.SetBasicAuth("paramedic", "let me in")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the webhook answers %s", resp.Status)
	}
	return nil
}

// incident reads the newest one beside the running bot; nil if there is none yet.
func (m *medic) incident(ctx context.Context) (*incident.State, error) {
	r, err := store.OpenReadOnly(ctx, m.state)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	all, _, err := app.NewJournal(r).List(ctx, 10)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// await waits until the newest incident is as asked; the error says how it stands when the time is up.
func (m *medic) await(ctx context.Context, within time.Duration, what string, yes func(*incident.State) bool) (*incident.State, error) {
	var s *incident.State
	for end := time.Now().Add(within); time.Now().Before(end); {
		now, err := m.incident(ctx)
		if err == nil && now != nil {
			if s = now; yes(s) {
				return s, nil
			}
		}
		select {
		case <-ctx.Done():
			return s, ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
	if s == nil {
		return nil, fmt.Errorf("not within %v: %s; there is no incident", within, what)
	}
	return s, fmt.Errorf("not within %v: %s; it is %s: %s", within, what, s.Phase(time.Now()), standing(s))
}

// standing says what keeps an incident from being resolved.
func standing(s *incident.State) string {
	var out []string
	if s.Investigation.LastError != "" {
		out = append(out, s.Investigation.LastError)
	}
	for _, f := range s.Failing {
		out = append(out, f.Work+": "+f.Error)
	}
	for _, st := range s.Steps {
		if st.Outcome == incident.StepFailed || st.Unclear != "" {
			out = append(out, fmt.Sprintf("step %s %s: %s", st.Step, st.Outcome, st.Detail+st.Unclear))
		}
	}
	for _, c := range s.Verification.Checks {
		if !c.OK {
			out = append(out, c.Name+": "+c.Detail)
		}
	}
	return strings.Join(out, "; ")
}

// approve reads the plan at the terminal and approves it, as one person or as two.
func (m *medic) approve(ctx context.Context, s *incident.State) error {
	for _, user := range []string{"operator", "operator2"}[:s.Plan.Asks()] {
		if err := m.approveAs(ctx, s, user, "operators"); err != nil {
			return err
		}
	}
	return nil
}

// approveAs reads the plan at the terminal and approves it.
func (m *medic) approveAs(ctx context.Context, s *incident.State, user string, groups ...string) error {
	kubeconfig, err := m.person(user, groups...)
	if err != nil {
		return err
	}
	yes := []string{s.ID, s.Plan.Hash}
	if s.Plan.Risk == incident.Destructive {
		yes = append(yes, "destroy")
	}
	for _, args := range [][]string{{s.ID}, yes} {
		if out, err := m.run(ctx, append([]string{"approve", "--config", m.config, "--kubeconfig", kubeconfig}, args...)...); err != nil {
			return fmt.Errorf("approve as %s: %w: %s", user, err, against(out))
		}
	}
	return nil
}

// against are the lines of what is said about a plan that speak against it; all, if none does.
func against(out string) string {
	var lines []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, "✗") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	if len(lines) < 2 {
		return out
	}
	return strings.Join(lines[1:], "; ")
}

// person writes the kubeconfig of somebody who is in groups.
func (m *medic) person(user string, groups ...string) (string, error) {
	b, err := os.ReadFile(m.kubeconfig)
	if err != nil {
		return "", err
	}
	path := filepath.Join(m.dir, user)
	token := "{token: lab-admin}"
	if !bytes.Contains(b, []byte(token)) {
		return "", fmt.Errorf("%s holds no %s", m.kubeconfig, token)
	}
	as := fmt.Sprintf("{token: lab-admin, as: %s, as-groups: [%s]}", user, strings.Join(append(groups, "'system:authenticated'"), ", "))
	return path, os.WriteFile(path, bytes.ReplaceAll(b, []byte(token), []byte(as)), 0o600)
}

// run runs the program to its end.
func (m *medic) run(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, m.program, args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// look diagnoses with the bot's own rights, as a user does.
func (m *medic) look(ctx context.Context) (*incident.Diagnosis, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, m.program, "why", "-o", "json", "--kubeconfig", m.sight, "--host-root", m.hostRoot, "--node", node)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	d := &incident.Diagnosis{}
	if read := json.Unmarshal(out.Bytes(), d); read != nil {
		return nil, fmt.Errorf("why: %w: %s", errors.Join(err, read), complaint.String())
	}
	return d, nil
}

// treated says whether a runbook is there for one of the codes.
func treated(codes []string) bool {
	return slices.ContainsFunc(codes, func(code string) bool { names, _ := recovery.Treating(code); return len(names) > 0 })
}

// keeps says whether the bot has copies under all keys.
func (m *medic) keeps(ctx context.Context, keys ...string) bool {
	r, err := store.OpenReadOnly(ctx, m.state)
	if err != nil {
		return false
	}
	defer r.Close()
	return !slices.ContainsFunc(keys, func(key string) bool { _, ok, err := r.LastGood(ctx, key); return err != nil || !ok })
}
