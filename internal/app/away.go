package app

import (
	"context"
	"errors"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// absence is since when the API server does not answer. It is safe for concurrent use; the zero value says that it does.
type absence struct {
	mu    sync.Mutex
	since time.Time
}

// noted takes note of how a look ended, and returns since when the server has been away; zero where it is not.
func (a *absence) noted(err error, now time.Time) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err == nil:
		a.since = time.Time{}
	case cluster.Away(err) && a.since.IsZero():
		a.since = now
	}
	return a.since
}

// withoutTheCluster is what can be said where the API server does not answer: that, and what the host's files tell. The error is that of
// the look where that was something else.
func (e *Eyes) withoutTheCluster(ctx context.Context, looked error, scope diagnosis.Scope) (*incident.Diagnosis, error) {
	if e.Reader == nil || !cluster.Away(looked) || ctx.Err() != nil {
		return nil, looked
	}
	now := e.now()
	words := e.redact(innermost(looked).Error())
	s := &snapshot.Snapshot{At: now.UTC(), Cluster: e.Reader.Name(), Away: &snapshot.Away{Host: hostOf(e.Reader.Config().Host), Words: words,
		Since: e.away.noted(looked, now).UTC()}, NotSeen: cluster.EverythingUnseen(words)}
	if e.Host != nil {
		facts, blind := e.Host.Facts(ctx)
		s.Hosts, s.NotSeen, s.Failures = append(s.Hosts, facts), append(s.NotSeen, blind...), facts.Failures
	} else {
		s.NotSeen = append(s.NotSeen, snapshot.NoHosts)
	}
	s.Index()
	return e.diagnose(s, scope), nil
}

// innermost is the error that says what went wrong: of the network, or of the server.
func innermost(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// hostOf is a server's address without who asks there.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Redacted()
	}
	return address
}
