package trial

import (
	"context"
	"fmt"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Runner runs cases in this process. It is safe for concurrent use.
type Runner struct {
	Teller Teller
}

// Run runs a case that has manifests or a bundle.
func (r *Runner) Run(ctx context.Context, c eval.Case) eval.Result {
	res := eval.Result{Verdict: eval.Verdict{Case: c.Name}, Title: c.Title, Fault: c.Fault}
	s, err := look(c)
	if err != nil {
		res.Error = err.Error()
		return res
	}
	began := time.Now()
	d := diagnosis.Diagnose(s, diagnosis.Scope{})
	res.Seconds = time.Since(began).Seconds()
	res.Verdict = eval.Judge(c, d)
	res.Blind = eval.Blind(c, len(s.Hosts) > 0, d, diagnosis.Diagnose(s.WithoutHosts(), diagnosis.Scope{}))
	r.Teller.tell(ctx, c, d, &res)
	return res
}

func look(c eval.Case) (*snapshot.Snapshot, error) {
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
