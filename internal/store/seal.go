package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"os"
	"slices"
	"time"
)

// sealedStream is how far a stream had come when the record was sealed. Sum,
// where it is set, covers all of its events: their own hashes can't be made
// again then, because the key that they were made with is lost.
type sealedStream struct {
	Stream  string `json:"stream"`
	Version int    `json:"version"`
	Head    string `json:"head"` // hex
	Sum     string `json:"sum,omitempty"`
}

// recordSealed is the data of a RecordSealed: what was written up to here counts, although it was not written with the key that this event
// is written with. What comes after it counts only if it was.
type recordSealed struct {
	Streams []sealedStream `json:"streams"`
	By      string         `json:"by,omitempty"` // the person who decided so; empty at the first start
}

const sumLabel = "paramedic sum 1"

// addSum adds an event to the sum of its stream.
func addSum(h hash.Hash, e Event) {
	putEvent(h, sumLabel, e.Prev, e.Stream, e.Version, e.Type, e.TypeVersion, e.At, e.Digest)
	putBytes(h, e.Hash)
}

// vouching is what the record's key can do for it: key is set if it is the
// right one. Otherwise why says what is wrong, where something is.
type vouching struct {
	key    *key
	sealed bool
	why    string
}

func (r *Reader) vouch(ctx context.Context, q query) (vouching, error) {
	seal, sealed, err := newestSeal(ctx, q)
	if err != nil {
		return vouching{}, err
	}
	k, failed := readKey(r.keyFile)
	switch {
	case sealed && k == nil:
		return vouching{sealed: true, why: fmt.Sprintf("the record is sealed, and without its key nobody can tell who wrote it: %v", failed)}, nil
	case sealed && !k.made(seal):
		return vouching{sealed: true, why: fmt.Sprintf("the record was sealed with another key than the one in %s", r.keyFile)}, nil
	case sealed:
		return vouching{key: k, sealed: true}, nil
	case k == nil && r.mustSeal:
		return vouching{why: fmt.Sprintf("the record is not sealed by a key: %v", failed)}, nil
	case k == nil:
		return vouching{}, nil
	}
	_, err = newestStream(ctx, q)
	if errors.Is(err, sql.ErrNoRows) {
		return vouching{}, nil // nothing was recorded yet
	}
	return vouching{why: fmt.Sprintf("there is a key in %s and the record is not sealed by it: it is a copy from before there was a key, or "+
		"somebody wrote it anew", r.keyFile)}, err
}

// newestSeal finds the event by which the record was last sealed.
func newestSeal(ctx context.Context, q query) (e Event, ok bool, err error) {
	rows, err := q.QueryContext(ctx, selectEvents+` WHERE stream = 'system' AND type = 'RecordSealed' ORDER BY version DESC LIMIT 1`)
	found, err := collect(rows, err, scanEvent)
	if err != nil || len(found) == 0 {
		return Event{}, false, err
	}
	return found[0], true, nil
}

// newestStream is when something was last recorded; sql.ErrNoRows if nothing ever was.
func newestStream(ctx context.Context, q query) (time.Time, error) {
	var at sql.NullInt64
	err := q.QueryRowContext(ctx, `SELECT max(last_at) FROM streams`).Scan(&at)
	if err == nil && !at.Valid {
		err = sql.ErrNoRows
	}
	return fromNanos(at.Int64), err
}

// Newest is the time of the newest event; zero if there is none.
func (r *Reader) Newest(ctx context.Context) (time.Time, error) {
	at, err := newestStream(ctx, r.db)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("look when something was last recorded: %w", err)
	}
	return at, nil
}

// useKey finds out with what this store writes. Who acts on the record's word
// has it sealed, and if it can't be, goes on without: nothing counts then. Who
// only adds to it must have the key.
func (s *Store) useKey(ctx context.Context) error {
	v, err := s.vouch(ctx, s.db)
	if err != nil {
		return err
	}
	switch {
	case v.key != nil:
		s.signs = v.key
		return nil
	case s.opts.Seal:
		return s.useSeal(ctx, v)
	case v.sealed:
		return fmt.Errorf("%s; say with --key where it is, or see “paramedic audit verify”", v.why)
	}
	return nil
}

