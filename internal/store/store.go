package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"
)

// ErrConflict says that a stream no longer has the version the caller expected:
// somebody else appended. Load what is new, decide again, append again.
var ErrConflict = errors.New("the stream has moved on")

// ErrTooLarge says that an event has more than [MaxEventData] bytes.
var ErrTooLarge = errors.New("too large")

// ErrNotFound says that there is no such event, blob or delivery.
var ErrNotFound = errors.New("not found")

// Limits, so that no caller can grow the state without bound by one call.
const (
	MaxStreamName  = 200     // characters in a stream's name
	MaxTypeName    = 100     // characters in an event's type
	MaxEventData   = 1 << 20 // bytes in one event; what is larger is a blob
	MaxEvents      = 10000   // events in one append
	MaxKey         = 1000    // bytes in the name of a key, and in its value
	MaxBlob        = 32 << 20
	MaxDelivery    = 1 << 20 // bytes in one message to be delivered
	MaxVector      = 16384   // dimensions of an embedding
	MaxPurgeReason = 500     // bytes
)

// Event is one entry of a stream, as stored.
type Event struct {
	Stream      string
	Version     int // position in the stream, from 1
	Type        string
	TypeVersion int       // version of Type's encoding; old ones are upcast by whoever reads
	At          time.Time // UTC, to the nanosecond
	Data        []byte    // the very bytes that were hashed; what was left of them if purged, nil for nothing
	Digest      []byte    // SHA-256 of Data
	Prev        []byte    // Hash of the event before; 32 zero bytes for the first
	Hash        []byte    // see chain.go

	Purged      bool   // Data was removed on purpose, or replaced
	PurgeReason string // why; empty unless Purged
}

// NewEvent is an event about to be appended. At must not be zero. Data may be
// empty and is at most [MaxEventData] bytes.
type NewEvent struct {
	Type        string
	TypeVersion int
	At          time.Time
	Data        []byte
}

// StreamInfo is what is known of a stream without reading it.
type StreamInfo struct {
	Stream  string
	Version int    // version of its last event
	Head    []byte // hash of its last event
	FirstAt time.Time
	LastAt  time.Time

	Tip []byte // what only the key's owner can make of it; nil: written without the key
}

// Options are what a Store needs from outside. The zero value works.
type Options struct {
	Now    func() time.Time // the clock of FirstSeen, Purge, PutBlob and TakeDuty; nil means time.Now
	Logger *slog.Logger     // nil discards

	// KeyFile holds the key that the record is sealed with; empty: [KeyFile] of the state.
	KeyFile string
	// Seal says that the record's word will be acted upon, so that it must be sealed: at the first start the key is made, unless KeyFile names
	// another place than the one beside the state, and the record sealed. If the key is not there later, or is another one, the state is
	// opened all the same and Verify says so: what is appended then does not count.
	Seal bool

	keyless bool // whatever the key is
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Reader reads the state. It is what [OpenReadOnly] gives and what every
// [Store] has.
type Reader struct {
	path     string
	db       *sql.DB // a pool of read-only connections
	keyFile  string
	mustSeal bool
}

// Store reads and writes the state.
type Store struct {
	*Reader
	opts  Options
	w     *sql.DB // the one connection that writes
	signs *key    // what is written is signed with it; nil: the record is not sealed, or its key is not there
}

// Path is the file that holds the state.
func (r *Reader) Path() string { return r.path }

// UseKey says where the record's key is, if not beside the state; empty: there.
func (r *Reader) UseKey(file string) {
	if file == "" {
		file = KeyFile(r.path)
	}
	r.keyFile = file
}

// Close closes the connections. End the [Duty] first.
func (r *Reader) Close() error { return r.db.Close() }

// Close closes the connections. End the [Duty] first.
func (s *Store) Close() error { return errors.Join(s.Reader.Close(), s.w.Close()) }

// write runs f in a transaction of the writing connection. It says what was
// being done when it fails. Nothing but SQL may happen in f.
func (s *Store) write(ctx context.Context, what string, f func(*sql.Tx) error) error {
	err := func() error {
		tx, err := s.w.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // no effect once committed
		if err := f(tx); err != nil {
			return err
		}
		return tx.Commit()
	}()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// query is what reading needs of a *sql.DB or a *sql.Tx.
type query interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// collect scans every row with scan and closes the rows.
func collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// onlyRow is the one row that there can be; [ErrNotFound] if there is none.
func onlyRow[T any](rows []T, err error, what string) (T, error) {
	var none T
	switch {
	case err != nil:
		return none, fmt.Errorf("%s: %w", what, err)
	case len(rows) == 0:
		return none, fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	return rows[0], nil
}

var streamName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]*$`)

func checkStream(stream string) error {
	if len(stream) > MaxStreamName || !streamName.MatchString(stream) {
		return fmt.Errorf("stream name %.40q: use 1 to %d letters, digits and . _ : / -", stream, MaxStreamName)
	}
	return nil
}

// Times are kept as nanoseconds since 1970: exact, and the same in every
// database. Those fit the years 1678 to 2262; the zero time is far outside, and
// what is outside 1900 to 2200 is a mistake.
func checkTime(t time.Time) error {
	if y := t.Year(); y < 1900 || y > 2200 {
		return fmt.Errorf("time %v is not one that can be stored", t)
	}
	return nil
}

func fromNanos(n int64) time.Time { return time.Unix(0, n).UTC() }
