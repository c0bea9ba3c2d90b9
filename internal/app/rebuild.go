package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
)

// Rebuild makes the projections of all incidents of a state anew, and says how many there are. Nothing else may work on the state.
func Rebuild(ctx context.Context, path, keyFile string) (n int, err error) {
	st, err := openExisting(ctx, path, keyFile)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	duty, err := st.TakeDuty(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, duty.End()) }()
	infos, err := st.Streams(ctx, streamPrefix)
	if err != nil {
		return 0, err
	}
	streams := make([]string, len(infos))
	for i, info := range infos {
		streams[i] = info.Stream
	}
	l := &ledger{Journal: NewJournal(st.Reader), store: st, now: time.Now}
	return len(streams), l.rebuildAll(ctx, streams)
}

// rebuildAtOnce bounds the projections that are written in one transaction.
const rebuildAtOnce = 500

// rebuild makes the projections of incidents that were written by a program which kept none.
func (l *ledger) rebuild(ctx context.Context, logger *slog.Logger) error {
	streams, err := l.store.Unprojected(ctx, streamPrefix)
	if err != nil || len(streams) == 0 {
		return err
	}
	logger.Info("making what is kept beside the records of incidents", "incidents", len(streams))
	return l.rebuildAll(ctx, streams)
}

func (l *ledger) rebuildAll(ctx context.Context, streams []string) error {
	for part := range slices.Chunk(streams, rebuildAtOnce) {
		var all []store.Rebuilt
		for _, stream := range part {
			s, log, err := l.read(ctx, strings.TrimPrefix(stream, streamPrefix))
			aside, failed := l.setAside(ctx, err)
			if aside && failed == nil {
				continue
			}
			if err := errors.Join(err, failed); err != nil {
				return err
			}
			all = append(all, store.Rebuilt{Stream: stream, Version: s.Version, Change: rebuilt(s, log, l.now())})
		}
		if err := l.store.Rebuild(ctx, all...); err != nil {
			return err
		}
	}
	return nil
}
