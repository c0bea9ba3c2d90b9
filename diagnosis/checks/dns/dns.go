package dns

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func checkDNS(s *snapshot.Snapshot, r *finding.Report) {
	r.Judges("services", "pods")
	d, ok := resolvers.Find(s)
	if !ok {
		return
	}
	if d.Replicas == 0 && len(d.Pods) == 0 && !finding.NotSeen(s, "pods", resolvers.DNSNamespace) {
		f := about(d, r.Find(DNSScaledToZero, d.Workload, fmt.Sprintf("The cluster's DNS is switched off: %s is scaled to 0",
			finding.Short(d.Workload))))
		f.Cite(finding.SeenAPI(d.Workload, "spec.replicas", time.Time{}, "0"))
		return
	}
	checkDown(d, s, r)
	log, pod := d.Fatal(s)
	checkLoop(d, s, r, log, pod)
	checkCorefile(d, s, r, log, pod)
	checkNoServers(d, s, r)
	checkSearchDomains(d, s, r)
	checkAstray(d, s, r)
	checkAddress(d, s, r)
	for _, x := range append([]resolvers.Resolver{d}, resolvers.Caches(s)...) {
		checkUpstream(x, s, r)
	}
	checkClients(d, s, r)
	checkPast(d, s, r)
	checkTemplates(d, s, r)
}

// about binds a finding to the DNS pods: they are what a remedy restarts.
func about(d resolvers.Resolver, f *finding.Finding) *finding.Finding {
	f.Workload, f.Pods = d.Workload, d.Pods
	for _, p := range d.Pods {
		if p.Spec.NodeName != "" {
			f.Nodes = finding.Union(f.Nodes, []string{p.Spec.NodeName})
		}
	}
	return f
}

// checkDown reports a DNS without a single ready pod.
func checkDown(d resolvers.Resolver, s *snapshot.Snapshot, r *finding.Report) {
	if slices.ContainsFunc(d.Pods, kube.IsReady) || d.Service == nil || finding.NotSeen(s, "pods", resolvers.DNSNamespace) {
		return
	}
	crashing := slices.ContainsFunc(d.Pods, func(p *corev1.Pod) bool { return len(podproblem.SickContainers(s, p)) > 0 })
	var starting finding.Term
	if !crashing {
		unknown := false
		if starting, unknown = podproblem.OnlyStarting(s, d.Pods); unknown {
			return
		}
	}
	title := fmt.Sprintf("The cluster's DNS is down: none of its %d pods is ready", len(d.Pods))
	switch len(d.Pods) {
	case 0:
		title = "The cluster's DNS is down: it has no pods"
	case 1:
		title = "The cluster's DNS is down: its pod is not ready"
	}
	f := about(d, r.Find(DNSDown, kube.ServiceObject(d.Service), title))
	checkSelector(d, s, f)
	for _, p := range d.Pods {
		f.Since = kube.Latest(f.Since, kube.UnreadySince(p))
		f.Cite(finding.SeenAPI(finding.PodObject(p), "status.conditions[Ready]", kube.UnreadySince(p), "not ready"))
	}
	if len(d.Pods) == 0 {
		f.Cite(finding.SeenAPI(f.Object, "spec.selector", time.Time{}, "no pod in "+resolvers.DNSNamespace+" has "+
			kube.LabelWords(d.Service.Spec.Selector)))
	}
	f.Cite(kube.SliceEvidence(s, d.Service))
	f.Cite(failedLookups(s)...)
	f.NotYetWithin(starting, s.At)
}

// checkSelector tells a Service that selects nothing from one whose pods are gone: the DNS pods are there under their usual label.
func checkSelector(d resolvers.Resolver, s *snapshot.Snapshot, f *finding.Finding) {
	usual := map[string]string{resolvers.DNSLabel: resolvers.DNSName}
	there := s.PodsSelected(resolvers.DNSNamespace, usual)
	if len(d.Pods) > 0 || !d.Workload.IsZero() || len(there) == 0 {
		return
	}
	w := s.WorkloadOf(there[0])
	f.Root, f.Workload = true, w
	f.Title = finding.OneLine(fmt.Sprintf("The cluster's DNS has no endpoint: Service %s selects %s, %s has %s", d.Service.Name,
		kube.LabelWords(d.Service.Spec.Selector), finding.Short(w), kube.LabelWords(usual)), finding.MaxTitle)
	f.Cite(finding.SeenAPI(f.Object, "spec.selector", time.Time{}, kube.LabelWords(d.Service.Spec.Selector)),
		finding.SeenAPI(finding.PodObject(there[0]), "metadata.labels", time.Time{}, kube.LabelWords(there[0].Labels)))
}

