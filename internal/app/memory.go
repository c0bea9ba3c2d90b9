package app

import (
	"context"
	"sync"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var _ commands.Memory = (*Eyes)(nil)

// remembered is what was seen last of a whole cluster.
type remembered struct {
	mu    sync.Mutex
	names []incident.Object
	last  *incident.Diagnosis
}

// mostKept bounds the names that are kept of a look.
const mostKept = 50000

// sawNames remembers what there is, of a look at the whole cluster.
func (m *remembered) sawNames(s *snapshot.Snapshot) {
	if s.Namespace != "" {
		return
	}
	var names []incident.Object
	for _, k := range s.KindsNamed() {
		names = append(names, s.ObjectsOf(k)...)
		if len(names) > mostKept {
			names = names[:mostKept]
			break
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.names = names
}

// sawWrong remembers what was wrong, of a diagnosis of the whole cluster that nobody's rights bound.
func (m *remembered) sawWrong(d *incident.Diagnosis) {
	if d.Scope.Namespace != "" || len(d.Scope.Objects) > 0 {
		return
	}
	brief := incident.Brief(d)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last == nil || !d.At.Before(m.last.At) {
		m.last = brief
	}
}

// remember takes in what a look at the whole cluster shows, less what is accepted.
func (e *Eyes) remember(ctx context.Context, s *snapshot.Snapshot) {
	scope := diagnosis.Scope{}
	scope.Accepted = e.accepting(ctx, s)
	e.seenLast.sawWrong(e.diagnose(s, scope))
}

// Last is the newest diagnosis of the whole cluster since the program began; nil if there was none.
func (e *Eyes) Last(context.Context) *incident.Diagnosis {
	e.seenLast.mu.Lock()
	defer e.seenLast.mu.Unlock()
	return e.seenLast.last
}

// Names are the objects that the newest look saw. Where there was none yet, it looks.
func (e *Eyes) Names(ctx context.Context) ([]incident.Object, error) {
	known := func() []incident.Object {
		e.seenLast.mu.Lock()
		defer e.seenLast.mu.Unlock()
		return e.seenLast.names
	}
	if names := known(); len(names) > 0 {
		return names, nil
	}
	if _, err := e.seen(ctx, "", false); err != nil {
		return nil, err
	}
	return known(), nil
}

// Beside are eyes that see as these do, with another host's files, and remember for themselves.
func (e *Eyes) Beside(h *host.Host) *Eyes {
	return &Eyes{Reader: e.Reader, Bundle: e.Bundle, Host: h, Redact: e.Redact, Now: e.Now, Lookups: e.Lookups, Secrets: e.Secrets,
		Metrics: e.Metrics, Rights: e.Rights, Accepted: e.Accepted, Failed: e.Failed}
}
