package dns

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
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
func checkUpstream(d resolvers.Resolver, s *snapshot.Snapshot, r *finding.Report) {
	if !slices.ContainsFunc(d.Pods, kube.IsReady) {
		return
	}
	log, server := upstreamLog(d, s)
	lookups, inside := outsideLookups(d, s)
	missed := unanswered(calls.Failing(s), d, s)
	said := log.Excerpt != ""
	silent := said && len(lookups)+len(missed) > 0 || inside && len(lookups) > 0
	suspected := false
	if !silent {
		missed = unanswered(calls.Complaints(s), d, s)
		suspected = said && len(missed) > 0
	}
	if !silent && !suspected {
		return
	}
	f := r.Find(DNSUpstreamUnreachable, corefileObject(d), finding.OneLine(upstreamTitle(d, server), finding.MaxTitle))
	f.Workload, f.Fault = d.Workload, []incident.Object{corefileObject(d)}
	if suspected {
		f.Suspected()
	}
	f.Cite(log)
	for _, x := range forwardLines(d) {
		f.Cite(finding.SeenAPI(corefileObject(d), "data.Corefile", changed(d), fmt.Sprintf("line %d: %s", x.Line, x.Text)))
		if x.TCP {
			f.Cite(finding.SeenAPI(corefileObject(d), "data.Corefile", changed(d), fmt.Sprintf("force_tcp in the block of line %d", x.Line)))
		} else if slices.Contains(x.Targets, resolvers.ResolvConf) {
			f.Fault = finding.Union(f.Fault, nodes(d))
		}
	}
	f.Cite(lookups...)
	for _, c := range missed {
		f.AddPod(c.Pod)
		f.Cite(c.Seen())
	}
}

// unanswered are the calls of names outside the cluster that no server answered, by pods that ask the cluster's DNS.
func unanswered(all []calls.Call, d resolvers.Resolver, s *snapshot.Snapshot) []calls.Call {
	on := map[string]bool{}
	for _, p := range d.Pods {
		on[p.Spec.NodeName] = true
	}
	var out []calls.Call
	for _, c := range all {
		if c.Need.Unanswered() && c.Service.IsZero() && calls.Outside(s, c.Need.Host) && resolvers.UsesClusterDNS(c.Pod) &&
			(d.Service != nil || on[c.Pod.Spec.NodeName]) {
			out = append(out, c)
		}
	}
	return out
}

// upstreamTitle says who gets no answer, from whom, and, where its configuration leaves it no other way, how it asks.
func upstreamTitle(d resolvers.Resolver, server string) string {
	who := "CoreDNS"
	if d.Service == nil {
		who = finding.Short(d.Workload)
	}
	if server == "" {
		return who + " gets no answer from outside: names of the cluster resolve, others do not"
	}
	how := ""
	if slices.ContainsFunc(forwardLines(d), func(f resolvers.Forward) bool { return f.TCP }) {
		how = " over TCP, the only way in which it asks (force_tcp)"
	}
	return fmt.Sprintf("%s gets no answer from its upstream resolver %s%s: names outside the cluster do not resolve", who, server, how)
}

