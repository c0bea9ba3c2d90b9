package dns

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// NamesLeadAstray is the code of names outside the cluster that seem to lead to somebody else.
const NamesLeadAstray = "NamesLeadAstray"

var astrayCodes = []finding.Code{
	{Code: NamesLeadAstray, Severity: incident.Warning, Root: true, Detail: Astray{},
		Meaning: "Several names outside the cluster are answered with certificates that are not theirs. Pods try each name with their " +
			"search " +
			"domains first, those of their node too (ndots:5), and where one of these has a wildcard record, any name leads to whoever " +
			"that is for: " +
			"often the cluster's own ingress. A proxy that signs anew looks the same, as does an image without CA certificates.",
		Next: "In a pod: getent hosts NAME, and the same with a dot behind it. If they differ, take the search domain out of the nodes' " +
			"resolv.conf (or give kubelet another one), or the wildcard out of the domain; dnsConfig with ndots: 1 helps a single workload.",
		Example: "2 names outside the cluster, such as example.org, are answered with certificates that are not theirs: they may lead " +
			"elsewhere, by a " +
			"search domain of the nodes"},
}

// Astray is the detail of NamesLeadAstray.
type Astray struct {
	Alike string // the one name that the certificates of several are for; "" where that is not said
}

var (
	distrust = regexp.MustCompile(`(?i)certificate verify failed|certificate is valid for|certificate is not valid for|unable to verify the ` +
		`first certificate|unable to get local issuer|self[- ]signed certificate|altname|certificate signed by unknown authority|hostname mismatch`)
	calledHost = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://(?:[^\s/@"']*@)?([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})\b`)
	validFor   = regexp.MustCompile(`certificate is valid for ([^\s,"]+)[^"\n]*?, not ([a-zA-Z0-9.-]+)`)
)

// leastAstray is how many names have to lead astray for it not to be their own holders' affair; mostLines bounds what of a log is read.
const (
	leastAstray = 2
	mostLines   = 400
)

// checkAstray looks for logs in which several names outside the cluster are distrusted.
func checkAstray(d resolvers.Resolver, s *snapshot.Snapshot, r *finding.Report) {
	found := map[incident.Object]bool{}
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || p.Spec.NodeName == "" || slices.Contains(d.Pods, p) || !resolvers.UsesClusterDNS(p) || found[s.WorkloadOf(p)] {
			continue
		}
		hosts, alike, last := distrusted(s, l.Text)
		if len(hosts) < leastAstray {
			continue
		}
		found[s.WorkloadOf(p)] = true
		reportAstray(s, r, p, hosts, alike, finding.SeenLog(p, l.Container, l.Previous, strings.TrimSpace(last)))
	}
}

// distrusted are the names outside the cluster whose certificates the end of a log complains of, and the one name that those of several
// are
// for, if it says so.
func distrusted(s *snapshot.Snapshot, text string) (hosts map[string]bool, alike, last string) {
	lines := strings.Split(text, "\n")
	hosts = map[string]bool{}
	names := map[string]map[string]bool{}
	for _, line := range lines[max(len(lines)-mostLines, 0):] {
		if !distrust.MatchString(line) {
			continue
		}
		host := ""
		if m := validFor.FindStringSubmatch(line); m != nil {
			host = strings.ToLower(strings.TrimRight(m[2], "."))
			if names[m[1]] == nil {
				names[m[1]] = map[string]bool{}
			}
			names[m[1]][host] = true
		} else if m := calledHost.FindStringSubmatch(line); m != nil {
			host = strings.ToLower(m[1])
		}
		if host != "" && strings.Contains(host, ".") && calls.Outside(s, host) && !ownHost(s, host) {
			hosts[host], last = true, line
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if len(names[name]) >= leastAstray && alike == "" {
			alike = name
		}
	}
	return hosts, alike, last
}

// ownHost says whether an Ingress of the cluster serves a name.
func ownHost(s *snapshot.Snapshot, host string) bool {
	for i := range s.Ingresses {
		if slices.ContainsFunc(s.Ingresses[i].Spec.Rules, func(r networkingv1.IngressRule) bool {
			return r.Host != "" && kube.Covers(r.Host, host)
		}) {
			return true
		}
	}
	return false
}

func reportAstray(s *snapshot.Snapshot, r *finding.Report, p *corev1.Pod, hosts map[string]bool, alike string, seen incident.Evidence) {
	node, w := snapshot.ObjectOf("Node", "", p.Spec.NodeName), s.WorkloadOf(p)
	with := "certificates that are not theirs"
	if alike != "" {
		with = "one certificate, for " + alike
	}
	f := r.Find(NamesLeadAstray, node, finding.OneLine(fmt.Sprintf("%d names outside the cluster, such as %s, are answered with %s "+
		"(%s): they may lead "+
		"elsewhere, by a search domain of the nodes with a wildcard, which pods try first, or through a proxy", len(hosts),
		slices.Sorted(maps.Keys(hosts))[0], with, finding.Short(w)), finding.MaxTitle)).Suspected()
	f.Workload, f.Fault, f.Refs = w, []incident.Object{node, w}, []incident.Object{w}
	f.AddPod(p)
	f.Detail, f.AtMost = Astray{alike}, incident.Likely
	f.Cite(seen)
}
