package cause

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// dnsRules are about the cluster's DNS.
var dnsRules = []Rule{
	{"dns-stops", []string{checks.DNSLoop, checks.DNSCorefileError}, crashes, dnsStops,
		"CoreDNS stops, again and again", "CoreDNS stops, again and again (%d findings)"},
	{"dns-pods", slices.Concat(dnsFaults, podFaults, []string{checks.PodsRefused}), []string{checks.DNSDown}, dnsPods,
		"nothing answers names in the cluster", "nothing answers names in the cluster (%d findings)"},
	{"dns-switched-off", []string{checks.DNSScaledToZero}, workloadFaults, sameWorkload("it is scaled to 0"),
		"its workload has no pods", "%d workloads have no pods"},
	{"names-unresolved", append(slices.Clone(dnsFaults), checks.DNSDown), crashes, namesUnresolved,
		"1 workload fails because a name does not resolve", "%d workloads fail because names do not resolve"},
}

func dnsStops(c *Context, from, to *checks.Finding) (Link, bool) {
	if !from.About(to.Workload) {
		return Link{}, false
	}
	return Link{Reason: "CoreDNS stops because of it, again and again"}, true
}

func dnsPods(c *Context, from, to *checks.Finding) (Link, bool) {
	switch {
	case slices.Contains(dnsFaults, from.Code):
		return Link{Reason: "CoreDNS does not answer because of it"}, true
	case from.About(to.Workload) || c.share(from, to):
		return Link{Reason: "these are the pods that answer names"}, true
	}
	return Link{}, false
}

// namesUnresolved wants a log that says that a name did not resolve, from a pod that asks the cluster's DNS. For a name of the cluster
// that is proof; for another name it is likely, for its own servers may be at fault as well.
func namesUnresolved(c *Context, from, to *checks.Finding) (Link, bool) {
	if from.About(to.Workload) || from.Severity != incident.Critical {
		return Link{}, false
	}
	var asks *corev1.Pod
	for _, p := range to.Pods {
		if usesClusterDNS(p) {
			asks = p
			break
		}
	}
	if asks == nil {
		return Link{}, false
	}
	outside := ""
	for _, d := range to.Said {
		if d.Kind != logs.NameUnresolved {
			continue
		}
		if _, ok := checks.ServiceOf(c.Snapshot, d.Host, asks.Namespace); ok {
			return Link{Reason: "its log says that it " + d.String() + ", and nothing answers names in the cluster"}, true
		}
		outside = d.Host
	}
	if outside == "" {
		return Link{}, false
	}
	return Link{Reason: "its log says that it cannot resolve " + outside + ", and its queries go to the cluster's DNS", Inferred: true}, true
}

// usesClusterDNS follows the API's rule: ClusterFirst means the node's resolver for pods on the host network.
func usesClusterDNS(p *corev1.Pod) bool {
	switch p.Spec.DNSPolicy {
	case corev1.DNSClusterFirstWithHostNet:
		return true
	case corev1.DNSClusterFirst, "":
		return !p.Spec.HostNetwork
	}
	return false
}
