package app

import (
	"context"
	"fmt"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// briefed is what is recorded of a look: the facts numbered as in the looks before, what is told in the event, and the whole, where the
// event does not hold it, in a blob.
func (w *worker) briefed(ctx context.Context, s *incident.State, d *incident.Diagnosis) (*incident.Diagnosis, error) {
	before := incident.Looks(s)
	if s.Diagnosis != nil && s.Diagnosis.Whole != "" {
		last, err := w.whole(ctx, s.Diagnosis)
		if err != nil {
			return nil, err
		}
		before = append(before, last)
	}
	whole, told := incident.Number(d, before...)
	if told.Totals != nil || told.Others != (incident.Others{}) {
		data, err := incident.Pack(whole)
		if err != nil {
			return nil, err
		}
		if told.Whole, err = w.ledger.store.PutBlob(ctx, data); err != nil {
			return nil, fmt.Errorf("keep the whole diagnosis of %s: %w", s.ID, err)
		}
	}
	return told, nil
}

// whole is all that a look found, also where its event tells but a part: what compares and what acts must not be misled by what was left
// out.
func (w *worker) whole(ctx context.Context, d *incident.Diagnosis) (*incident.Diagnosis, error) {
	if d.Whole == "" {
		return d, nil
	}
	data, err := w.ledger.store.Blob(ctx, d.Whole)
	if err != nil {
		return nil, fmt.Errorf("read the whole diagnosis: %w", err)
	}
	return incident.Unpack(data)
}