func failedLookups(s *snapshot.Snapshot) []incident.Evidence {
	var out []incident.Evidence
	for _, l := range s.Lookups {
		if l.Error != "" {
			out = append(out, finding.NewEvidence(incident.SourceProbe, snapshot.ObjectOf("Service", resolvers.DNSNamespace, resolvers.DNSName),
				"lookup "+l.Name, time.Time{},
				fmt.Sprintf("%s asked %s for %s: %s", l.From, l.Server, l.Name, l.Error)))
		}
	}
	return out
}

func corefileObject(d resolvers.Resolver) incident.Object {
	if d.Config != nil {
		return snapshot.ObjectOf("ConfigMap", d.Config.Namespace, d.Config.Name)
	}
	return snapshot.ObjectOf("ConfigMap", resolvers.DNSNamespace, "coredns")
}

// changed is when the ConfigMap was last written, going by its field managers.
func changed(d resolvers.Resolver) time.Time {
	var t time.Time
	if d.Config != nil {
		for _, m := range d.Config.ManagedFields {
			if m.Time != nil {
				t = kube.Latest(t, m.Time.Time)
			}
		}
	}
	return t
}

// tellChange says in the finding's reason when the Corefile was last changed, and by whom.
func tellChange(d resolvers.Resolver, f *finding.Finding) {
	t := changed(d)
	if t.IsZero() || !t.After(d.Config.CreationTimestamp.Time) {
		return
	}
	for _, m := range d.Config.ManagedFields {
		if m.Time != nil && m.Time.Time.Equal(t) {
			f.Because += fmt.Sprintf("; it was last changed at %s by %s", finding.Clock(t), m.Manager)
			f.Told = append(f.Told, t)
			return
		}
	}
}

// checkCorefile reports what CoreDNS says about its configuration, or braces that don't match while it is not well.
func checkCorefile(d resolvers.Resolver, s *snapshot.Snapshot, r *finding.Report, log incident.Evidence, pod *corev1.Pod) {
	m, twice := resolvers.CorefileLine.FindStringSubmatch(log.Excerpt), resolvers.ServedTwice.FindStringSubmatch(log.Excerpt)
	well := slices.ContainsFunc(d.Pods, kube.IsReady)
	switch {
	case twice != nil && !kube.IsReady(pod):
		servedTwice(d, s, r, twice[1]).Cite(log)
	case m != nil && pod != nil && !kube.IsReady(pod):
		f := about(d, r.Find(DNSCorefileError, corefileObject(d), fmt.Sprintf("CoreDNS cannot read its Corefile: line %s, %s", m[2], m[3])))
		f.Because = "CoreDNS' log names the line"
		tellChange(d, f)
		f.Cite(log)
		if d.Config != nil {
			f.Cite(finding.SeenAPI(f.Object, "data.Corefile", changed(d), "line "+m[2]+": "+lineOf(d.Config.Data["Corefile"], m[2])))
		}
	case d.Config != nil && len(d.Pods) > 0 && !well:
		c := resolvers.ParseCorefile(d.Config.Data["Corefile"])
		if c.Err == "" && d.Config.Data["Corefile"] != "" {
			return
		}
		what := fmt.Sprintf("line %d, %s", c.ErrLine, c.Err)
		if d.Config.Data["Corefile"] == "" {
			what = fmt.Sprintf("ConfigMap %s has no key Corefile", d.Config.Name)
		}
		f := about(d, r.Find(DNSCorefileError, corefileObject(d), "CoreDNS cannot read its Corefile: "+what))
		f.Because = "Its structure is broken"
		tellChange(d, f)
		f.Cite(finding.SeenAPI(f.Object, "data.Corefile", changed(d), what))
	}
}

func lineOf(text, number string) string {
	for i, line := range strings.Split(text, "\n") {
		if fmt.Sprint(i+1) == number {
			return finding.OneLine(line, finding.MaxLine)
		}
	}
	return "not in the ConfigMap any more"
}

// Checks look at the cluster's DNS.
var Checks = []finding.Check{{Name: "dns", Codes: slices.Concat(dnsCodes, astrayCodes), Run: checkDNS}}