func (s *Store) useSeal(ctx context.Context, v vouching) error {
	beside := s.opts.KeyFile == ""
	fresh := s.keyFile + ".new" // is renamed once the record is sealed by it, so that a key in its place is one that sealed something
	_, missing := readKey(s.keyFile)
	switch {
	case beside && v.sealed && errors.Is(missing, errNoKey):
		return s.finishKey(ctx, fresh)
	case v.sealed:
		return nil
	case beside && errors.Is(missing, errNoKey):
		return s.firstKey(ctx, fresh)
	case missing != nil:
		return nil //nolint:nilerr // the record is not sealed yet, and what is wrong with the key Verify says
	}
	if _, err := newestStream(ctx, s.db); !errors.Is(err, sql.ErrNoRows) {
		return err // what is there was not written with this key: a person decides
	}
	k, err := readKey(s.keyFile)
	if err != nil {
		return err
	}
	return s.seal(ctx, k, recordSealed{}, nil)
}

// firstKey makes the record's key, and seals with it what was recorded before there were keys.
func (s *Store) firstKey(ctx context.Context, fresh string) error {
	l, err := takeLock(ctx, s.path, busyWait)
	if err != nil {
		return fmt.Errorf("seal the record with a key: %w", err)
	}
	defer func() { _ = l.release() }() // the lock ends with the process at the latest
	if v, err := s.vouch(ctx, s.db); err != nil || v.key != nil || v.sealed {
		s.signs = v.key
		return err // somebody else was faster
	}
	if err := os.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) { // of a process that was killed, which sealed nothing
		return err
	}
	k, err := newKey(fresh)
	if err == nil {
		err = s.seal(ctx, k, recordSealed{}, nil)
	}
	if err == nil {
		err = os.Rename(fresh, s.keyFile)
	}
	if err != nil {
		return fmt.Errorf("seal the record with a key: %w", err)
	}
	s.opts.Logger.Info("this is the first start with this state: who approved what is kept there, and the key proves that nobody has changed "+
		"it since; keep copies of the two in different places", "state", s.path, "key", s.keyFile)
	return nil
}

// finishKey puts the key in its place that a process made which was killed.
func (s *Store) finishKey(ctx context.Context, fresh string) error {
	seal, _, err := newestSeal(ctx, s.db)
	if err != nil {
		return err
	}
	if k, err := readKey(fresh); err == nil && k.made(seal) {
		s.signs = k
		return os.Rename(fresh, s.keyFile)
	}
	return nil
}

// seal records that what is there counts, last-good copies and all, and signs
// from then on.
func (s *Store) seal(ctx context.Context, k *key, r recordSealed, sums map[string][]byte) error {
	return s.write(ctx, "seal the record", func(tx *sql.Tx) error {
		infos, err := listStreams(ctx, tx, "")
		if err != nil {
			return err
		}
		for _, i := range infos {
			r.Streams = append(r.Streams, sealedStream{i.Stream, i.Version, hex.EncodeToString(i.Head), hex.EncodeToString(sums[i.Stream])})
			if _, err := tx.ExecContext(ctx, `UPDATE streams SET tip = $2 WHERE stream = $1`, i.Stream,
				k.tip(i.Stream, i.Version, i.Head)); err != nil {
				return err
			}
		}
		if err := signCopies(ctx, tx, k); err != nil {
			return err
		}
		var events []NewEvent
		for part := range slices.Chunk(r.Streams, headsPerEvent) {
			events = append(events, sealEvent(recordSealed{part, r.By}, s.opts.Now()))
		}
		if len(events) == 0 {
			events = []NewEvent{sealEvent(recordSealed{[]sealedStream{}, r.By}, s.opts.Now())}
		}
		s.signs = k
		return s.appendSystem(ctx, tx, events...)
	})
}