// upstreamLog is the newest line in which CoreDNS complains of a server upstream, and the addresses of those that it
// complains of. A server that is a pod of the
// cluster's DNS is none.
func upstreamLog(d resolvers.Resolver, s *snapshot.Snapshot) (incident.Evidence, string) {
	for _, p := range d.Pods {
		for _, c := range p.Spec.Containers {
			l := s.Log(p.Namespace, p.Name, c.Name, false)
			if l == nil {
				continue
			}
			var servers []string
			var seen incident.Evidence
			for _, line := range slices.Backward(lastLines(l.Text)) {
				m := upstreamLine.FindStringSubmatch(line)
				if m == nil {
					continue
				}
				if name := m[1] + m[4]; !calls.Outside(s, name) {
					continue
				}
				servers = finding.Union(servers, []string{strings.Trim(m[2]+m[5], "[]")})
				if seen.Excerpt == "" {
					seen = finding.SeenLog(p, c.Name, false, line)
				}
			}
			if len(servers) > 0 {
				slices.Sort(servers)
				return seen, finding.FirstFew(servers)
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
func outsideLookups(d resolvers.Resolver, s *snapshot.Snapshot) (failed []incident.Evidence, inside bool) {
	for _, l := range s.Lookups {
		switch {
		case d.Service == nil || !isOurs(d, l.Server):
		case l.Error == "" && !calls.Outside(s, l.Name):
			inside = true
		case l.Error != "" && calls.Outside(s, l.Name) && logs.Unanswered(l.Error):
			failed = append(failed, lookupSeen(l))
		}
	}
	return failed, inside
}

func lookupSeen(l snapshot.Lookup) incident.Evidence {
	return finding.NewEvidence(incident.SourceProbe, snapshot.ObjectOf("Service", resolvers.DNSNamespace, resolvers.DNSName), "lookup "+l.Name,
		time.Time{},
		fmt.Sprintf("%s asked %s for %s: %s", l.From, l.Server, l.Name, l.Error))
}

// forwardLines are the Corefile's lines that say who answers for names outside the cluster.
func forwardLines(d resolvers.Resolver) []resolvers.Forward {
	if d.Config == nil {
		return nil
	}
	var out []resolvers.Forward
	for _, f := range resolvers.ParseCorefile(d.Text()).Forwards {
		if f.Outside() {
			out = append(out, f)
		}
	}
	return out
}

func nodes(d resolvers.Resolver) []incident.Object {
	var out []incident.Object
	for _, p := range d.Pods {
		if p.Spec.NodeName != "" && len(out) < 4 {
			out = finding.Union(out, []incident.Object{snapshot.ObjectOf("Node", "", p.Spec.NodeName)})
		}
	}
	return out
}

// checkAddress reports a cluster DNS whose Service is gone, or has another address than the one that pods ask.
func checkAddress(d resolvers.Resolver, s *snapshot.Snapshot, r *finding.Report) {
	if d.Service == nil {
		if len(d.Pods) == 0 || finding.NotSeen(s, "services", resolvers.DNSNamespace) {
			return
		}
		o := snapshot.ObjectOf("Service", resolvers.DNSNamespace, resolvers.DNSName)
		f := about(d, r.Find(DNSServiceMissing, o, fmt.Sprintf("Service %s/%s does not exist: the DNS pods run, but nobody can ask them",
			resolvers.DNSNamespace, resolvers.DNSName)))
		f.Cite(finding.SeenAPI(d.Workload, "spec.template.metadata.labels", time.Time{}, resolvers.DNSLabel+"="+resolvers.DNSName),
			incident.Evidence{})
		return
	}
	if !slices.ContainsFunc(d.Pods, kube.IsReady) {
		return // nobody would answer at any address
	}
	ips := append([]string{d.Service.Spec.ClusterIP, resolvers.NodeLocalDNS}, d.Service.Spec.ClusterIPs...)
	for _, c := range calls.Failing(s) {
		m := calls.AskedServer.FindStringSubmatch(c.Need.Line)
		if c.Need.Kind != logs.NameUnresolved || m == nil || slices.Contains(ips, m[1]) || !plainDNS(c.Pod) || !c.Need.Unanswered() ||
			strings.HasPrefix(m[1], "127.") {
			continue
		}
		o := kube.ServiceObject(d.Service)
		f := r.Find(DNSAddressMismatch, o, fmt.Sprintf("Pods ask %s for names, but the cluster's DNS is at %s", m[1], d.Service.Spec.ClusterIP))
		f.Pods = []*corev1.Pod{c.Pod}
		f.Cite(c.Seen(), finding.SeenAPI(o, "spec.clusterIP", d.Service.CreationTimestamp.Time, d.Service.Spec.ClusterIP))
		return
	}
}

// plainDNS says that a pod's name servers are what its kubelet hands out.
func plainDNS(p *corev1.Pod) bool {
	return resolvers.UsesClusterDNS(p) && (p.Spec.DNSConfig == nil || len(p.Spec.DNSConfig.Nameservers) == 0)
}
