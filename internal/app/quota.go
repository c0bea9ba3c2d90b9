package app

import (
	"fmt"
	"sync"
	"time"

	"k8s.io/utils/lru"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// mostCounted bounds the people whose requests are counted.
const mostCounted = 5000

// quota counts what each person asks for within a minute. It is safe for concurrent use.
type quota struct {
	mu    sync.Mutex
	spent *lru.Cache // of *spending, by person
}

type spending struct {
	since time.Time
	n     int
}

func newQuota() *quota { return &quota{spent: lru.New(mostCounted)} }

// take counts a request, and refuses what is more than most within a minute.
func (q *quota) take(p incident.Person, now time.Time, most int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := &spending{since: now}
	if v, ok := q.spent.Get(p.Key()); ok && now.Sub(v.(*spending).since) < time.Minute {
		s = v.(*spending)
	} else {
		q.spent.Add(p.Key(), s)
	}
	if s.n++; s.n <= most {
		return nil
	}
	return &commands.Refusal{Reason: fmt.Sprintf("That was not done: one person may ask %d times a minute (limits.requestsPerMinute).", most),
		Try: fmt.Sprintf("Ask again in %d seconds. “stop” is always taken.", int(s.since.Add(time.Minute).Sub(now).Seconds())+1)}
}
