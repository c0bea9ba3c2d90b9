package dns

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// noServersLine is how CoreDNS says that the file it forwards to names nobody.
const noServersLine = "no nameservers found"

// checkNoServers reports DNS pods that stop because the resolv.conf that they forward to names no server: that of their node, where their
// dnsPolicy is Default.
func checkNoServers(d resolvers.Resolver, s *snapshot.Snapshot, r *finding.Report) {
	for _, p := range d.Pods {
		if kube.IsReady(p) {
			continue
		}
		said := saysNoServers(s, p)
		if said.Excerpt == "" {
			continue
		}
		of := corefileObject(d)
		if p.Spec.DNSPolicy == corev1.DNSDefault || p.Spec.HostNetwork {
			of = snapshot.ObjectOf("Node", "", p.Spec.NodeName)
		} else if p.Spec.DNSPolicy == corev1.DNSNone {
			of = d.Workload
		}
		if of.IsZero() || of.Name == "" {
			continue
		}
		where := "its own " + resolvers.ResolvConf
		if of.Kind == "Node" {
			where = resolvers.ResolvConf + " of node " + of.Name
		}
		f := about(d, r.Find(DNSNoNameserver, of, fmt.Sprintf("CoreDNS finds no nameservers in %s, to which it forwards, and stops: names do "+
			"not resolve in the cluster", where)))
		f.Fault = []incident.Object{of}
		f.Cite(said)
		for _, x := range forwardLines(d) {
			if slices.Contains(x.Targets, resolvers.ResolvConf) {
				f.Fault = finding.Union(f.Fault, []incident.Object{corefileObject(d)})
				f.Cite(finding.SeenAPI(corefileObject(d), "data.Corefile", changed(d), fmt.Sprintf("line %d: %s", x.Line, x.Text)))
			}
		}
		f.Cite(finding.SeenAPI(finding.PodObject(p), "spec.nodeName", time.Time{}, fmt.Sprintf("on node %s, dnsPolicy %s", p.Spec.NodeName,
			p.Spec.DNSPolicy)))
		f.Since = kube.UnreadySince(p)
		if slices.ContainsFunc(d.Pods, kube.IsReady) {
			f.Severity = incident.Warning
			f.Retitle(fmt.Sprintf("A pod of CoreDNS finds no nameservers in %s, to which it forwards, and stops", where))
		}
		return
	}
}

// saysNoServers is the evidence of the line by which a DNS pod says that it has nobody to forward to; none without one.
func saysNoServers(s *snapshot.Snapshot, p *corev1.Pod) incident.Evidence {
	for _, c := range p.Spec.Containers {
		for _, previous := range []bool{false, true} {
			l := s.Log(p.Namespace, p.Name, c.Name, previous)
			if l == nil {
				continue
			}
			for _, line := range slices.Backward(lastLines(l.Text)) {
				if strings.Contains(line, noServersLine) {
					return finding.SeenLog(p, c.Name, previous, line)
				}
			}
		}
	}
	return incident.Evidence{}
}
