package cause

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/dns"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/events"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/rbac"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/workloads"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// dnsRules are about the cluster's DNS.
var dnsRules = []Rule{
	{"names-astray", []string{dns.NamesLeadAstray}, complaints, namesAstray,
		"the log of 1 workload distrusts whom it reaches", "the logs of %d workloads distrust whom they reach"},
	{"dns-stops", []string{dns.DNSLoop, dns.DNSCorefileError, dns.DNSNoNameserver}, crashes, dnsStops,
		"CoreDNS stops, again and again", "CoreDNS stops, again and again (%d findings)"},
	{"dns-pods", slices.Concat(dnsFaults, podFaults, []string{workloads.PodsRefused}), []string{dns.DNSDown}, dnsPods,
		"nothing answers names in the cluster", "nothing answers names in the cluster (%d findings)"},
	{"dns-switched-off", []string{dns.DNSScaledToZero}, workloadFaults, sameWorkload("it is scaled to 0"),
		"its workload has no pods", "%d workloads have no pods"},
	{"names-denied", []string{dns.DNSNamesDenied}, suffers, misses("the cluster's DNS denies that there is such a name"),
		"1 workload fails because a name does not resolve", "%d workloads fail because names do not resolve"},
	{"dns-settings", []string{dns.PodDNSConfig}, suffers, misses("its DNS settings keep it from that"),
		"1 workload fails because a name does not resolve", "%d workloads fail because names do not resolve"},
	{"names-unresolved", append(slices.Clone(dnsFaults), dns.DNSDown, dns.DNSServiceMissing, dns.DNSAddressMismatch),
		slices.Concat(crashes, complaints), namesUnresolved,
		"1 workload fails because a name does not resolve", "%d workloads fail because names do not resolve"},
	{"names-unlisted", []string{rbac.RightMissing, rbac.RoleMissing}, crashes, namesUnlisted,
		"1 workload fails because a name does not resolve", "%d workloads fail because names do not resolve"},
	{"names-unanswered", podFaults, crashes, namesUnanswered,
		"1 workload fails because a name does not resolve", "%d workloads fail because names do not resolve"},
	{"names-unresolved-before", []string{dns.DNSWasDown}, suffers, waitsForTry,
		"1 workload waits for its next try", "%d workloads wait for their next try"},
	{"outside-unresolved", []string{dns.DNSUpstreamUnreachable}, append(slices.Concat(suffers, complaints), services.ExternalNameNotFound,
		workloads.JobFailed), outsideUnresolved,
		"1 workload fails because a name does not resolve", "%d workloads fail because names do not resolve"},
	{"search-domain", []string{dns.DNSSearchDomainAnswers}, append(slices.Concat(suffers, complaints), custom.CustomNotReady,
		workloads.JobFailed, events.EventUnexplained), searchDomain,
		"1 object does not reach whom it calls", "%d objects do not reach whom they call"},
}

// searchDomain wants the name that leads elsewhere in what is said of the other.
func searchDomain(_ *Context, from, to *finding.Finding) (Link, bool) {
	d, _ := finding.DetailOf[dns.SearchDomain](from)
	for _, host := range d.Hosts {
		names := func(e incident.Evidence) bool { return strings.Contains(e.Excerpt, host) }
		if slices.ContainsFunc(to.Seen, names) || slices.ContainsFunc(to.Said, func(f logs.Fact) bool { return f.Host == host }) {
			return Link{Reason: host + ", which it calls, leads to another's address"}, true
		}
	}
	return Link{}, false
}

func dnsStops(c *Context, from, to *finding.Finding) (Link, bool) {
	if !from.About(to.Workload) {
		return Link{}, false
	}
	return Link{Reason: "CoreDNS stops because of it, again and again"}, true
}

func dnsPods(c *Context, from, to *finding.Finding) (Link, bool) {
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
func namesUnresolved(c *Context, from, to *finding.Finding) (Link, bool) {
	if from.About(to.Workload) || from.Severity != incident.Critical {
		return Link{}, false
	}
	var asks *corev1.Pod
	for _, p := range to.Pods {
		if resolvers.UsesClusterDNS(p) {
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
		if _, ok := kube.ServiceOf(c.Snapshot, d.Host, asks.Namespace); ok {
			return Link{Reason: "its log says that it " + d.String() + ", and nothing answers names in the cluster"}, true
		}
		outside = d.Host
	}
	if outside == "" {
		return Link{}, false
	}
	return Link{Reason: "its log says that it cannot resolve " + outside + ", and its queries go to the cluster's DNS", Inferred: true}, true
}

// namesUnlisted is about a DNS that may not list what names come from: it answers that it cannot, for every name of the cluster.
func namesUnlisted(c *Context, from, to *finding.Finding) (Link, bool) {
	if !resolvers.AnswersNames(c.Snapshot, from.Workload) {
		return Link{}, false
	}
	l, ok := namesUnresolved(c, from, to)
	return l, ok && !l.Inferred
}

// namesUnanswered is about a DNS of which some pods fail and others answer: look-ups that reach those that fail get no answer. That a name
// does not exist is an answer.
func namesUnanswered(c *Context, from, to *finding.Finding) (Link, bool) {
	if len(to.Said) == 0 || len(to.Pods) == 0 || from.About(to.Workload) || !resolvers.UsesClusterDNS(to.Pods[0]) ||
		!resolvers.AnswersNames(c.Snapshot, from.Workload) {
		return Link{}, false
	}
	for _, d := range to.Said {
		if _, ours := kube.ServiceOf(c.Snapshot, d.Host, to.Pods[0].Namespace); ours && d.Unanswered() {
			return Link{Reason: "its log says that it " + d.String() + " for want of an answer, and pods that answer names fail", Inferred: true},
				true
		}
	}
	return Link{}, false
}

// outsideUnresolved wants a name outside the cluster that no server answered for, from a pod that asks the cluster's DNS.
func outsideUnresolved(c *Context, from, to *finding.Finding) (Link, bool) {
	if to.Code == services.ExternalNameNotFound {
		return Link{Reason: "it stands for a name outside the cluster"}, len(to.Refs) == 0
	}
	if len(to.Pods) == 0 || !resolvers.UsesClusterDNS(to.Pods[0]) {
		return Link{}, false
	}
	for _, d := range to.Said {
		if d.Unanswered() && calls.Outside(c.Snapshot, d.Host) {
			return Link{Reason: "its log says that it " + d.String() + ", and the cluster's DNS gets no answer from outside"}, true
		}
	}
	return Link{}, false
}

// waitsForTry wants a pod that could not resolve a name that exists, and has not been tried since names resolve again.
func waitsForTry(c *Context, from, to *finding.Finding) (Link, bool) {
	return Link{Reason: "its log says that it could not resolve a name, and it has not been started since names resolve again"},
		to.NeedsName() && c.share(from, to)
}

// namesAstray is likely rather than proven unless several names are answered with one certificate.
func namesAstray(c *Context, from, to *finding.Finding) (Link, bool) {
	d, _ := finding.DetailOf[dns.Astray](from)
	return Link{Reason: "it is answered for several names outside with certificates that are not theirs", Inferred: d.Alike == ""},
		from.Workload == to.Workload && c.share(from, to)
}