func sealEvent(r recordSealed, at time.Time) NewEvent {
	data, err := json.Marshal(r)
	if err != nil { // texts and numbers always encode
		panic(err)
	}
	return NewEvent{Type: TypeRecordSealed, TypeVersion: 1, At: at, Data: data}
}

type goodRow struct {
	key, hash string
	at        int64
	mac       []byte
}

func listCopies(ctx context.Context, q query) ([]goodRow, error) {
	rows, err := q.QueryContext(ctx, `SELECT key, hash, at, mac FROM last_good ORDER BY key, hash`)
	return collect(rows, err, scanCopy)
}

func scanCopy(rows *sql.Rows) (g goodRow, err error) {
	err = rows.Scan(&g.key, &g.hash, &g.at, &g.mac)
	return g, err
}

func (k *key) signed(g goodRow) bool { return hmac.Equal(g.mac, k.copyMAC(g.key, g.hash, g.at)) }

func signCopies(ctx context.Context, tx *sql.Tx, k *key) error {
	copies, err := listCopies(ctx, tx)
	if err != nil {
		return err
	}
	for _, g := range copies {
		if _, err := tx.ExecContext(ctx, `UPDATE last_good SET mac = $3 WHERE key = $1 AND hash = $2`, g.key, g.hash,
			k.copyMAC(g.key, g.hash, g.at)); err != nil {
			return err
		}
	}
	return nil
}

// Resealed says what [Reseal] did.
type Resealed struct {
	Streams int
	Lost    bool // what was written with another key counts by the word of the person alone
	Copies  int  // last-good copies that nobody can vouch for, and that are forgotten
}

// Reseal seals the record as it is with the key, which is made if it belongs
// beside the state and is not there: by a person's decision, what was recorded
// without the key counts from now on. Nothing else may work on the state.
func Reseal(ctx context.Context, path, keyFile, by string) (done Resealed, err error) {
	s, err := openState(ctx, path, Options{KeyFile: keyFile, keyless: true}.withDefaults())
	if err != nil {
		return done, fmt.Errorf("open state %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	d, err := s.TakeDuty(ctx)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, d.End()) }()
	k, err := readKey(s.keyFile)
	if errors.Is(err, errNoKey) && keyFile == "" {
		k, err = newKey(s.keyFile)
	}
	if err != nil {
		return done, err
	}
	seal, sealed, err := newestSeal(ctx, s.db)
	if err != nil {
		return done, err
	}
	var sums map[string][]byte
	if done.Lost = sealed && !k.made(seal); done.Lost {
		if sums, err = s.sums(ctx); err != nil {
			return done, err
		}
	}
	if done.Copies, err = s.forgetCopies(ctx, k); err != nil {
		return done, err
	}
	infos, err := s.Streams(ctx, "")
	if err != nil {
		return done, err
	}
	done.Streams = len(infos)
	return done, s.seal(ctx, k, recordSealed{By: by}, sums)
}

// sums adds up the events of every stream.
func (r *Reader) sums(ctx context.Context) (map[string][]byte, error) {
	all := map[string]hash.Hash{}
	err := eachEvent(ctx, r.db, ` ORDER BY stream, version`, func(e Event) {
		if all[e.Stream] == nil {
			all[e.Stream] = sha256.New()
		}
		addSum(all[e.Stream], e)
	})
	sums := map[string][]byte{}
	for stream, h := range all {
		sums[stream] = h.Sum(nil)
	}
	return sums, err
}

// forgetCopies removes the last-good copies that were not kept with the key.
func (s *Store) forgetCopies(ctx context.Context, k *key) (n int, err error) {
	err = s.write(ctx, "forget last-good copies", func(tx *sql.Tx) error {
		copies, err := listCopies(ctx, tx)
		if err != nil {
			return err
		}
		for _, g := range copies {
			if k.signed(g) {
				continue
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM last_good WHERE key = $1 AND hash = $2`, g.key, g.hash); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}
