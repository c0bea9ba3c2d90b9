package dns

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// SearchDomain is the detail of DNSSearchDomainAnswers.
type SearchDomain struct {
	Hosts []string // names outside the cluster that lead to the search domain's holder
}

// queryLine is how CoreDNS' plugin log tells of a query: the client, the name and what was answered.
var queryLine = regexp.MustCompile(`\[INFO\] \[?([0-9a-fA-F.:]+?)\]?:\d+ - \d+ "(?:A|AAAA) IN (\S+?)\.? \S+ \d+ \S+ \d+" (NOERROR|NXDOMAIN)\b`)

// answered is a name below a search domain that was answered.
type answered struct {
	host, domain, client string
	seen                 incident.Evidence
	times                int
}

const (
	searchedZone  = ".svc.cluster.local"
	answersEnough = 2
)

// checkSearchDomains looks in CoreDNS' log of queries for names outside the cluster that pods search for below another domain as well, and
// are answered there, so that none ever asks for the name itself. That the name was searched for below the cluster's domains shows that
// the rest is a domain to search in, too.
func checkSearchDomains(d resolvers.Resolver, s *snapshot.Snapshot, r *finding.Report) {
	found := searched(d, s)
	var told []string
	for _, a := range found {
		if slices.Contains(told, a.domain) {
			continue
		}
		told = append(told, a.domain)
		reportSearchDomain(s, r, a, found)
	}
}

// searched are the names that were answered below a search domain and that nobody asked for as they stand.
func searched(d resolvers.Resolver, s *snapshot.Snapshot) []*answered {
	asked, below := map[string]bool{}, map[string]bool{} // names that were asked for; those that were searched for in the cluster
	var lines []*answered
	for _, p := range d.Pods {
		for _, c := range p.Spec.Containers {
			l := s.Log(p.Namespace, p.Name, c.Name, false)
			if l == nil || !strings.Contains(l.Text, " IN ") {
				continue
			}
			for _, line := range lastLines(l.Text) {
				m := queryLine.FindStringSubmatch(line)
				if m == nil {
					continue
				}
				name := strings.ToLower(m[2])
				asked[name] = true
				if host, ok := strings.CutSuffix(name, searchedZone); ok && m[3] == "NXDOMAIN" {
					below[host] = true
				} else if m[3] == "NOERROR" {
					lines = append(lines, &answered{host: name, client: m[1], seen: finding.SeenLog(p, c.Name, false, line), times: 1})
				}
			}
		}
	}
	var out []*answered
	for _, a := range lines {
		full := a.host
		for i := strings.IndexByte(full, '.'); i > 0; i = nextDot(full, i) {
			if host := full[:i]; below[host] && strings.Contains(host, ".") && !asked[host] && calls.Outside(s, host) && calls.Outside(s, full) {
				out = addAnswered(out, a, host, full[i+1:])
				break
			}
		}
	}
	return slices.DeleteFunc(out, func(a *answered) bool { return a.times < answersEnough })
}

// nextDot is where in a name the next dot is; -1 without one.
func nextDot(name string, from int) int {
	if i := strings.IndexByte(name[from+1:], '.'); i >= 0 {
		return from + 1 + i
	}
	return -1
}

func addAnswered(out []*answered, a *answered, host, domain string) []*answered {
	for _, x := range out {
		if x.host == host && x.domain == domain {
			x.times++
			return out
		}
	}
	a.host, a.domain = host, domain
	return append(out, a)
}

// reportSearchDomain names the nodes that hand the domain on: those whose resolv.conf is seen to have it, or else that of who asked.
func reportSearchDomain(s *snapshot.Snapshot, r *finding.Report, a *answered, all []*answered) {
	var faults []incident.Object
	var seen []incident.Evidence
	for i := range s.Hosts {
		h := &s.Hosts[i]
		for line := range strings.Lines(h.Resolv) {
			if w := strings.Fields(line); len(w) > 1 && (w[0] == "search" || w[0] == "domain") && slices.Contains(w[1:], a.domain) {
				faults = append(faults, snapshot.ObjectOf("Node", "", h.Node))
				seen = append(seen, hostlog.Seen(h, resolvers.ResolvConf, time.Time{}, strings.TrimSpace(line)))
				break
			}
		}
	}
	who := podAt(s, a.client)
	if who != nil && who.Spec.DNSConfig != nil && slices.Contains(who.Spec.DNSConfig.Searches, a.domain) {
		faults = []incident.Object{s.WorkloadOf(who)}
	} else if len(faults) == 0 && who != nil && who.Spec.NodeName != "" {
		faults = []incident.Object{snapshot.ObjectOf("Node", "", who.Spec.NodeName)}
	}
	if len(faults) == 0 {
		return
	}
	of := "on " + finding.Short(faults[0])
	if faults[0].Kind != "Node" {
		of = "of " + finding.Short(faults[0])
	}
	f := r.Find(DNSSearchDomainAnswers, faults[0], finding.OneLine(fmt.Sprintf("%s leads to %s.%s: whoever holds %s, a search domain of "+
		"pods %s, "+
		"answers any name below it", a.host, a.host, a.domain, a.domain, of), finding.MaxTitle))
	f.Fault = faults
	detail := SearchDomain{}
	for _, x := range all {
		if x.domain == a.domain {
			detail.Hosts = append(detail.Hosts, x.host)
			f.Cite(x.seen)
		}
	}
	if who != nil {
		f.AddPod(who)
	}
	f.Detail = detail
	f.Cite(seen...)
	f.Because = fmt.Sprintf("CoreDNS' log of queries has %s below the cluster's domains and below %s, where it is answered, and never as "+
		"it stands",
		a.host, a.domain)
}

// podAt is the pod that has an address of its own; nil without one.
func podAt(s *snapshot.Snapshot, ip string) *corev1.Pod {
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.Status.PodIP == ip && !p.Spec.HostNetwork {
			return p
		}
	}
	return nil
}
