package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"
)

// FirstSeen reports whether this is the first time that id is seen in scope,
// and remembers it for keep. It is how a request that comes again (a retried
// webhook, a redelivered envelope) is answered once. An id may be of any length.
func (s *Store) FirstSeen(ctx context.Context, scope, id string, keep time.Duration) (first bool, err error) {
	what := "remember an id of " + scope
	if scope == "" || len(scope) > MaxStreamName || keep <= 0 {
		return false, fmt.Errorf("%s: a scope of 1 to %d bytes and a time to keep it are needed", what, MaxStreamName)
	}
	now := s.opts.Now()
	if err := checkTime(now); err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	err = s.write(ctx, what, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM seen WHERE until <= $1`, now.UnixNano()); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO seen (scope, id, until) VALUES ($1, $2, $3) ON CONFLICT (scope, id) DO NOTHING`,
			scope, hex.EncodeToString(digestOf([]byte(id))), now.Add(keep).UnixNano())
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		first = n == 1
		return err
	})
	return first, err
}

// Seen says whether an id is remembered in scope, without remembering it. One
// whose time is over may still be.
func (r *Reader) Seen(ctx context.Context, scope, id string) (seen bool, err error) {
	err = r.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM seen WHERE scope = $1 AND id = $2)`,
		scope, hex.EncodeToString(digestOf([]byte(id)))).Scan(&seen)
	if err != nil {
		return false, fmt.Errorf("look for an id of %s: %w", scope, err)
	}
	return seen, nil
}
