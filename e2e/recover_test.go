//go:build e2e

package e2e

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/trial"
)

const (
	liveCases = "../diagnosis/eval/cases"
	// leastMended is how many cases the whole run has to mend.
	leastMended = 45
	sideBySide  = 10
)

// inFull are the cases that are watched for as long as by default.
var inFull = []string{"live/pods/config-absent", "live/network/selector", "live/workloads/rollout-stuck"}

// sample are the cases that every end-to-end run mends.
var sample = []string{"live/pods/config-absent", "live/network/selector", "live/rollouts/crashes", "live/network/target-port",
	"live/rollouts/as-root", "live/control/webhook", "live/storage/released", "live/pods/command-near", "live/workloads/job-again",
	"live/workloads/limit-range"}

// byHand are the cases of causes that no runbook treats: they would only take time.
var byHand = []string{"live/control/scheduler", "live/nodes/kubelet-stopped", "live/network/load-balancer", "live/storage/host-path-absent"}

// TestRecover mends live cases, each from its manifests to the look that finds nothing, with a bot of its own that sees of the cluster what
// is no other case's. RECOVER names a file for results, in which an interrupted run goes on, and stands for all cases; without it, ten are
// mended.
// RECOVER_ONLY holds names of cases, separated by commas.
func TestRecover(t *testing.T) {
	l := theLab(t)
	ledger := os.Getenv("RECOVER")
	h, err := l.hospital(t)
	if err != nil {
		t.Fatal(err)
	}
	cases := h.cases
	only := sample
	if list := os.Getenv("RECOVER_ONLY"); list != "" {
		only = strings.Split(list, ",")
	}
	if ledger == "" || os.Getenv("RECOVER_ONLY") != "" {
		cases = slices.DeleteFunc(slices.Clone(cases), func(c eval.Case) bool { return !slices.Contains(only, c.Name) })
	}
	plan := trial.Plan{Parallel: sideBySide, Run: h.treat, Finished: func(r eval.Result) { t.Log(account(r)) }}
	if ledger != "" {
		if plan.Ledger, err = trial.OpenLedger(ledger + ".jsonl"); err != nil {
			t.Fatal(err)
		}
		defer plan.Ledger.Close()
	} else {
		plan.Parallel = len(sample)
	}
	results, err := plan.All(t.Context(), cases)
	if err != nil {
		t.Fatal(err)
	}
	results = slices.DeleteFunc(results, func(r eval.Result) bool { // what no runbook treats, the guide to runbooks says
		return r.Error == "" && r.Recovered != nil && r.Recovered.Runbook == "" && !treated(r.Recovered.Codes)
	})
	if ledger == "" {
		for _, r := range results {
			if !r.Mended() {
				t.Error(account(r))
			}
		}
		return
	}
	if err := os.WriteFile(ledger+".md", []byte(eval.Recoveries(results)), 0o644); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range results {
		if r.Mended() {
			n++
		}
	}
	if n < leastMended && os.Getenv("RECOVER_ONLY") == "" {
		t.Errorf("%d cases were mended, want %d", n, leastMended)
	}
}

// account says in one line what became of a case.
func account(r eval.Result) string {
	c := r.Recovered
	switch {
	case r.Error != "":
		return r.Case + ": could not be run: " + r.Error
	case c == nil:
		return r.Case + ": not diagnosed in time: " + strings.Join(r.Amiss(), "; ")
	case c.Failed != "":
		return fmt.Sprintf("%s: NOT MENDED by %s (%v): %s", r.Case, c.Runbook, c.Codes, c.Failed)
	case c.Runbook == "":
		return fmt.Sprintf("%s: no plan (%v): %s", r.Case, c.Codes, c.NoPlan)
	}
	return fmt.Sprintf("%s: mended by %s %v in %.0f s", r.Case, c.Runbook, c.Steps, c.Whole)
}

// hospital is where cases are mended.
type hospital struct {
	lab
	stage         *trial.Stage
	server, token string
	cases         []eval.Case
	dir           string
	killer        *killer // nil: bots live on
}

