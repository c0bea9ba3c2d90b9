package cluster

import (
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// failures gathers what panicked while parts of a look ran side by side, so that it costs that part alone. It is safe for concurrent use.
type failures struct {
	mu   sync.Mutex
	list []incident.Failure
}

// start runs a part of the look in the group. If it panics, the resource is not seen, and what is how people are told.
func (x *failures) start(g *errgroup.Group, f func(), what string, of incident.Resource) {
	g.Go(func() error {
		failed := incident.Catch(incident.NotSeen{What: what, Resources: []incident.Resource{of}}, f)
		if failed != nil {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.list = append(x.list, *failed)
		}
		return nil
	})
}

// tell puts what failed into the Snapshot. Call it once all parts have ended.
func (x *failures) tell(s *snapshot.Snapshot) {
	for _, f := range x.list {
		s.Failures, s.NotSeen = append(s.Failures, f), append(s.NotSeen, f.NotSeen)
	}
}
