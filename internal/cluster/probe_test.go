package cluster

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

type values map[string]float64

func (v values) Query(_ context.Context, promQL string) (float64, bool, error) {
	if promQL == "broken(" {
		return 0, false, errors.New("parse error")
	}
	value, ok := v[promQL]
	return value, ok, nil
}

func TestProbesBecomeFacts(t *testing.T) {
	open, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	shut, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	shut.Close()
	web := snapshot.ObjectOf("Service", "shop", "web")
	s := &snapshot.Snapshot{}
	Prober{From: "n1", Metrics: values{"up": 1}}.Probe(t.Context(), s, []snapshot.Probe{
		{Kind: snapshot.ProbeDial, Target: open.Addr().String(), For: web},
		{Kind: snapshot.ProbeDial, Target: shut.Addr().String(), For: web},
		{Kind: snapshot.ProbeQuery, Target: "up", For: web, Name: "up"},
		{Kind: snapshot.ProbeQuery, Target: "nothing", For: web, Name: "nothing"},
		{Kind: snapshot.ProbeQuery, Target: "broken(", For: web, Name: "broken"},
	})
	s.Index()
	got := map[string]string{}
	for _, d := range s.Dials {
		if d.From != "n1" || d.For != web {
			t.Errorf("dial %+v", d)
		}
		got[d.Address] = d.Error
	}
	if diff := cmp.Diff(map[string]string{open.Addr().String(): "", shut.Addr().String(): "connect: connection refused"}, got); diff != "" {
		t.Errorf("dials (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]snapshot.Metric{{Name: "up", Object: web, Query: "up", Value: 1}}, s.Metrics); diff != "" {
		t.Errorf("metrics (-want +got)\n%s", diff)
	}
}

// Nobody answers, and that is a fact after a bounded time.
func TestProbesAreBounded(t *testing.T) {
	began := time.Now()
	s := &snapshot.Snapshot{}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	Prober{}.Probe(ctx, s, []snapshot.Probe{{Kind: snapshot.ProbeLookup, Server: "127.0.0.1", Target: "x.example.",
		For: incident.Object{Kind: "Pod", Name: "x"}}})
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if len(s.Lookups) != 1 || s.Lookups[0].Error == "" || s.Lookups[0].From != "paramedic" {
		t.Errorf("lookups %+v", s.Lookups)
	}
}