func (l lab) hospital(t *testing.T) (*hospital, error) {
	h := &hospital{lab: l, dir: t.TempDir()}
	l.kubectl(t, "apply", "-f", "../deploy/kubernetes/00-namespace.yaml", "-f", "../deploy/kubernetes/rbac.yaml")
	l.kubectl(t, "apply", "-f", "testdata/rbac.yaml")
	h.token = strings.TrimSpace(l.kubectl(t, "-n", "paramedic", "create", "token", "paramedic", "--duration=6h"))
	h.server = strings.TrimSpace(l.kubectl(t, "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"))
	all, err := eval.Load(liveCases)
	if err != nil {
		return nil, err
	}
	h.cases = slices.DeleteFunc(all, func(c eval.Case) bool {
		return len(c.Live) == 0 || len(c.Root) == 0 || slices.Contains(byHand, c.Name) || len(c.HostFiles) > 0
	})
	slices.SortStableFunc(h.cases, func(a, b eval.Case) int { return cmp.Compare(takes(b), takes(a)) })
	reader, err := cluster.Connect(l.kubeconfig, "")
	if err != nil {
		return nil, err
	}
	eyes := &app.Eyes{Reader: reader, Redact: func(s string) string { return s }, Lookups: true}
	if eyes.Host, err = host.New(host.Config{Root: l.hostRoot, Node: node}); err != nil {
		return nil, err
	}
	h.stage, err = trial.NewStage(t.Context(), trial.StageOptions{Eyes: eyes, Node: node, Shell: true, Version: "e2e",
		Env: []string{"KUBECONFIG=" + l.kubeconfig, "HOST_ROOT=" + l.hostRoot, "LAB=" + l.command, "LAB_HOME=" + filepath.Dir(l.kubeconfig),
			"PATH=" + filepath.Join(filepath.Dir(l.kubeconfig), "bin") + ":" + os.Getenv("PATH")}})
	return h, err
}

// takes is about how long a case takes: the longest begin first.
func takes(c eval.Case) time.Duration {
	if slices.Contains(inFull, c.Name) {
		return time.Hour
	}
	return cmp.Or(c.Within.Duration, eval.DefaultWithin)
}

// treat makes a case, waits until it is diagnosed, and has it mended by a bot that was there before.
func (h *hospital) treat(ctx context.Context, c eval.Case) eval.Result {
	r, namespaces := quick, []string(nil)
	if slices.Contains(inFull, c.Name) && os.Getenv("RECOVER") != "" {
		r = full
	}
	if c.Exclusive {
		r.keep = 5 * time.Second
	} else {
		namespaces = h.namespaces()
	}
	dir := filepath.Join(h.dir, c.Namespace())
	wrong := func(err error) eval.Result {
		return eval.Result{Verdict: eval.Verdict{Case: c.Name}, Title: c.Title, Fault: c.Fault, Live: true, Error: err.Error()}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return wrong(err)
	}
	m, err := h.newMedic(ctx, dir, h.server, h.token, c.Namespace(), namespaces, operators, r)
	defer m.close()
	if err != nil {
		return wrong(fmt.Errorf("start the bot: %w\n%s", err, m.logs.String()))
	}
	if c.Exclusive {
		if err := m.kept(ctx); err != nil {
			return wrong(err)
		}
	}
	began := time.Now()
	return h.stage.During(ctx, c, func(ctx context.Context, held trial.Held, res *eval.Result) error {
		for _, cause := range held.Found.Causes {
			if res.Recovered == nil {
				res.Recovered = &eval.Recovered{Full: r.proof == full.proof}
			}
			res.Recovered.Codes = append(res.Recovered.Codes, cause.Code)
		}
		if res.Recovered == nil || !treated(res.Recovered.Codes) {
			return nil
		}
		harm := h.killer.follow(ctx, m)
		err := m.mend(ctx, held, res.Recovered, r)
		if err == nil {
			err = harm()
		}
		if err != nil {
			res.Recovered.Failed = err.Error()
		}
		res.Recovered.Whole = time.Since(began).Seconds()
		return nil
	})
}

// namespaces are those of all cases.
func (h *hospital) namespaces() (all []string) {
	for _, c := range h.cases {
		all = append(all, c.Namespace())
	}
	return all
}

