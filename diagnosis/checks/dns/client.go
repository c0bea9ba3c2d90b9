package dns

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// checkClients looks at pods that do not resolve a name, and whose DNS settings say why: of those that fail it is found, of those that are
// well by all signs and whose log complains it is suspected.
func checkClients(d resolvers.Resolver, s *snapshot.Snapshot, r *finding.Report) {
	if d.Service == nil && !finding.NotSeen(s, finding.Services, resolvers.DNSNamespace) {
		return
	}
	c := calls.Callers{S: s, R: r, Found: map[string]*finding.Finding{}}
	askClients(d, s, c, calls.Failing(s))
	askClients(d, s, c.Well(), calls.Complaints(s))
}

func askClients(d resolvers.Resolver, s *snapshot.Snapshot, c calls.Callers, all []calls.Call) {
	for _, by := range all {
		if by.Need.Kind != logs.NameUnresolved {
			continue
		}
		why, field := cannotAsk(d, s, by)
		if why == "" {
			continue
		}
		w := s.WorkloadOf(by.Pod)
		f := c.Find(PodDNSConfig, w, "", by, fmt.Sprintf("%s cannot resolve %s: %s", finding.Short(w), by.Need.Host, why))
		f.Workload = w
		f.Cite(finding.SeenAPI(finding.PodObject(by.Pod), field, time.Time{}, dnsWords(by.Pod)))
	}
}

// cannotAsk says why a pod's settings keep a name from resolving, and in which field; "" if they do not.
func cannotAsk(d resolvers.Resolver, s *snapshot.Snapshot, by calls.Call) (why, field string) {
	spec := &by.Pod.Spec
	ours := by.Service
	inCluster := !ours.IsZero() && (s.Service(ours.Namespace, ours.Name) != nil || finding.NotSeen(s, finding.Services, ours.Namespace))
	switch {
	case inCluster && spec.DNSPolicy == corev1.DNSDefault:
		return "it is a Service, but dnsPolicy Default asks the node's resolver, which does not know it", "spec.dnsPolicy"
	case inCluster && spec.HostNetwork && (spec.DNSPolicy == corev1.DNSClusterFirst || spec.DNSPolicy == ""):
		return "it is a Service, but on the host network dnsPolicy ClusterFirst asks the node's resolver (ClusterFirstWithHostNet asks " +
			"the cluster's)", "spec.dnsPolicy"
	case spec.DNSConfig == nil || spec.DNSPolicy != corev1.DNSNone:
		return silentServer(d, by)
	case len(spec.DNSConfig.Nameservers) == 0:
		return "dnsPolicy is None, and its dnsConfig names no name server", "spec.dnsConfig"
	case d.Service != nil && inCluster &&
		!slices.ContainsFunc(spec.DNSConfig.Nameservers, func(server string) bool { return isOurs(d, server) }):
		return "it is a Service, but the pod's dnsConfig asks " + finding.FirstFew(spec.DNSConfig.Nameservers) + ", not the cluster's DNS " +
			d.Service.Spec.ClusterIP, "spec.dnsConfig"
	case inCluster && !strings.Contains(by.Need.Host, ".svc.") && !searches(spec.DNSConfig, by):
		return "the pod's dnsConfig searches no domain that would complete it", "spec.dnsConfig"
	}
	return silentServer(d, by)
}

// silentServer takes a log's word that a name server of the pod's own dnsConfig does not answer.
func silentServer(d resolvers.Resolver, by calls.Call) (why, field string) {
	m := calls.AskedServer.FindStringSubmatch(by.Need.Line)
	if by.Pod.Spec.DNSConfig == nil || m == nil || !by.Need.Unanswered() || isOurs(d, m[1]) ||
		!slices.Contains(by.Pod.Spec.DNSConfig.Nameservers, m[1]) {
		return "", ""
	}
	return "name server " + m[1] + " of its dnsConfig does not answer", "spec.dnsConfig"
}

func isOurs(d resolvers.Resolver, server string) bool {
	return server == resolvers.NodeLocalDNS ||
		d.Service != nil && (server == d.Service.Spec.ClusterIP || slices.Contains(d.Service.Spec.ClusterIPs, server)) ||
		slices.ContainsFunc(d.Pods, func(p *corev1.Pod) bool { return p.Status.PodIP == server })
}

// searches says whether a search domain makes the name that is asked for into that of the Service.
func searches(c *corev1.PodDNSConfig, by calls.Call) bool {
	return slices.ContainsFunc(c.Searches, func(domain string) bool {
		full := strings.TrimRight(by.Need.Host+"."+domain, ".") + "."
		return strings.HasPrefix(full, by.Service.Name+"."+by.Service.Namespace+".svc.")
	})
}

func dnsWords(p *corev1.Pod) string {
	policy := p.Spec.DNSPolicy
	if policy == "" {
		policy = corev1.DNSClusterFirst
	}
	words := "dnsPolicy " + string(policy)
	if p.Spec.HostNetwork {
		words += ", hostNetwork"
	}
	if c := p.Spec.DNSConfig; c != nil {
		words += fmt.Sprintf("; nameservers %s; searches %s", strings.Join(c.Nameservers, ", "), strings.Join(c.Searches, ", "))
	}
	return words
}
