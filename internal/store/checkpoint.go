package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// headsPerEvent keeps a HeadsRecorded within MaxEventData.
const headsPerEvent = 2000

// recordedHead is where a stream ended at a checkpoint.
type recordedHead struct {
	Stream  string `json:"stream"`
	Version int    `json:"version"`
	Head    string `json:"head"` // hex
}

// headsRecorded is the data of a HeadsRecorded.
type headsRecorded struct {
	Heads []recordedHead `json:"heads"`
}

// Checkpoint appends to [SystemStream] the head of every stream that has grown
// since the last checkpoint; all checkpoints together give every stream's head.
// With nothing new it appends nothing. Call it at intervals and at shutdown:
// what was deleted from the end of a stream shows only up to the last
// checkpoint. Who wants to be safe from somebody who can rewrite the whole file
// keeps the head of [SystemStream] elsewhere.
func (s *Store) Checkpoint(ctx context.Context, at time.Time) error {
	if err := checkTime(at); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return s.write(ctx, "checkpoint", func(tx *sql.Tx) error {
		heads, err := grown(ctx, tx)
		if err != nil || len(heads) == 0 {
			return err
		}
		var events []NewEvent
		for part := range slices.Chunk(heads, headsPerEvent) {
			data, err := json.Marshal(headsRecorded{part})
			if err != nil {
				return err
			}
			events = append(events, NewEvent{Type: TypeHeadsRecorded, TypeVersion: 1, At: at, Data: data})
		}
		if err := s.appendSystem(ctx, tx, events...); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE streams SET checkpointed = version WHERE checkpointed <> version AND stream <> $1`, SystemStream)
		return err
	})
}

// grown lists the heads that no checkpoint has.
func grown(ctx context.Context, q query) ([]recordedHead, error) {
	rows, err := q.QueryContext(ctx, `
		SELECT stream, version, head FROM streams WHERE checkpointed <> version AND stream <> $1 ORDER BY stream`, SystemStream)
	return collect(rows, err, func(rows *sql.Rows) (recordedHead, error) {
		var h recordedHead
		var head []byte
		err := rows.Scan(&h.Stream, &h.Version, &head)
		h.Head = hex.EncodeToString(head)
		return h, err
	})
}
