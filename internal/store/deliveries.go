package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Delivery is one message: what it should look like and what was last sent.
type Delivery struct {
	Incident string
	Slot     string // which of the incident's messages: the caller's name for it
	Channel  string // where it goes; where it is, once sent
	TS       string // the message's id there; empty until first sent

	Wanted     []byte // what it should look like
	WantedHash string // SHA-256 of Wanted, in hex
	SentHash   string // of what was last sent; empty until then

	// SendingAt is when a sending was begun whose outcome was not recorded; zero
	// if there is none. With TS empty it means: it may be there already, look
	// before posting again.
	SendingAt time.Time
	UpdatedAt time.Time
}

// Want records what the message of an incident's slot should look like; it
// reads Incident, Slot, Channel and Wanted (at most [MaxDelivery] bytes). Only
// the newest wish counts. A message that was sent stays in its channel. It
// reports whether the wish is a new one.
func (s *Store) Want(ctx context.Context, d Delivery, at time.Time) (changed bool, err error) {
	what := fmt.Sprintf("want %s of %s", d.Slot, d.Incident)
	if d.Incident == "" || d.Slot == "" || len(d.Incident)+len(d.Slot) > MaxStreamName {
		return false, fmt.Errorf("%s: an incident and a slot are needed, together at most %d bytes", what, MaxStreamName)
	}
	if n := len(d.Wanted); n == 0 || n > MaxDelivery {
		return false, fmt.Errorf("%s: %d bytes; 1 to %d can be sent", what, n, MaxDelivery)
	}
	if err := checkTime(at); err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	hash := hex.EncodeToString(digestOf(d.Wanted))
	var have string // most wishes are no new ones, and who only looks need not wait for who writes
	err = s.db.QueryRowContext(ctx, `SELECT wanted_hash FROM deliveries WHERE incident = $1 AND slot = $2`, d.Incident, d.Slot).Scan(&have)
	if err == nil && have == hash {
		return false, nil
	}
	err = s.write(ctx, what, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `
			INSERT INTO deliveries (incident, slot, channel, ts, wanted, wanted_hash, sent_hash, sending_at, updated_at)
			VALUES ($1, $2, $3, '', $4, $5, '', 0, $6)
			ON CONFLICT (incident, slot) DO UPDATE SET
				wanted = excluded.wanted, wanted_hash = excluded.wanted_hash, updated_at = excluded.updated_at,
				channel = CASE WHEN deliveries.ts = '' THEN excluded.channel ELSE deliveries.channel END
			WHERE deliveries.wanted_hash <> excluded.wanted_hash`,
			d.Incident, d.Slot, d.Channel, d.Wanted, hash, at.UnixNano())
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		changed = n > 0
		return err
	})
	return changed, err
}

// Sending records that a message is about to be sent, so that after a crash it
// is known that it may have been.
func (s *Store) Sending(ctx context.Context, d Delivery, at time.Time) error {
	return s.changeRow(ctx, fmt.Sprintf("record the sending of %s of %s", d.Slot, d.Incident),
		`UPDATE deliveries SET sending_at = $3 WHERE incident = $1 AND slot = $2`, d.Incident, d.Slot, at.UnixNano())
}

// Sent records that d.Wanted is now what people see at d.Channel and d.TS. If
// something else has been wanted since, the delivery stays pending.
func (s *Store) Sent(ctx context.Context, d Delivery, at time.Time) error {
	return s.changeRow(ctx, fmt.Sprintf("record %s of %s as sent", d.Slot, d.Incident), `
		UPDATE deliveries SET channel = $3, ts = $4, sent_hash = $5, sending_at = 0, updated_at = $6
		WHERE incident = $1 AND slot = $2`,
		d.Incident, d.Slot, d.Channel, d.TS, d.WantedHash, at.UnixNano())
}

func (s *Store) changeRow(ctx context.Context, what, statement string, args ...any) error {
	return s.write(ctx, what, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return notFoundUnless(err)
		}
		return nil
	})
}

func notFoundUnless(err error) error {
	if err != nil {
		return err
	}
	return ErrNotFound
}

