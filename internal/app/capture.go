package app

import (
	"context"
	"encoding/json"
	"path"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// Capture makes a bundle of what the eyes see, redacted. Version is this program's.
func (e *Eyes) Capture(ctx context.Context, namespace, version string) (*bundle.Bundle, error) {
	o := bundle.Options{Namespace: namespace, ClusterName: e.Reader.Name(), Version: version, Redact: e.Redact, Now: e.Now}
	var facts bundle.Facts
	if e.Host != nil {
		seen, _ := e.Host.Facts(ctx) // what is not seen here is missing from the bundle's host files, which shows
		facts.Hosts = append(facts.Hosts, seen)
		o.HostFiles = map[bundle.HostKey][]byte{{Node: seen.Node, Path: "/etc/resolv.conf"}: []byte(seen.Resolv)}
		if len(seen.ServiceLog) > 0 {
			o.HostFiles[bundle.HostKey{Node: seen.Node, Path: "/var/log/service.log"}] = []byte(strings.Join(seen.ServiceLog, "\n") + "\n")
		}
		files, _, err := e.Host.Archive(e.Host.CNIDir())
		if err != nil {
			return nil, err
		}
		for _, f := range files.Files {
			o.HostFiles[bundle.HostKey{Node: seen.Node, Path: path.Join(e.Host.CNIDir(), f.Name)}] = f.Content
		}
	}
	s, err := e.snapshot(ctx, namespace, false)
	if err != nil {
		return nil, err
	}
	facts.Lookups = s.Lookups
	if o.Facts, err = json.Marshal(facts); err != nil {
		return nil, err
	}
	return bundle.Capture(ctx, e.Reader.Config(), o)
}
