package cluster

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on probes: each is one packet or one handshake, and who waits at three in the morning does not wait for a time-out twice.
const (
	probeWithin  = 1500 * time.Millisecond // one probe
	probesWithin = 4 * time.Second         // all of them
	probesAtOnce = 12
)

// Metrics answers PromQL.
type Metrics interface {
	// Query returns the value of an instant query; ok is false where it has none.
	Query(ctx context.Context, promQL string) (value float64, ok bool, err error)
}

// Prober takes second looks. The zero value asks DNS and opens connections from this machine.
type Prober struct {
	From    string  // who asks, for the record: the node that this program runs on; empty: "paramedic"
	Metrics Metrics // nil: no Prometheus is configured, and queries are left out
}

// Probe takes the looks side by side and adds what they see to the Snapshot, which is to be indexed again. It changes nothing in the
// cluster, and ends within seconds.
func (p Prober) Probe(ctx context.Context, s *snapshot.Snapshot, probes []snapshot.Probe) {
	ctx, cancel := context.WithTimeout(ctx, probesWithin)
	defer cancel()
	from := p.From
	if from == "" {
		from = "paramedic"
	}
	var (
		g  errgroup.Group
		mu sync.Mutex

		failed failures
	)
	g.SetLimit(probesAtOnce)
	for _, probe := range probes {
		take := func() {
			ctx, cancel := context.WithTimeout(ctx, probeWithin)
			defer cancel()
			add := p.take(ctx, from, probe)
			mu.Lock()
			defer mu.Unlock()
			add(s)
		}
		failed.start(&g, take, string(probe.Kind)+" for "+probe.For.String(), incident.Checks)
	}
	_ = g.Wait() // what fails is a fact
	failed.tell(s)
}

// take takes one look and returns what adds it to a Snapshot.
func (p Prober) take(ctx context.Context, from string, probe snapshot.Probe) func(*snapshot.Snapshot) {
	switch probe.Kind {
	case snapshot.ProbeLookup:
		l := lookup(ctx, from, probe.Server, probe.Target)
		l.For = probe.For
		return func(s *snapshot.Snapshot) { s.Lookups = append(s.Lookups, l) }
	case snapshot.ProbeDial:
		d := snapshot.Dial{From: from, Address: probe.Target, For: probe.For}
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "tcp", probe.Target)
		if err != nil {
			d.Error = dialTrouble(err)
		} else {
			conn.Close()
		}
		return func(s *snapshot.Snapshot) { s.Dials = append(s.Dials, d) }
	case snapshot.ProbeQuery:
		if p.Metrics == nil {
			break
		}
		if value, ok, err := p.Metrics.Query(ctx, probe.Target); err == nil && ok {
			m := snapshot.Metric{Name: probe.Name, Object: probe.For, Query: probe.Target, Value: value, Unit: probe.Unit}
			return func(s *snapshot.Snapshot) { s.Metrics = append(s.Metrics, m) }
		}
	}
	return func(*snapshot.Snapshot) {}
}

// dialTrouble is why a connection failed, without the addresses, which differ each time.
func dialTrouble(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		if op.Timeout() {
			return "no answer in time"
		}
		return op.Err.Error()
	}
	return err.Error()
}
