package storetest

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// Raw is the file of a state as somebody sees it who goes around the store.
func Raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", strings.NewReplacer("?", "%3f", "#", "%23", "%", "%25").Replace("file:"+path)+"?_busy_timeout=5000")
	ok(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// Forge appends an event as somebody does who can write the file and knows how hashes are made, but has not the key.
func Forge(t *testing.T, path, stream, typ, data string) {
	t.Helper()
	db, ctx := Raw(t, path), t.Context()
	var version int
	var prev []byte
	err := db.QueryRowContext(ctx, `SELECT version, head FROM streams WHERE stream = ?`, stream).Scan(&version, &prev)
	fresh := errors.Is(err, sql.ErrNoRows)
	if fresh {
		prev, err = make([]byte, 32), nil
	}
	ok(t, err)
	sum := sha256.Sum256([]byte(data))
	h := sha256.New()
	number := func(n int64) { ok(t, binary.Write(h, binary.BigEndian, n)) }
	text := func(b []byte) { number(int64(len(b))); h.Write(b) }
	for _, b := range [][]byte{[]byte("paramedic event 1"), prev, []byte(stream)} {
		text(b)
	}
	number(int64(version + 1))
	text([]byte(typ))
	number(1)
	number(start.UnixNano())
	text(sum[:])
	hash := h.Sum(nil)
	exec := func(q string, args ...any) {
		if _, err := db.ExecContext(ctx, q, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`INSERT INTO events (stream, version, type, type_version, at, data, digest, prev, hash) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?)`,
		stream, version+1, typ, start.UnixNano(), []byte(data), sum[:], prev, hash)
	if fresh {
		exec(`INSERT INTO streams (stream, version, head, first_at, last_at, checkpointed) VALUES (?, 1, ?, ?, ?, 0)`, stream, hash,
			start.UnixNano(), start.UnixNano())
	} else {
		exec(`UPDATE streams SET version = ?, head = ? WHERE stream = ?`, version+1, hash, stream)
	}
}
