package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// checkClients looks at failing pods that do not resolve a name, and whose DNS settings say why.
func (d resolver) checkClients(s *snapshot.Snapshot, r *finding.Report) {
	if d.service == nil {
		return
	}
	c := callers{s, r, map[string]*finding.Finding{}}
	for _, by := range failingCalls(s) {
		if by.need.Kind != logs.NameUnresolved {
			continue
		}
		why, field := d.cannotAsk(s, by)
		if why == "" {
			continue
		}
		w := s.WorkloadOf(by.pod)
		f := c.find(PodDNSConfig, w, "", by, fmt.Sprintf("%s cannot resolve %s: %s", finding.Short(w), by.need.Host, why))
		f.Workload = w
		f.Cite(finding.SeenAPI(finding.PodObject(by.pod), field, time.Time{}, dnsWords(by.pod)))
	}
}

// cannotAsk says why a pod's settings keep a name from resolving, and in which field; "" if they do not.
func (d resolver) cannotAsk(s *snapshot.Snapshot, by call) (why, field string) {
	spec := &by.pod.Spec
	ours := by.service
	inCluster := !ours.IsZero() && s.Service(ours.Namespace, ours.Name) != nil
	switch {
	case inCluster && spec.DNSPolicy == corev1.DNSDefault:
		return "it is a Service, but dnsPolicy Default asks the node's resolver, which does not know it", "spec.dnsPolicy"
	case inCluster && spec.HostNetwork && (spec.DNSPolicy == corev1.DNSClusterFirst || spec.DNSPolicy == ""):
		return "it is a Service, but on the host network dnsPolicy ClusterFirst asks the node's resolver (ClusterFirstWithHostNet asks the cluster's)", "spec.dnsPolicy"
	case spec.DNSConfig == nil || spec.DNSPolicy != corev1.DNSNone:
		return d.silentServer(by)
	case len(spec.DNSConfig.Nameservers) == 0:
		return "dnsPolicy is None, and its dnsConfig names no name server", "spec.dnsConfig"
	case inCluster && !slices.ContainsFunc(spec.DNSConfig.Nameservers, func(server string) bool { return d.isOurs(server) }):
		return "it is a Service, but the pod's dnsConfig asks " + finding.FirstFew(spec.DNSConfig.Nameservers) + ", not the cluster's DNS " + d.service.Spec.ClusterIP, "spec.dnsConfig"
	case inCluster && !strings.Contains(by.need.Host, ".svc.") && !searches(spec.DNSConfig, by):
		return "the pod's dnsConfig searches no domain that would complete it", "spec.dnsConfig"
	}
	return d.silentServer(by)
}

// silentServer takes a log's word that a name server of the pod's own dnsConfig does not answer.
func (d resolver) silentServer(by call) (why, field string) {
	m := askedServer.FindStringSubmatch(by.need.Line)
	if by.pod.Spec.DNSConfig == nil || m == nil || !Unanswered(by.need.Line) || d.isOurs(m[1]) || !slices.Contains(by.pod.Spec.DNSConfig.Nameservers, m[1]) {
		return "", ""
	}
	return "name server " + m[1] + " of its dnsConfig does not answer", "spec.dnsConfig"
}

func (d resolver) isOurs(server string) bool {
	return server == nodeLocalDNS || server == d.service.Spec.ClusterIP || slices.Contains(d.service.Spec.ClusterIPs, server) ||
		slices.ContainsFunc(d.pods, func(p *corev1.Pod) bool { return p.Status.PodIP == server })
}

// searches says whether a search domain makes the name that is asked for into that of the Service.
func searches(c *corev1.PodDNSConfig, by call) bool {
	return slices.ContainsFunc(c.Searches, func(domain string) bool {
		full := strings.TrimRight(by.need.Host+"."+domain, ".") + "."
		return strings.HasPrefix(full, by.service.Name+"."+by.service.Namespace+".svc.")
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

// AnswersNames says whether the workload is the cluster's DNS.
func AnswersNames(s *snapshot.Snapshot, workload incident.Object) bool {
	type key struct{}
	dns := snapshot.Once(s, key{}, func() incident.Object {
		d, _ := findResolver(s)
		return d.workload
	})
	return !workload.IsZero() && dns == workload
}

// UsesClusterDNS says whether a pod asks the cluster's DNS for names. It follows the API's rule: ClusterFirst means the node's resolver for pods on the host network.
func UsesClusterDNS(p *corev1.Pod) bool {
	switch p.Spec.DNSPolicy {
	case corev1.DNSClusterFirstWithHostNet:
		return true
	case corev1.DNSClusterFirst, "":
		return !p.Spec.HostNetwork
	}
	return false
}
