package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
)

// mostDiffer bounds the problems that Compare lists.
const mostDiffer = 100

// Compare checks that what is kept beside each incident's events follows from them, and lists what does not, bounded. An incident that
// can't be read is a problem too.
func (j Journal) Compare(ctx context.Context) ([]store.Problem, error) {
	streams, err := j.Streams(ctx, streamPrefix)
	if err != nil {
		return nil, err
	}
	var problems []store.Problem
	for _, info := range streams {
		what, err := j.compare(ctx, info.Stream)
		if err != nil {
			return nil, err
		}
		if what == "" {
			continue
		}
		if len(problems) == mostDiffer {
			return append(problems, store.Problem{Stream: info.Stream, What: "and perhaps more; the rest is not listed"}), nil
		}
		problems = append(problems, store.Problem{Stream: info.Stream, What: what})
	}
	return problems, nil
}

func (j Journal) compare(ctx context.Context, stream string) (string, error) {
	s, log, err := j.read(ctx, strings.TrimPrefix(stream, streamPrefix))
	var unreadable *UnreadableError
	if errors.As(err, &unreadable) {
		return "it can't be read: " + unreadable.Reason.Error(), nil
	}
	if err != nil {
		return "", err
	}
	p, err := j.Projection(ctx, stream)
	if errors.Is(err, store.ErrNotFound) {
		return "nothing is kept beside it", nil
	}
	if err != nil {
		return "", err
	}
	if p.Version > s.Version { // it has moved on since
		return "", nil
	}
	if what := differs(p, s, rebuilt(s, log, time.Time{}), len(log) < s.Version); what != "" {
		return "what is kept beside it: " + what, nil
	}
	return "", nil
}
