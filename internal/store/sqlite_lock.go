package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var errLocked = errors.New("another process is working on this state; stop it first (most often a \"paramedic serve\" that still runs)")

// lock keeps a second process from working the same jobs or changing the
// schema. It is a transaction held open on a database beside the state: SQLite
// locks files alike on every system, and the system lets go when the process
// dies, however it dies.
type lock struct {
	db *sql.DB
	tx *sql.Tx
}

// takeLock waits for the lock for at most wait, then fails with errLocked.
func takeLock(ctx context.Context, path string, wait time.Duration) (*lock, error) {
	if err := createFile(path + ".lock"); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path+".lock", wait, url.Values{"_txlock": {"immediate"}}))
	if err != nil {
		return nil, err
	}
	// The transaction outlives ctx: it ends with release.
	tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		db.Close()
		if isBusy(err) {
			return nil, errLocked
		}
		return nil, fmt.Errorf("lock %s.lock: %w", path, err)
	}
	return &lock{db, tx}, nil
}

func (l *lock) release() error {
	return errors.Join(l.tx.Rollback(), l.db.Close())
}

func isBusy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}
