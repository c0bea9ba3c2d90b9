package cluster

import (
	"context"
	"net"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// ProbeName resolves in every cluster whose DNS works: the API server's own Service.
const ProbeName = "kubernetes.default.svc.cluster.local."

// lookups asks the cluster's DNS service for the API server's name, once. Nothing is asked where there is no such service.
func lookups(ctx context.Context, s *snapshot.Snapshot) []snapshot.Lookup {
	var out []snapshot.Lookup
	for i := range s.Services {
		svc := &s.Services[i]
		if svc.Namespace != "kube-system" || svc.Labels["k8s-app"] != "kube-dns" || net.ParseIP(svc.Spec.ClusterIP) == nil {
			continue
		}
		out = append(out, lookup(ctx, "paramedic", svc.Spec.ClusterIP, ProbeName))
	}
	return out
}

func lookup(ctx context.Context, from, server, name string) snapshot.Lookup {
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, net.JoinHostPort(server, "53"))
	}}
	l := snapshot.Lookup{From: from, Server: server, Name: name}
	addrs, err := resolver.LookupHost(ctx, name)
	if err != nil {
		l.Error = err.Error()
	}
	l.Addrs = addrs
	return l
}
