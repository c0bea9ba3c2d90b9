package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// create makes a state that is not there yet: beside its place, with all that
// belongs into it, and then moved there. So what has its name is never half a
// state of a process that was killed, and an empty file is none at all.
func create(ctx context.Context, path string) error {
	if there, err := exists(path); there || err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	l, err := takeLock(ctx, path, busyWait)
	if err != nil {
		return fmt.Errorf("make it: %w", err)
	}
	defer func() { _ = l.release() }() // the lock ends with the process at the latest
	if there, err := exists(path); there || err != nil {
		return err // somebody else was faster
	}
	for _, beside := range []string{"-wal", "-shm"} {
		if there, err := exists(path + beside); there || err != nil {
			return errors.Join(err, damaged("the file is gone, but %s%s is there, which holds what was written last", filepath.Base(path), beside))
		}
	}
	fresh := path + ".new"
	for _, name := range []string{fresh, fresh + "-wal", fresh + "-shm", fresh + "-journal"} { // of a process that was killed
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := createFile(fresh); err != nil {
		return err
	}
	if err := fill(ctx, fresh); err != nil {
		return errors.Join(fmt.Errorf("make it: %w", err), os.Remove(fresh))
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// fill makes all tables in an empty database. Closed, it has no write-ahead log.
func fill(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", writerDSN(path))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	return errors.Join(bringForward(ctx, db), db.Close())
}

// exists says whether a file is there; an empty one is no state.
func exists(path string) (bool, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case info.Size() == 0 && !strings.HasSuffix(path, "-wal") && !strings.HasSuffix(path, "-shm"):
		return false, damaged("the file is empty")
	}
	return info.Size() > 0, nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// createFile makes an empty file that only its owner can read. SQLite gives the
// files it adds (-wal, -shm) the same mode. A file that exists is not opened
// here: closing it would drop the locks that SQLite holds on it elsewhere in
// this process (a rule of POSIX locks).
func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}
