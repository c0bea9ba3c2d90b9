package app

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// How long ago the loops must have turned that all else hangs on. A full disk, or a cluster that is away, does not stop them.
const (
	runnerTurns = 2 * time.Minute // it looks every second
	watchTurns  = 5 * time.Minute // beyond the time between two looks at everything
)

// pulse is when a loop last turned; zero: not yet. It is safe for concurrent use.
type pulse struct{ at atomic.Int64 }

func (p *pulse) beat() { p.at.Store(time.Now().UnixNano()) }

// still says for how long a loop has not turned, where that is longer than it may be. One that has not begun is none of that.
func (p *pulse) still(most time.Duration) (time.Duration, bool) {
	at := p.at.Load()
	since := time.Since(time.Unix(0, at))
	return since, at != 0 && since > most
}

// unwell is why the bot should be started anew; empty: it is well.
func (s *Server) unwell() string {
	if d, still := s.runner.pulse.still(runnerTurns); still {
		return fmt.Sprintf("the work on incidents has stood still for %s", d.Round(time.Second))
	}
	if s.watchman == nil {
		return ""
	}
	if d, still := s.watchman.pulse.still(s.config.Watch.Every.Duration + watchTurns); still {
		return fmt.Sprintf("the watch has stood still for %s", d.Round(time.Second))
	}
	return ""
}

// unready is why the bot does not do all of its work yet, or no more; empty: it does.
func (s *Server) unready(ctx context.Context) string {
	if _, err := s.store.Streams(ctx, "system"); err != nil {
		return "the state cannot be read"
	}
	if s.watchman != nil && !s.watchman.Stats().Listed {
		return "the watch has not seen the whole cluster yet"
	}
	if s.slack != nil && s.slack.Connections() == 0 {
		return "there is no connection to Slack"
	}
	return ""
}

// answerProbe answers a probe by what is the matter; empty: nothing is.
func answerProbe(matter func(context.Context) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if why := matter(r.Context()); why != "" {
			http.Error(w, why, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}
