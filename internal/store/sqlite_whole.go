package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
	"slices"
	"strings"
	"sync"
	"time"
)

// checkWithin bounds the check of a state's pages when it is opened: of a large one as many as can be read by then are checked.
const checkWithin = 5 * time.Second

// ErrDamaged says that a state is not whole: cut off, overwritten, or without what must be in it. Nothing works on it.
var ErrDamaged = errors.New("the state is damaged")

const restore = `stop every paramedic that uses it, move it aside with the -wal and -shm beside it, and restore a backup (docs/install.md, Care). ` +
	`Without one, start anew with no file in its place: what was recorded of incidents, and the last-good copies, are lost`

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s; %s", ErrDamaged, fmt.Sprintf(format, args...), restore)
}

// asDamage turns what SQLite says of a broken file into ErrDamaged; other errors stay.
func asDamage(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_CORRUPT:
			return damaged("%v", err)
		case sqlite3.SQLITE_NOTADB:
			return fmt.Errorf("%w: it is no state of paramedic's, or its beginning was overwritten; if it was one, %s", err, restore)
		}
	}
	return err
}

// checkPages has SQLite read every page (https://www.sqlite.org/pragma.html#pragma_quick_check), for at most d, if d is not 0. Whole says
// whether it came to the end.
func checkPages(ctx context.Context, db *sql.DB, d time.Duration) (whole bool, err error) {
	within, cancel := context.WithCancel(ctx)
	if d > 0 {
		within, cancel = context.WithTimeout(ctx, d)
	}
	defer cancel()
	var first string
	err = db.QueryRowContext(within, `PRAGMA quick_check(1)`).Scan(&first)
	if within.Err() != nil {
		return false, ctx.Err()
	}
	if err == nil && first != "ok" {
		err = damaged("%s", strings.ReplaceAll(first, "\n", " "))
	}
	return err == nil, err
}

// checkParts fails unless all tables, their columns and the indexes are there that the schema has.
func checkParts(ctx context.Context, q query) error {
	want, err := schemaParts()
	if err != nil {
		return err
	}
	have, err := parts(ctx, q)
	if err != nil {
		return err
	}
	var missing []string
	for _, p := range want {
		table, _, isColumn := strings.Cut(strings.TrimPrefix(p, "column "), ".")
		if isColumn && slices.Contains(missing, "table "+table) {
			continue // said already
		}
		if _, ok := slices.BinarySearch(have, p); !ok {
			missing = append(missing, p)
		}
	}
	if n := len(missing); n > 0 {
		return damaged("it says that its schema is complete, and %d parts of it are missing: %s", n, strings.Join(missing[:min(n, 4)], ", "))
	}
	return nil
}

// parts are the tables, their columns and the indexes of a database, in order: "table events", "column events.hash".
func parts(ctx context.Context, q query) ([]string, error) {
	rows, err := q.QueryContext(ctx, `
		SELECT type || ' ' || name FROM sqlite_master WHERE type IN ('table', 'index', 'trigger', 'view')
		UNION ALL
		SELECT 'column ' || t.name || '.' || c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'`)
	list, err := collect(rows, err, func(r *sql.Rows) (name string, err error) {
		err = r.Scan(&name)
		return name, err
	})
	slices.Sort(list)
	return list, err
}

// schemaParts are those of an empty state, made once in memory; tables come before their columns.
var schemaParts = sync.OnceValues(func() ([]string, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // each connection would have a memory of its own
	ctx := context.Background()
	if err := bringForward(ctx, db); err != nil {
		return nil, err
	}
	list, err := parts(ctx, db)
	slices.Reverse(list) // tables before their columns
	return slices.DeleteFunc(list, func(p string) bool {
		return strings.HasPrefix(p, "table sqlite_") || strings.HasPrefix(p, "column sqlite_")
	}), err
})
