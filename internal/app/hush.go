package app

import (
	"context"
	"errors"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// silenced is what is silenced now. What nobody vouches for silences nothing: people are rather told once too often.
func (w *worker) silenced(ctx context.Context) []incident.Silence {
	if w.silences == nil {
		return nil
	}
	all, err := w.silences.InForce(ctx)
	if err != nil {
		return nil
	}
	return all
}

// hush records of each open incident whether silences are about it, so that calls wait for their end and begin anew then. Who was about to
// call looks for itself.
func (w *worker) hush(ctx context.Context) error {
	w.telling.Lock()
	defer w.telling.Unlock()
	open, err := w.ledger.Open(ctx)
	if err != nil {
		return err
	}
	all := w.silenced(ctx)
	var errs []error
	for _, s := range open {
		if e := s.Hushing(all); e != nil {
			err := w.ledger.append(ctx, entry{s, []incident.Event{e}})
			if !errors.Is(err, store.ErrConflict) { // the next round sees to it
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// keepSilences ends those whose time is over, and records which incidents are silenced.
func (s *Server) keepSilences(ctx context.Context) error {
	return errors.Join(s.incidents.silences.endWhatIsOver(ctx, s.incidents.Receive), s.hush(ctx))
}
