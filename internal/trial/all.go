package trial

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
)

// Plan says how cases are run.
type Plan struct {
	Run func(context.Context, eval.Case) eval.Result // of a Runner or a Stage
	// cases side by side, at least 1; those that are exclusive run alone, after the others
	Parallel int
	Ledger   *Ledger           // nil: every case runs, and nothing is kept
	Finished func(eval.Result) // called for each case that was run, one at a time; may be nil
}

// All runs cases and returns their results by name. An error says that results could not be kept, or that the context ended; what is done
// by then is in the ledger.
func (p Plan) All(ctx context.Context, cases []eval.Case) ([]eval.Result, error) {
	var results []eval.Result
	var together, alone []eval.Case
	for _, c := range cases {
		done, ok := eval.Result{}, false
		if p.Ledger != nil {
			done, ok = p.Ledger.Done(c.Name)
		}
		switch {
		case ok:
			results = append(results, done)
		case c.Exclusive:
			alone = append(alone, c)
		default:
			together = append(together, c)
		}
	}
	var mu sync.Mutex
	run := func(ctx context.Context, c eval.Case) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r := p.Run(ctx, c)
		if ctx.Err() != nil {
			return ctx.Err() // what it found while it was being interrupted says nothing
		}
		mu.Lock()
		defer mu.Unlock()
		results = append(results, r)
		if p.Finished != nil {
			p.Finished(r)
		}
		if p.Ledger == nil {
			return nil
		}
		return p.Ledger.Add(r)
	}
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(max(1, p.Parallel))
	for _, c := range together {
		g.Go(func() error { return run(within, c) })
	}
	err := g.Wait()
	for _, c := range alone {
		if err != nil {
			break
		}
		err = run(ctx, c)
	}
	slices.SortFunc(results, func(a, b eval.Result) int { return cmp.Compare(a.Case, b.Case) })
	return results, err
}
