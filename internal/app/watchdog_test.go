package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// guarded is a watchdog with a clock that the test sets, and what it passed on.
type guarded struct {
	*watchdog
	clock  time.Time
	told   []string
	fails  bool
	memory bool
}

func guard15(t *testing.T) *guarded {
	t.Helper()
	g := &guarded{clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	g.watchdog = &watchdog{after: 15 * time.Minute, now: func() time.Time { return g.clock }, logger: slog.New(slog.DiscardHandler),
		receive: func(_ context.Context, signals []incident.Signal) error {
			if g.fails {
				return errors.New("the state is away")
			}
			for _, s := range signals {
				g.told = append(g.told, string(s.Status)+" "+s.Labels["alertname"])
			}
			return nil
		}, heard: func(context.Context, time.Duration) error { g.memory = true; return nil }}
	return g
}

// comes is an alert at a minute.
func (g *guarded) comes(t *testing.T, minute float64, names ...string) {
	t.Helper()
	g.clock = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(minute * float64(time.Minute)))
	var signals []incident.Signal
	for _, name := range names {
		signals = append(signals, incident.Signal{Kind: incident.AlertSignal, Status: incident.Firing, Labels: map[string]string{"alertname": name}})
	}
	if err := g.Receive(t.Context(), signals); err != nil && !g.fails {
		t.Fatal(err)
	}
}

func (g *guarded) at(t *testing.T, minute float64, want string) {
	t.Helper()
	g.clock = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(minute * float64(time.Minute)))
	if err := g.look(t.Context()); err != nil && !g.fails {
		t.Fatal(err)
	}
	if got := strings.Join(g.told, ", "); got != want {
		t.Errorf("minute %g: %q, want %q", minute, got, want)
	}
	g.told = nil
}

const gone, back = "firing WatchdogMissing", "resolved WatchdogMissing"

// Its absence is told once, and that it is over once it comes again; other alerts pass.
func TestTheWatchdogThatStopsComing(t *testing.T) {
	g := guard15(t)
	g.at(t, 0, "")
	g.comes(t, 1, "Watchdog", "NodeNotReady")
	g.at(t, 1, "firing NodeNotReady, "+back) // an incident from before the start, if there is one, is over
	g.comes(t, 2, "Watchdog")
	if !g.memory {
		t.Error("it is not remembered that it comes")
	}
	g.at(t, 16.9, "")
	g.at(t, 17.1, gone)
	g.at(t, 60, "")
	g.comes(t, 61, "Watchdog")
	g.at(t, 61, back)
	g.at(t, 90, "") // it has come once
	g.comes(t, 91, "Watchdog")
	g.comes(t, 92, "Watchdog")
	g.at(t, 93, "")
	g.at(t, 108, gone)
}

// Nobody misses what has come once, what never came, or what seldom comes.
func TestTheWatchdogThatIsNotMissed(t *testing.T) {
	once := guard15(t)
	once.comes(t, 0, "Watchdog")
	once.comes(t, 0.1, "Watchdog") // the other one of a pair of Alertmanagers
	once.at(t, 600, back)
	seldom := guard15(t)
	seldom.comes(t, 0, "Watchdog")
	seldom.comes(t, 240, "Watchdog")
	seldom.at(t, 800, back)
	seldom.at(t, 900, gone)
	if seldom.memory {
		t.Error("what comes seldom is expected soon after a start")
	}
	off := guard15(t)
	off.after = 0
	off.comes(t, 0, "Watchdog")
	off.comes(t, 1, "Watchdog")
	off.at(t, 600, back)
}

// What could not be recorded is told again.
func TestTheWatchdogWhoseAbsenceCouldNotBeRecorded(t *testing.T) {
	g := guard15(t)
	g.comes(t, 0, "Watchdog")
	g.comes(t, 1, "Watchdog")
	g.at(t, 1, back)
	g.fails = true
	g.at(t, 20, "")
	g.fails = false
	g.at(t, 21, gone)
	g.fails = true
	g.comes(t, 22, "Watchdog")
	g.fails = false
	g.comes(t, 23, "Watchdog")
	g.at(t, 23, back)
}