// HomePrefix begins the channels of notices: a notice's channel and slot are both
// the name of its home. Pending and Deliveries leave notices out.
const HomePrefix = "home:"

// notNotice and isNotice tell notices, and other deliveries, apart.
const (
	notNotice = ` AND substr(channel, 1, 5) <> 'home:'`
	isNotice  = ` AND substr(channel, 1, 5) = 'home:'`
)

// PendingAt lists the deliveries to one channel that don't look as wanted, the
// longest waiting first, at most limit.
func (r *Reader) PendingAt(ctx context.Context, channel string, limit int) ([]Delivery, error) {
	rows, err := r.db.QueryContext(ctx, selectDeliveries+` WHERE wanted_hash <> sent_hash AND channel = $1`+
		` ORDER BY updated_at, incident, slot LIMIT $2`, channel, limit)
	all, err := collect(rows, err, scanDelivery)
	if err != nil {
		return nil, fmt.Errorf("list what waits for %s: %w", channel, err)
	}
	return all, nil
}

// KeepHomes forgets what waits for homes of notices that are not among those,
// for nobody sends it any more. It returns how much that was.
func (s *Store) KeepHomes(ctx context.Context, homes ...string) (n int, err error) {
	var args []any
	var not strings.Builder
	for _, home := range homes {
		args = append(args, home)
		fmt.Fprintf(&not, " AND channel <> $%d", len(args))
	}
	err = s.write(ctx, "forget homes of notices that are gone", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM deliveries WHERE 1 = 1`+isNotice+not.String(), args...)
		if err != nil {
			return err
		}
		gone, err := res.RowsAffected()
		n = int(gone)
		return err
	})
	return n, err
}

// Pending lists deliveries that don't look as wanted, the longest waiting first,
// at most limit; none whose channel is among except, and no notices.
func (r *Reader) Pending(ctx context.Context, limit int, except ...string) ([]Delivery, error) {
	args := []any{limit}
	var not strings.Builder
	for _, channel := range except {
		args = append(args, channel)
		fmt.Fprintf(&not, " AND channel <> $%d", len(args))
	}
	rows, err := r.db.QueryContext(ctx, selectDeliveries+` WHERE wanted_hash <> sent_hash`+notNotice+not.String()+
		` ORDER BY updated_at, incident, slot LIMIT $1`, args...)
	all, err := collect(rows, err, scanDelivery)
	if err != nil {
		return nil, fmt.Errorf("list pending deliveries: %w", err)
	}
	return all, nil
}

// Deliveries lists an incident's deliveries, by slot; no notices.
func (r *Reader) Deliveries(ctx context.Context, incident string) ([]Delivery, error) {
	rows, err := r.db.QueryContext(ctx, selectDeliveries+` WHERE incident = $1`+notNotice+` ORDER BY slot`, incident)
	all, err := collect(rows, err, scanDelivery)
	if err != nil {
		return nil, fmt.Errorf("list deliveries of %s: %w", incident, err)
	}
	return all, nil
}

const selectDeliveries = `SELECT incident, slot, channel, ts, wanted, wanted_hash, sent_hash, sending_at, updated_at FROM deliveries`

func scanDelivery(rows *sql.Rows) (Delivery, error) {
	var d Delivery
	var sending, updated int64
	err := rows.Scan(&d.Incident, &d.Slot, &d.Channel, &d.TS, &d.Wanted, &d.WantedHash, &d.SentHash, &sending, &updated)
	if sending != 0 {
		d.SendingAt = fromNanos(sending)
	}
	d.UpdatedAt = fromNanos(updated)
	return d, err
}

// IncidentAt returns the incident of which a message was sent at that place; "" if none of any incident's was.
func (r *Reader) IncidentAt(ctx context.Context, channel, ts string) (string, error) {
	if channel == "" || ts == "" {
		return "", nil
	}
	var id string
	err := r.db.QueryRowContext(ctx, `SELECT incident FROM deliveries WHERE channel = $1 AND ts = $2 LIMIT 1`, channel, ts).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look whose message is at %s in %s: %w", ts, channel, err)
	}
	return id, nil
}
