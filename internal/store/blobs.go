package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// PutBlob keeps data and returns its name, the SHA-256 in hex. The same data
// twice is kept once, as the younger. At most [MaxBlob] bytes. [Store.Collect]
// removes what has grown old.
func (s *Store) PutBlob(ctx context.Context, data []byte) (hash string, err error) {
	if len(data) > MaxBlob {
		return "", fmt.Errorf("keep a blob: it has %d bytes, at most %d can be kept", len(data), MaxBlob)
	}
	if data == nil {
		data = []byte{}
	}
	hash = hex.EncodeToString(digestOf(data))
	err = s.write(ctx, "keep a blob", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO blobs (hash, data, at) VALUES ($1, $2, $3) ON CONFLICT (hash) DO UPDATE SET at = excluded.at, data = excluded.data`,
			hash, data, s.opts.Now().UnixNano())
		return err
	})
	if err != nil {
		return "", err
	}
	return hash, nil
}

// Blob returns the data of that name, [ErrNotFound] if there is none. Data that
// no longer matches its name is an error, not data.
func (r *Reader) Blob(ctx context.Context, hash string) ([]byte, error) {
	data := []byte{}
	err := r.db.QueryRowContext(ctx, `SELECT data FROM blobs WHERE hash = $1`, hash).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("blob %.64s: %w", hash, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read blob %.64s: %w", hash, err)
	}
	want, err := hex.DecodeString(hash)
	if err != nil || !bytes.Equal(digestOf(data), want) {
		return nil, fmt.Errorf("blob %.64s: its data was changed after it was kept", hash)
	}
	return data, nil
}

// lastGoodKept is how many different contents are remembered for a key.
const lastGoodKept = 5

// Good is a content that was seen while all was well.
type Good struct {
	Hash string    // of its blob
	At   time.Time // when it was last seen good
}

// SetLastGood records that the blob hash was what key held while all was well.
// The blob must have been put. The same content again only moves its time on;
// the newest five contents are remembered.
func (s *Store) SetLastGood(ctx context.Context, key, hash string, at time.Time) error {
	what := "record the last good " + key
	if s.mustSeal && s.signs == nil {
		return fmt.Errorf("%s: nothing is kept while the record has no key; “paramedic doctor” says why", what)
	}
	if key == "" || len(key) > MaxStreamName {
		return fmt.Errorf("%s: a key has 1 to %d bytes", what, MaxStreamName)
	}
	if err := checkTime(at); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return s.write(ctx, what, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM blobs WHERE hash = $1`, hash).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("blob %.64s: %w: put it first", hash, ErrNotFound)
		}
		var mac []byte
		if s.signs != nil {
			mac = s.signs.copyMAC(key, hash, at.UnixNano())
		}
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO last_good (key, hash, at, mac) VALUES ($1, $2, $3, $4)
			ON CONFLICT (key, hash) DO UPDATE SET at = excluded.at, mac = excluded.mac WHERE excluded.at > last_good.at`,
			key, hash, at.UnixNano(), mac); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			DELETE FROM last_good WHERE key = $1 AND hash NOT IN
			(SELECT hash FROM last_good WHERE key = $1 ORDER BY at DESC, hash LIMIT $2)`, key, lastGoodKept)
		return err
	})
}

// LastGood returns what key held when all was last well; ok is false if that
// was never recorded.
func (r *Reader) LastGood(ctx context.Context, key string) (g Good, ok bool, err error) {
	all, err := r.LastGoods(ctx, key)
	if err != nil || len(all) == 0 {
		return Good{}, false, err
	}
	return all[0], true, nil
}

// ErrForged says that what is kept as a last-good copy was put there by somebody who has not the record's key.
var ErrForged = errors.New("it was not kept by this Paramedic")

// LastGoods returns what is remembered of key, newest first. In a sealed record
// everything under the key must have been kept with the record's key: otherwise
// the error is [ErrForged], and nothing is returned.
func (r *Reader) LastGoods(ctx context.Context, key string) ([]Good, error) {
	what := "read the last good " + key
	v, err := r.vouch(ctx, r.db)
	if err == nil && v.why != "" {
		err = fmt.Errorf("%w, as far as anybody can tell: %s", ErrForged, v.why)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	rows, err := r.db.QueryContext(ctx, `SELECT key, hash, at, mac FROM last_good WHERE key = $1 ORDER BY at DESC, hash`, key)
	all, err := collect(rows, err, scanCopy)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	var good []Good
	for _, g := range all {
		if v.key != nil && !v.key.signed(g) {
			return nil, fmt.Errorf("%s: the copy %.12s: %w; see “paramedic audit verify”", what, g.hash, ErrForged)
		}
		good = append(good, Good{Hash: g.hash, At: fromNanos(g.at)})
	}
	return good, nil
}

// LastGoodKeys lists what is remembered, by key.
func (r *Reader) LastGoodKeys(ctx context.Context) ([]string, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT DISTINCT key FROM last_good ORDER BY key`)
	keys, err := collect(rows, err, scanText)
	if err != nil {
		return nil, fmt.Errorf("list what was last good: %w", err)
	}
	return keys, nil
}
