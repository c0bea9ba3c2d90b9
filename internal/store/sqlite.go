package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	_ "modernc.org/sqlite" // the database
)

// What only SQLite needs is in this file, in sqlite_*.go and migrate.go;
// the SQL elsewhere is what SQLite and Postgres share.

const (
	readers = 4

	// How long a connection waits for another process that is writing.
	busyWait = 10 * time.Second
)

// Open opens the state in the file at path for reading and writing, makes it if
// it is not there (the file with mode 0600, its folder with 0700), and brings
// its schema up to date. Refused are a file written by a newer program, one that
// is not whole ([ErrDamaged]; its pages are looked at for five seconds at most),
// and one that has several names. Other processes may have it open too.
func Open(ctx context.Context, path string, opts Options) (*Store, error) {
	s, err := openState(ctx, path, opts.withDefaults())
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	return s, nil
}

func openState(ctx context.Context, path string, opts Options) (_ *Store, err error) {
	if path, err = place(path); err != nil {
		return nil, err
	}
	if err := create(ctx, path); err != nil {
		return nil, err
	}
	w, err := sql.Open("sqlite", writerDSN(path))
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(1)
	defer func() {
		if err != nil {
			w.Close()
		}
	}()
	if err := migrate(ctx, path, w); err != nil {
		return nil, asDamage(err)
	}
	r, err := openReader(ctx, path)
	if err != nil {
		return nil, err
	}
	whole, err := checkPages(ctx, r.db, checkWithin)
	if err != nil {
		return nil, errors.Join(asDamage(err), r.Close())
	}
	if !whole {
		opts.Logger.Warn("the state is so large that only a part of it was checked", "path", path, "within", checkWithin)
	}
	r.UseKey(opts.KeyFile)
	r.mustSeal = opts.Seal
	s := &Store{Reader: r, opts: opts, w: w}
	if opts.keyless {
		return s, nil
	}
	if err := s.useKey(ctx); err != nil {
		return nil, errors.Join(asDamage(err), r.Close())
	}
	return s, nil
}

// OpenReadOnly opens the state in the file at path for reading; a process that
// writes may have it open too. The file must be there, and its schema must be
// the one this program knows.
func OpenReadOnly(ctx context.Context, path string) (*Reader, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open state %s: there is no such file; has \"paramedic serve\" run with this state?", path)
	}
	if err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	real, err := place(path)
	if err == nil {
		_, err = exists(real)
	}
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	r, err := openReader(ctx, real)
	if err != nil {
		return nil, fmt.Errorf("open state %s for reading: %w", path, err)
	}
	return r, nil
}

func openReader(ctx context.Context, path string) (*Reader, error) {
	db, err := sql.Open("sqlite", readerDSN(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers)
	if err := checkSchema(ctx, db); err != nil {
		db.Close()
		return nil, asDamage(err)
	}
	return &Reader{path: path, db: db, keyFile: KeyFile(path)}, nil
}

// CheckPages has the database read and compare its pages, for at most d; 0 means
// as long as it takes. Whole says whether it came to the end of them. What is
// damaged is an [ErrDamaged].
func (r *Reader) CheckPages(ctx context.Context, d time.Duration) (whole bool, err error) {
	whole, err = checkPages(ctx, r.db, d)
	return whole, asDamage(err)
}

// writerDSN: WAL, so that readers never wait for the writer. synchronous FULL,
// because an intent recorded before a step must outlive a power cut, or the
// step would run twice; the price is one fsync an append. Transactions begin
// with the write lock, because one that reads first could find on writing that
// another process came between. secure_delete, so that what is purged is
// overwritten.
func writerDSN(path string) string {
	return dsn(path, busyWait, url.Values{
		"_txlock":       {"immediate"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"on"},
		"_pragma":       {"secure_delete(on)"},
	})
}

func readerDSN(path string) string {
	return dsn(path, busyWait, url.Values{"mode": {"ro"}, "_query_only": {"on"}})
}

// dsn names a database whose connections wait for a lock for at most wait.
func dsn(path string, wait time.Duration, params url.Values) string {
	params.Set("_busy_timeout", fmt.Sprint(wait.Milliseconds()))
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: params.Encode()}).String()
}

// scrub moves the write-ahead log into the database and empties it, so that no
// page that was overwritten remains in it.
func scrub(ctx context.Context, w *sql.DB) error {
	var busy, pages, moved int
	if err := w.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return errors.New("a reader held on to it")
	}
	return nil
}