// mend goes through the whole recovery. An error says why the fault is not gone.
func (m *medic) mend(ctx context.Context, held trial.Held, c *eval.Recovered, r rigor) error {
	began := time.Now()
	if err := m.alarm(ctx, held.Case.Namespace()); err != nil {
		return err
	}
	s, err := m.await(ctx, 90*time.Second, "a plan, or why there is none",
		func(s *incident.State) bool { return s.Plan != nil || s.NoPlan != "" })
	if err != nil {
		return err
	}
	c.Planned = time.Since(began).Seconds()
	if c.Codes = nil; s.Diagnosis != nil {
		for _, cause := range s.Diagnosis.Causes {
			c.Codes = append(c.Codes, cause.Code)
		}
	}
	if s.Plan == nil {
		c.NoPlan = s.NoPlan
		return nil
	}
	c.Runbook, c.People = s.Plan.Runbook, s.Plan.Asks()
	for _, step := range s.Plan.Steps {
		c.Steps = append(c.Steps, step.Kind)
	}
	ran := time.Now()
	if _, err = m.ran(ctx, s, r); err != nil {
		return err
	}
	c.Ran = time.Since(ran).Seconds()
	proof, unwell := time.Now(), ""
	s, err = m.await(ctx, r.giveUp+r.proof, "resolved", func(s *incident.State) bool {
		if !s.Verification.Began.IsZero() && s.Verification.GoodSince.IsZero() {
			unwell = standing(s)
			c.Unwell = unwell
		}
		return !s.ResolvedAt.IsZero() || s.RunFailed() || s.Plan == nil || s.Plan.InverseOf != ""
	})
	if err != nil {
		return err
	}
	c.Proved = time.Since(proof).Seconds()
	if s.ResolvedAt.IsZero() {
		return fmt.Errorf("it is %s: %s", s.Phase(time.Now()), cmp.Or(unwell, standing(s)))
	}
	return m.gone(ctx, held)
}

// mostTries is how often a plan is approved that is withdrawn because the cluster has changed meanwhile.
const mostTries = 4

// ran approves the plan, and again one that takes its place, until its steps are done.
func (m *medic) ran(ctx context.Context, s *incident.State, r rigor) (*incident.State, error) {
	said := ""
	for try := 1; ; try++ {
		hash := s.Plan.Hash
		err := m.approve(ctx, s)
		if err != nil && try == mostTries {
			return nil, err
		}
		if err != nil {
			time.Sleep(2 * time.Second)
		}
		s, err = m.await(ctx, 3*time.Minute+r.comeback, "the steps done; "+said, func(s *incident.State) bool {
			return s.RunEnded() || s.RunFailed() || s.NoPlan != "" || s.Plan != nil && (err != nil || s.Plan.Hash != hash && !s.Running())
		})
		switch {
		case err != nil:
			return nil, err
		case s.NoPlan != "":
			return nil, fmt.Errorf("the plan was withdrawn: %s", s.NoPlan)
		case s.RunEnded() || s.RunFailed():
			return s, nil
		case try == mostTries:
			return nil, fmt.Errorf("the plan was withdrawn %d times: %s", try, said)
		}
		if s.Superseded != nil {
			said = s.Superseded.Reason
		}
	}
}

// gone: the program, as its users have it, finds nothing of the case any more.
func (m *medic) gone(ctx context.Context, held trial.Held) error {
	var left []string
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(3 * time.Second) {
		d, err := m.look(ctx)
		if err != nil {
			return err
		}
		left = nil
		for _, f := range held.Mine(d).Findings {
			if f.Severity.Rank() >= incident.Warning.Rank() {
				left = append(left, fmt.Sprintf("%s on %s", f.Code, f.Object))
			}
		}
		if len(left) == 0 {
			return nil
		}
	}
	return fmt.Errorf("resolved, and yet why finds %s", strings.Join(left, ", "))
}

// kept waits until the bot has kept the copies from which a plan restores.
func (m *medic) kept(ctx context.Context) error {
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(time.Second) {
		if m.keeps(ctx, "configmap/kube-system/coredns/Corefile", "host/"+node+"/etc/cni/net.d", "dns/10.43.0.10") {
			return nil
		}
	}
	return fmt.Errorf("no last-good copies were kept within three minutes: %s", m.logs.String())
}

// ports are those that webhooks listen at: below those that the system gives to whoever asks for none.
var ports atomic.Int32

func free() string { return fmt.Sprintf("127.0.0.1:%d", 20000+os.Getpid()%100*100+int(ports.Add(1))) }
