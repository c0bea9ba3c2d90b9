package trial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Runner runs cases in this process. It is safe for concurrent use.
type Runner struct {
	Teller Teller
	Ablate bool // each case once more without what names its root
	Vary   bool // each case once more in each of eval.Variations
}

// Run runs a case that has manifests or a bundle.
func (r *Runner) Run(ctx context.Context, c eval.Case) eval.Result {
	res := eval.Result{Verdict: eval.Verdict{Case: c.Name}, Title: c.Title, Fault: c.Fault}
	s, err := Look(c)
	if err != nil {
		res.Error = err.Error()
		return res
	}
	began := time.Now()
	d, err := Answer(c, s)
	if err != nil {
		res.Error = err.Error()
		return res
	}
	res.Seconds = time.Since(began).Seconds()
	res.Verdict = eval.Judge(c, d)
	if err := r.again(c, s, d, &res); err != nil {
		res.Error = err.Error()
		return res
	}
	r.Teller.tell(ctx, c, d, &res)
	return res
}

// again runs the case in other ways and compares what is said with d.
func (r *Runner) again(c eval.Case, s *snapshot.Snapshot, d *incident.Diagnosis, res *eval.Result) error {
	blind, err := Answer(c, s.WithoutHosts())
	if err != nil {
		return err
	}
	res.Blind = eval.Blind(c, len(s.Hosts) > 0, d, blind)
	if res.Asking, err = asking(c, s); err != nil {
		return err
	}
	if codes := eval.RootCodes(c, d); r.Ablate && len(codes) > 0 {
		if res.Ablated, err = ablated(c, s, d, codes); err != nil {
			return err
		}
	}
	for _, v := range eval.Variations {
		if !r.Vary {
			break
		}
		other, err := Answer(c, v.See(s))
		if err != nil {
			return fmt.Errorf("%s: %w", v.Name, err)
		}
		res.Varied = append(res.Varied, v.Compare(c, d, other))
	}
	return nil
}

// ablated runs the case without the codes, and once more as somebody who asks about the namespace where it hurts.
func ablated(c eval.Case, s *snapshot.Snapshot, d *incident.Diagnosis, codes []string) (*eval.Ablated, error) {
	without := diagnosis.WithoutCodes(codes)
	rest, err := answerWithout(c, s, without)
	if err != nil {
		return nil, err
	}
	a := eval.JudgeAblated(c, codes, d, rest)
	if q, ok := c.Hurts(); ok {
		asks := c
		asks.Asked = q
		told, err := answerWithout(asks, s, without)
		if err != nil {
			return nil, err
		}
		a.Ask(c, d, told)
	}
	return &a, nil
}

// asking asks about parts of a case's cluster.
func asking(c eval.Case, s *snapshot.Snapshot) (*eval.Asking, error) {
	var a eval.Asking
	ask := func(q eval.Asked) (*incident.Diagnosis, error) {
		c := c
		c.Asked = q
		return Answer(c, s)
	}
	for _, q := range c.Healthy(s) {
		d, err := ask(q)
		if err != nil {
			return nil, err
		}
		a.Ask(c, q, d)
	}
	if q, ok := c.Hurts(); ok {
		d, err := ask(q)
		if err != nil {
			return nil, err
		}
		a.Where, a.Top1 = q.Namespace, eval.Judge(c, d).Top1
	}
	return &a, nil
}

// Answer diagnoses what a case asks about as a live look does: with the logs that a first look reads, and then with those that the first
// findings and the question ask for. A case's other logs are not seen. Nor does a question that nothing is known to be wrong with end in an
// error: the diagnosis is then empty.
func Answer(c eval.Case, seen *snapshot.Snapshot) (*incident.Diagnosis, error) {
	return answerWithout(c, seen, diagnosis.Without{})
}

// answerWithout is Answer without some codes and rules.
func answerWithout(c eval.Case, seen *snapshot.Snapshot, w diagnosis.Without) (*incident.Diagnosis, error) {
	s := *seen
	s.Logs, s.NotSeen, s.Failures = nil, slices.Clone(seen.NotSeen), slices.Clone(seen.Failures)
	s.Index()
	readLogs(&s, seen, s.LogsWanted())
	scope := diagnosis.Resolve(&s, c.Asked.Question())
	scope.Onset = c.Onset
	x := w.Examine(&s)
	readLogs(&s, seen, x.Logs(scope))
	x.Again()
	d, err := x.Answer(scope)
	var none *incident.NoAnswer
	if errors.As(err, &none) {
		return &incident.Diagnosis{At: s.At, NotSeen: s.NotSeen}, nil
	}
	return d, err
}

// readLogs adds the logs that are wanted and are there. While a container waits for its next start, a kubelet shows the log of the run
// before as the current one.
func readLogs(s, seen *snapshot.Snapshot, wanted []snapshot.LogWanted) {
	for _, w := range wanted {
		l := seen.Log(w.Pod.Namespace, w.Pod.Name, w.Container, w.Previous)
		if l == nil && !w.Previous && waits(w) {
			l = seen.Log(w.Pod.Namespace, w.Pod.Name, w.Container, true)
		}
		if l != nil && !slices.Contains(s.Logs, *l) {
			s.Logs = append(s.Logs, *l)
		}
	}
	s.Index()
}

func waits(w snapshot.LogWanted) bool {
	return slices.ContainsFunc(slices.Concat(w.Pod.Status.InitContainerStatuses, w.Pod.Status.ContainerStatuses),
		func(c corev1.ContainerStatus) bool { return c.Name == w.Container && c.State.Running == nil })
}

// Look is what a case has to look at.
func Look(c eval.Case) (*snapshot.Snapshot, error) {
	switch {
	case len(c.Manifests) > 0:
		return c.Snapshot()
	case c.Bundle != "":
		b, err := bundle.Open(c.BundlePath())
		if err != nil {
			return nil, err
		}
		return b.Snapshot()
	}
	return nil, fmt.Errorf("%s: has only live.yaml; run it with --live on a cluster", c.Name)
}
