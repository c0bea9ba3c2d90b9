package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// upstreamLine is how CoreDNS says that a server it forwards to did not answer; the two names in it are the query's and the server's.
var upstreamLine = regexp.MustCompile(`\[ERROR\] plugin/errors: \S+ (\S+) [A-Z]+: .*->([0-9a-fA-F.:\[\]]+):\d+: .*(i/o timeout|connection refused|no route to host|network is unreachable)|` +
	`\[ERROR\] plugin/errors: \S+ (\S+) [A-Z]+: dial (?:udp|tcp) ([0-9a-fA-F.:\[\]]+):\d+: .*(i/o timeout|connection refused|no route to host|network is unreachable)`)

// checkUpstream reports that names outside the cluster do not resolve while CoreDNS is well: CoreDNS' own word that nobody answers it,
// together with somebody who misses an answer, or a lookup outside that fails beside one inside that does not. CoreDNS' word alone is
// no proof: now and then a query is lost anywhere.
func (d resolver) checkUpstream(s *snapshot.Snapshot, r *finding.Report) {
	if !slices.ContainsFunc(d.pods, kube.IsReady) {
		return
	}
	log, server := d.upstreamLog(s)
	lookups, inside := d.outsideLookups(s)
	var missed []call
	for _, c := range failingCalls(s) {
		if c.need.Kind == logs.NameUnresolved && c.service.IsZero() && Outside(s, c.need.Host) && UsesClusterDNS(c.pod) && Unanswered(c.need.Line) {
			missed = append(missed, c)
		}
	}
	said := log.Excerpt != ""
	silent := said && len(lookups)+len(missed) > 0 || inside && len(lookups) > 0
	if !silent {
		return
	}
	f := r.Find(DNSUpstreamUnreachable, d.corefileObject(), "CoreDNS gets no answer from outside: names of the cluster resolve, others do not")
	f.Workload, f.Fault = d.workload, []incident.Object{d.corefileObject()}
	if server != "" {
		f.Title = finding.OneLine(fmt.Sprintf("CoreDNS gets no answer from its upstream resolver %s: names outside the cluster do not resolve", server), finding.MaxTitle)
	}
	f.Cite(log)
	for _, x := range d.forwardLines() {
		f.Cite(finding.SeenAPI(d.corefileObject(), "data.Corefile", d.changed(), fmt.Sprintf("line %d: %s", x.line, x.text)))
		if slices.Contains(x.targets, resolvConf) {
			f.Fault = finding.Union(f.Fault, d.nodes())
		}
	}
	f.Cite(lookups...)
	for _, c := range missed {
		f.AddPod(c.pod)
		f.Cite(c.seen())
	}
}

// upstreamLog is the newest line in which CoreDNS complains of a server upstream, and that server's address. A server that is a pod of the
// cluster's DNS is none.
func (d resolver) upstreamLog(s *snapshot.Snapshot) (incident.Evidence, string) {
	for _, p := range d.pods {
		for _, c := range p.Spec.Containers {
			l := s.Log(p.Namespace, p.Name, c.Name, false)
			if l == nil {
				continue
			}
			for _, line := range slices.Backward(lastLines(l.Text)) {
				m := upstreamLine.FindStringSubmatch(line)
				if m == nil {
					continue
				}
				server := strings.Trim(m[2]+m[5], "[]")
				if name := m[1] + m[4]; Outside(s, name) {
					return finding.SeenLog(p, c.Name, false, line), server
				}
			}
		}
	}
	return incident.Evidence{}, ""
}

// lastLines are a log's last lines, as many as a look keeps.
func lastLines(text string) []string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return lines[max(0, len(lines)-snapshot.LogLines):]
}

// outsideLookups is the evidence of lookups, at the cluster's DNS, of names outside the cluster that got no answer; inside says that a name
// of the cluster resolved there.
func (d resolver) outsideLookups(s *snapshot.Snapshot) (failed []incident.Evidence, inside bool) {
	for _, l := range s.Lookups {
		switch {
		case d.service == nil || !d.isOurs(l.Server):
		case l.Error == "" && !Outside(s, l.Name):
			inside = true
		case l.Error != "" && Outside(s, l.Name) && Unanswered(l.Error):
			failed = append(failed, lookupSeen(l))
		}
	}
	return failed, inside
}

func lookupSeen(l snapshot.Lookup) incident.Evidence {
	return finding.NewEvidence(incident.SourceProbe, snapshot.ObjectOf("Service", dnsNamespace, dnsName), "lookup "+l.Name, time.Time{},
		fmt.Sprintf("%s asked %s for %s: %s", l.From, l.Server, l.Name, l.Error))
}

// forwardLines are the Corefile's lines that say who answers for names outside the cluster.
func (d resolver) forwardLines() []forward {
	if d.config == nil {
		return nil
	}
	var out []forward
	for _, f := range parseCorefile(d.config.Data["Corefile"]).forwards {
		if f.from == "." {
			out = append(out, f)
		}
	}
	return out
}

func (d resolver) nodes() []incident.Object {
	var out []incident.Object
	for _, p := range d.pods {
		if p.Spec.NodeName != "" && len(out) < 4 {
			out = finding.Union(out, []incident.Object{snapshot.ObjectOf("Node", "", p.Spec.NodeName)})
		}
	}
	return out
}

// checkAddress reports a cluster DNS whose Service is gone, or has another address than the one that pods ask.
func (d resolver) checkAddress(s *snapshot.Snapshot, r *finding.Report) {
	if d.service == nil {
		if len(d.pods) == 0 || finding.NotSeen(s, "services", dnsNamespace) {
			return
		}
		o := snapshot.ObjectOf("Service", dnsNamespace, dnsName)
		f := d.about(r.Find(DNSServiceMissing, o, fmt.Sprintf("Service %s/%s does not exist: the DNS pods run, but nobody can ask them", dnsNamespace, dnsName)))
		f.Cite(finding.SeenAPI(d.workload, "spec.template.metadata.labels", time.Time{}, dnsLabel+"="+dnsName), incident.Evidence{})
		return
	}
	if !slices.ContainsFunc(d.pods, kube.IsReady) {
		return // nobody would answer at any address
	}
	ips := append([]string{d.service.Spec.ClusterIP, nodeLocalDNS}, d.service.Spec.ClusterIPs...)
	for _, c := range failingCalls(s) {
		m := askedServer.FindStringSubmatch(c.need.Line)
		if c.need.Kind != logs.NameUnresolved || m == nil || slices.Contains(ips, m[1]) || !plainDNS(c.pod) || !Unanswered(c.need.Line) || strings.HasPrefix(m[1], "127.") {
			continue
		}
		o := kube.ServiceObject(d.service)
		f := r.Find(DNSAddressMismatch, o, fmt.Sprintf("Pods ask %s for names, but the cluster's DNS is at %s", m[1], d.service.Spec.ClusterIP))
		f.Pods = []*corev1.Pod{c.pod}
		f.Cite(c.seen(), finding.SeenAPI(o, "spec.clusterIP", d.service.CreationTimestamp.Time, d.service.Spec.ClusterIP))
		return
	}
}

// askedServer is the name server in the words of Go's resolver.
var askedServer = regexp.MustCompile(`lookup \S+ on ([0-9.]+):53`)

// plainDNS says that a pod's name servers are what its kubelet hands out.
func plainDNS(p *corev1.Pod) bool {
	return UsesClusterDNS(p) && (p.Spec.DNSConfig == nil || len(p.Spec.DNSConfig.Nameservers) == 0)
}
