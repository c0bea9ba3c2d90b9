package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
)

// schemaFS holds one file for each version of the schema, in order. A file that
// was released is never changed.
//
//go:embed schema/sqlite/*.sql
var schemaFS embed.FS

func schemaFiles() ([]string, error) { return fs.Glob(schemaFS, "schema/sqlite/*.sql") }

// migrate brings the tables forward to what this program knows. It takes the
// lock only if there is something to do. It fails if the state is newer than
// this program.
func migrate(ctx context.Context, path string, w *sql.DB) error {
	files, err := schemaFiles()
	if err != nil {
		return err
	}
	have, err := schemaVersion(ctx, w)
	switch {
	case err != nil:
		return err
	case have == 0:
		return errNoSchema()
	case have > len(files):
		return errNewer(have, len(files))
	case have == len(files):
		return nil
	}
	l, err := takeLock(ctx, path, busyWait)
	if err != nil {
		return fmt.Errorf("its schema must be brought up to date first: %w", err)
	}
	defer func() { _ = l.release() }() // the lock ends with the process at the latest
	return bringForward(ctx, w)
}

// bringForward runs the files that were not run yet, all in one transaction. Whoever else may do so must be locked out.
func bringForward(ctx context.Context, w *sql.DB) error {
	if err := runSchema(ctx, w); err != nil {
		return fmt.Errorf("bring its schema up to date: %w", err)
	}
	return nil
}

func runSchema(ctx context.Context, w *sql.DB) error {
	files, err := schemaFiles()
	if err != nil {
		return err
	}
	tx, err := w.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // no effect once committed
	have, err := schemaVersion(ctx, tx)
	if err != nil {
		return err
	}
	if have == 0 {
		if _, err := tx.ExecContext(ctx, `CREATE TABLE schema_versions (version BIGINT NOT NULL PRIMARY KEY)`); err != nil {
			return err
		}
	}
	for v := have; v < len(files); v++ {
		statements, err := schemaFS.ReadFile(files[v])
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, string(statements)); err != nil {
			return fmt.Errorf("%s: %w", files[v], err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO schema_versions (version) VALUES ($1)`, v+1); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// schemaVersion is the newest version in the table of them, 0 if there is no
// such table.
func schemaVersion(ctx context.Context, q query) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_versions'`).Scan(&n)
	if err != nil || n == 0 {
		return 0, err
	}
	err = q.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM schema_versions`).Scan(&n)
	return n, err
}

// checkSchema fails unless the state has the schema this program knows.
func checkSchema(ctx context.Context, q query) error {
	have, err := schemaVersion(ctx, q)
	if err != nil {
		return err
	}
	files, err := schemaFiles()
	switch {
	case err != nil:
		return err
	case have > len(files):
		return errNewer(have, len(files))
	case have == 0:
		return errNoSchema()
	case have < len(files):
		return fmt.Errorf("its schema is version %d, this program needs %d: start \"paramedic serve\" of this version once, it brings the "+
			"state up to date", have, len(files))
	}
	return checkParts(ctx, q)
}

func errNoSchema() error { return damaged("nothing in it says which schema it has") }

func errNewer(have, know int) error {
	return fmt.Errorf("its schema is version %d, this program knows %d: it was written by a newer paramedic; use that one, or restore the "+
		"state from before", have, know)
}
