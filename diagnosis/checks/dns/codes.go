package dns

import (
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// The codes of findings about the cluster's DNS.
const (
	DNSLoop                = "DNSLoop"
	DNSCorefileError       = "DNSCorefileError"
	DNSNamesDenied         = "DNSNamesDenied"
	DNSNoNameserver        = "DNSNoNameserver"
	DNSSearchDomainAnswers = "DNSSearchDomainAnswers"
	DNSScaledToZero        = "DNSScaledToZero"
	DNSDown                = "DNSDown"
	DNSWasDown             = "DNSWasDown"
	DNSUpstreamUnreachable = "DNSUpstreamUnreachable"
	DNSServiceMissing      = "DNSServiceMissing"
	DNSAddressMismatch     = "DNSAddressMismatch"
	PodDNSConfig           = "PodDNSConfig"
)

var dnsCodes = []finding.Code{
	{Code: DNSLoop, Severity: incident.Critical, Root: true, Final: true, Trouble: finding.DNSTrouble,
		Meaning: "CoreDNS forwards queries to itself. It notices and stops, again and again, so no name resolves in the cluster.",
		Next: "Let the Corefile forward to a real upstream resolver, not to a loopback address or the cluster's own DNS; " +
			"then restart CoreDNS.",
		Example: "CoreDNS forwards to itself (forward . 127.0.0.1) and stops: names do not resolve in the cluster"},
	{Code: DNSNoNameserver, Severity: incident.Critical, Root: true, Trouble: finding.DNSTrouble,
		Meaning: "CoreDNS forwards to a resolv.conf that names no server, as that of the node on which its pod is, and stops.",
		Next: "Give the node's resolv.conf a nameserver (or the kubelet's resolvConf another file), or let the Corefile forward to a " +
			"resolver by " +
			"its address; then restart CoreDNS.",
		Example: "CoreDNS finds no nameservers in /etc/resolv.conf of node n-3, to which it forwards, and stops: names do not resolve in " +
			"the cluster"},
	{Code: DNSSearchDomainAnswers, Severity: incident.Critical, Root: true, Detail: SearchDomain{},
		Meaning: "Whoever holds a search domain that pods take over from their node answers any name below it, so that pods get an address of " +
			"theirs for names outside the cluster.",
		Next: "Take the domain out of the node's resolv.conf (search, or what its DHCP server gives), or let the kubelet hand out another file " +
			"(resolvConf); then restart the pods. A name that ends in a dot is not searched for.",
		Example: "acme.example.org leads to acme.example.org.home.example: whoever holds home.example, a search domain of pods on node n-1, " +
			"answers any name below it"},
	{Code: DNSNamesDenied, Severity: incident.Critical, Root: true,
		Meaning: "A template in CoreDNS' configuration answers that names of Services do not exist, before the Services are looked at.",
		Next:    "Take the template out of the Corefile, or narrow its zone; CoreDNS reads the ConfigMap again within a minute or two.",
		Example: "CoreDNS says that users.shop.svc.cluster.local does not exist, for line 5 of its Corefile (template ANY ANY " +
			"svc.cluster.local {) answers before it looks at Services"},
	{Code: DNSCorefileError, Severity: incident.Critical, Root: true, Trouble: finding.DNSTrouble,
		Meaning: "CoreDNS cannot read its configuration.",
		Next:    "Correct the line of the Corefile that it names, or restore the last version that worked; then restart CoreDNS.",
		Example: "CoreDNS cannot read its Corefile: line 7, Unknown directive 'forwrd'"},
	{Code: DNSScaledToZero, Severity: incident.Critical, Root: true, Trouble: finding.DNSTrouble,
		Meaning: "The cluster's DNS is scaled to zero, so no name resolves.",
		Next:    "Scale it up again.",
		Example: "The cluster's DNS is switched off: Deployment coredns is scaled to 0"},
	{Code: DNSDown, Severity: incident.Critical,
		Meaning: "No pod of the cluster's DNS is ready, so no name resolves.",
		Next:    "Look at the DNS pods.",
		Example: "The cluster's DNS is down: none of its 1 pods is ready"},
	{Code: DNSWasDown, Severity: incident.Warning, Root: true,
		Meaning: "The cluster's DNS is well again, and programs that could not resolve a name before wait for their next try.",
		Next:    "Nothing, if they come back within the kubelet's five minutes; restart them if that is too long.",
		Example: "The cluster's DNS did not answer before 08:19:02 UTC, when it was started: 10 workloads wait for their next try"},
	{Code: PodDNSConfig, Severity: incident.Critical, Root: true,
		Meaning: "A pod's dnsPolicy or dnsConfig sends its lookups where the name is not known, or where nobody answers.",
		Next:    "Correct spec.dnsPolicy or spec.dnsConfig of the pod template; ClusterFirst without a dnsConfig is right for most.",
		Example: "Deployment api cannot resolve db.shop.svc.cluster.local: it is a Service, but dnsPolicy Default asks the node's resolver, " +
			"which does not know it"},
	{Code: DNSUpstreamUnreachable, Severity: incident.Critical, Root: true,
		Meaning: "CoreDNS is well, but the resolver that it forwards to does not answer, so names outside the cluster do not resolve.",
		Next:    "Let the Corefile forward to a resolver that the nodes reach, or see why they do not reach this one.",
		Example: "CoreDNS gets no answer from its upstream resolver 8.8.8.8: names outside the cluster do not resolve"},
	{Code: DNSServiceMissing, Severity: incident.Critical, Root: true,
		Meaning: "The Service of the cluster's DNS is gone: its pods run, but pods ask at an address that leads nowhere.",
		Next:    "Create Service kube-system/kube-dns again, with the address that the kubelets hand out (clusterDNS in their configuration).",
		Example: "Service kube-system/kube-dns does not exist: the DNS pods run, but nobody can ask them"},
	{Code: DNSAddressMismatch, Severity: incident.Critical, Root: true,
		Meaning: "Pods ask another address for names than that of the cluster's DNS: its Service was made anew, or the kubelets are configured " +
			"for another.",
		Next: "Give the Service kube-dns the address that the kubelets hand out (clusterDNS), or correct their configuration and " +
			"restart the pods.",
		Example: "Pods ask 10.96.0.10 for names, but the cluster's DNS is at 10.43.0.10"},
}
