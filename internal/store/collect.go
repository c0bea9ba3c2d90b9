package store

import (
	"context"
	"database/sql"
	"time"
)

// Collected counts what was removed.
type Collected struct{ Deliveries, Blobs, Keys int }

// Collect removes what is no longer needed: messages that were sent as wanted
// and have not changed since before, blobs put before then that no last-good
// copy names, and the keys of streams that were closed for good by then. What
// belongs to a stream that is open is kept: no delivery of the incidents in
// keep, and no blob younger than the oldest open stream. Events stay.
func (s *Store) Collect(ctx context.Context, before time.Time, keep []string) (c Collected, err error) {
	kept := map[string]bool{}
	for _, incident := range keep {
		kept[incident] = true
	}
	err = s.write(ctx, "remove what is no longer needed", func(tx *sql.Tx) error {
		if c.Deliveries, err = collectDeliveries(ctx, tx, before, kept); err != nil {
			return err
		}
		if c.Keys, err = removed(tx.ExecContext(ctx, `
			DELETE FROM projection_keys WHERE stream IN (SELECT stream FROM projections WHERE open = 0 AND until <= $1)`, s.opts.Now().UnixNano())); err != nil {
			return err
		}
		c.Blobs, err = removed(tx.ExecContext(ctx, `
			DELETE FROM blobs WHERE at < $1 AND hash NOT IN (SELECT hash FROM last_good) AND at < coalesce(
			(SELECT min(s.first_at) FROM projections p JOIN streams s ON s.stream = p.stream WHERE p.open = 1), $1)`, before.UnixNano()))
		return err
	})
	return c, err
}

func collectDeliveries(ctx context.Context, tx *sql.Tx, before time.Time, kept map[string]bool) (int, error) {
	rows, err := tx.QueryContext(ctx, `SELECT DISTINCT incident FROM deliveries WHERE updated_at < $1 AND wanted_hash = sent_hash`,
		before.UnixNano())
	old, err := collect(rows, err, scanText)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, incident := range old {
		if kept[incident] {
			continue
		}
		gone, err := removed(tx.ExecContext(ctx, `
			DELETE FROM deliveries WHERE incident = $1 AND NOT EXISTS
			(SELECT 1 FROM deliveries d WHERE d.incident = $1 AND (d.updated_at >= $2 OR d.wanted_hash <> d.sent_hash))`, incident, before.UnixNano()))
		if err != nil {
			return n, err
		}
		n += gone
	}
	return n, nil
}

// removed is how many rows a statement removed.
func removed(res sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}
