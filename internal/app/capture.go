package app

import (
	"context"
	"encoding/json"
	"path"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Capture makes a bundle of what the eyes see of a namespace, or of everything, redacted. Version is this program's; maxSize bounds the
// bytes of objects, 0 is bundle.DefaultSize.
func (e *Eyes) Capture(ctx context.Context, namespace, version string, maxSize int64) (*bundle.Bundle, error) {
	s, err := e.live(ctx, cluster.LookOptions{Namespace: namespace, Lookups: true})
	if err != nil {
		return nil, err
	}
	x := diagnosis.Examine(s)
	wanted := x.Logs(diagnosis.Scope{})
	if len(wanted) > 0 {
		e.Reader.LookCloser(ctx, s, wanted, e.Redact)
		x.Again()
	}
	e.probe(ctx, s, x.Probes(diagnosis.Scope{}))
	s.Index()
	o := bundle.Options{
		Namespace: namespace, ClusterName: e.Reader.Name(), Version: version, MaxSize: maxSize, Redact: e.Redact, Now: e.Now,
		Customs: s.Customs, NotSeen: s.NotSeen, Logs: wanted,
	}
	if o.Facts, err = json.Marshal(bundle.FactsOf(s)); err != nil {
		return nil, err
	}
	if e.Host != nil {
		var blind []incident.NotSeen
		o.HostFiles, blind = e.hostFiles(ctx, s.Hosts)
		o.NotSeen = append(o.NotSeen, blind...)
	}
	return bundle.Capture(ctx, e.Reader.Config(), o)
}

// hostFiles are the host's files that a replay of the bundle lays out again, and those that cannot be taken.
func (e *Eyes) hostFiles(ctx context.Context, hosts []snapshot.Host) (map[bundle.HostKey][]byte, []incident.NotSeen) {
	var blind []incident.NotSeen
	out := map[bundle.HostKey][]byte{}
	for _, seen := range hosts {
		out[bundle.HostKey{Node: seen.Node, Path: "/etc/resolv.conf"}] = []byte(seen.Resolv)
		if len(seen.ServiceLog) > 0 {
			out[bundle.HostKey{Node: seen.Node, Path: "/var/log/service.log"}] = []byte(strings.Join(seen.ServiceLog, "\n") + "\n")
		}
		files, _, err := e.Host.Archive(ctx, e.Host.CNIDir())
		if err != nil {
			blind = append(blind, incident.NotSeen{What: "copies of the files in " + e.Host.CNIDir() + " of " + seen.Node, Why: err.Error()})
		}
		for _, f := range files.Files {
			out[bundle.HostKey{Node: seen.Node, Path: path.Join(e.Host.CNIDir(), f.Name)}] = f.Content
		}
	}
	return out, blind
}
