package dns

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func lastEnd(p *corev1.Pod) time.Time {
	var t time.Time
	for _, c := range kube.ContainersOf(p) {
		t = kube.Latest(t, kube.Latest(podproblem.EndOf(c.Status.LastTerminationState.Terminated), podproblem.EndOf(c.Status.State.Terminated)))
	}
	return t
}

// checkLoop wants proof: CoreDNS' own word, or a Corefile that leads back to it. Its word about an instance that has ended counts
// only while the pod is not well again: an old log is no present loop.
func checkLoop(d resolvers.Resolver, s *snapshot.Snapshot, r *finding.Report, log incident.Evidence, pod *corev1.Pod) {
	said := resolvers.LoopLine.MatchString(log.Excerpt) && pod != nil && (!kube.IsReady(pod) || !strings.HasPrefix(log.Field, "previous"))
	looping, why := loopingForward(d, s)
	if why == "" && said && changed(d).After(lastEnd(pod)) {
		said = false // it spoke of a Corefile that has since been mended
	}
	if !said && (why == "" || inUse(d, s)) || endsOver(log, pod) {
		return
	}
	f := about(d, r.Find(DNSLoop, corefileObject(d), "CoreDNS forwards to itself and stops: names do not resolve in the cluster"))
	f.Because = "CoreDNS' loop detection stops it"
	if why != "" {
		f.Title = finding.OneLine(fmt.Sprintf("CoreDNS forwards to itself (%s) and stops: names do not resolve in the cluster", looping.Text),
			finding.MaxTitle)
		f.Because = fmt.Sprintf("The Corefile's line %d, %q, sends what CoreDNS cannot answer back to CoreDNS: %s", looping.Line, looping.Text,
			why)
		f.Cite(finding.SeenAPI(corefileObject(d), "data.Corefile", changed(d), fmt.Sprintf("line %d: %s", looping.Line, looping.Text)))
		blameResolv(d, s, f, looping)
	} else if unseen := resolversUnseen(d, s, f.Nodes); len(unseen) > 0 {
		on := "/etc/resolv.conf of node " + strings.Join(unseen, ", ")
		f.Retitle("CoreDNS forwards to itself by way of " + on + " and stops: names do not resolve in the cluster")
		f.Because += ", and it forwards to nothing but " + on + ", which was not seen"
		for _, n := range unseen {
			f.Fault = append(f.Fault, snapshot.ObjectOf("Node", "", n))
		}
		f.Fault = append(f.Fault, f.Object)
		f.Cite(finding.SeenAPI(corefileObject(d), "data.Corefile", changed(d), "forwards to "+resolvers.ResolvConf+" alone"))
	}
	if said {
		f.Because += "; its log says so"
		f.Cite(log)
	} else if slices.ContainsFunc(d.Pods, kube.IsReady) {
		f.Severity = incident.Warning
		f.Title = finding.OneLine(fmt.Sprintf("The Corefile forwards to CoreDNS itself (%s): it will stop when it reads it", looping.Text),
			finding.MaxTitle)
	}
	tellChange(d, f)
	for _, p := range d.Pods {
		for _, c := range kube.ContainersOf(p) {
			f.Since = finding.Earlier(f.Since, finding.Earlier(podproblem.EndOf(c.Status.LastTerminationState.Terminated),
				podproblem.EndOf(c.Status.State.Terminated)))
		}
		f.Since = finding.Earlier(f.Since, kube.BeganAt(kube.LastEvent(s, finding.PodObject(p), "BackOff")))
	}
	if t := changed(d); !t.IsZero() && s.At.Sub(t) < finding.Recently.For {
		f.Since = finding.Earlier(f.Since, t)
	}
}

// endsOver says that CoreDNS ends before it could notice a loop, for it cannot use its configuration.
func endsOver(log incident.Evidence, pod *corev1.Pod) bool {
	return pod != nil && !kube.IsReady(pod) && !resolvers.LoopLine.MatchString(log.Excerpt)
}

// inUse says that the Corefile works as it is: a pod that started after its last change, if any is known, has run for long enough to
// notice a loop.
func inUse(d resolvers.Resolver, s *snapshot.Snapshot) bool {
	edited := changed(d)
	for _, p := range d.Pods {
		if !kube.IsReady(p) {
			continue
		}
		for _, c := range kube.ContainersOf(p) {
			if run := c.Status.State.Running; run != nil && run.StartedAt.After(edited) && s.At.Sub(run.StartedAt.Time) >= finding.LoopShows.For {
				return true
			}
		}
	}
	return false
}

// loopingForward finds the line of the Corefile that leads back to CoreDNS, and why it does.
func loopingForward(d resolvers.Resolver, s *snapshot.Snapshot) (resolvers.Forward, string) {
	if d.Config == nil {
		return resolvers.Forward{}, ""
	}
	var ips []string
	if d.Service != nil {
		ips = append(d.Service.Spec.ClusterIPs, d.Service.Spec.ClusterIP)
	}
	hostNetwork := d.Spec != nil && d.Spec.HostNetwork
	for _, f := range resolvers.ParseCorefile(d.Config.Data["Corefile"]).Forwards {
		for _, target := range f.Targets {
			if why := f.LoopsTo(target, ips, hostNetwork); why != "" {
				return f, why
			}
			if target == resolvers.ResolvConf {
				if why := resolvLoops(d, s, hostNetwork); why != "" {
					return f, why
				}
			}
		}
	}
	return resolvers.Forward{}, ""
}

// resolvLoops follows /etc/resolv.conf: with dnsPolicy Default it is the node's, otherwise it names the cluster's DNS. Which of its files
// a kubelet hands on is its own affair: kubeadm and K3s pass over one that names a loopback, so that while CoreDNS is well it is no proof.
func resolvLoops(d resolvers.Resolver, s *snapshot.Snapshot, hostNetwork bool) string {
	switch {
	case d.Spec == nil || hostNetwork:
		return ""
	case d.Spec.DNSPolicy == corev1.DNSClusterFirst:
		return "its pods' dnsPolicy is ClusterFirst, so their resolv.conf names the cluster's DNS itself"
	case d.Spec.DNSPolicy != corev1.DNSDefault:
		return ""
	}
	for i := range s.Hosts {
		h := &s.Hosts[i]
		if on := func(p *corev1.Pod) bool { return p.Spec.NodeName == h.Node && !kube.IsReady(p) }; !slices.ContainsFunc(d.Pods, on) {
			continue
		}
		if servers := resolvers.LoopbackServers(h.Resolv); len(servers) > 0 {
			return fmt.Sprintf("/etc/resolv.conf of node %s, which CoreDNS uses, names %s", h.Node, strings.Join(servers, ", "))
		}
	}
	return ""
}

// resolversUnseen are the nodes whose resolv.conf is all that CoreDNS forwards to, where none of them was seen: a loop leads through it.
func resolversUnseen(d resolvers.Resolver, s *snapshot.Snapshot, among []string) []string {
	if d.Config == nil || d.Spec == nil || d.Spec.HostNetwork || d.Spec.DNSPolicy != corev1.DNSDefault {
		return nil
	}
	forwards := resolvers.ParseCorefile(d.Config.Data["Corefile"]).Forwards
	elsewhere := func(f resolvers.Forward) bool {
		return slices.ContainsFunc(f.Targets, func(t string) bool { return t != resolvers.ResolvConf })
	}
	if len(forwards) == 0 || slices.ContainsFunc(forwards, elsewhere) ||
		slices.ContainsFunc(s.Hosts, func(h snapshot.Host) bool { return slices.Contains(among, h.Node) }) {
		return nil
	}
	return among[:min(len(among), 2)]
}

// blameResolv puts the blame where it belongs when the Corefile only passes on what another file says.
func blameResolv(d resolvers.Resolver, s *snapshot.Snapshot, f *finding.Finding, looping resolvers.Forward) {
	if !slices.Contains(looping.Targets, resolvers.ResolvConf) || d.Spec == nil {
		return
	}
	if d.Spec.DNSPolicy == corev1.DNSClusterFirst {
		f.Fault = []incident.Object{d.Workload}
		return
	}
	for i := range s.Hosts {
		if h := &s.Hosts[i]; slices.Contains(f.Nodes, h.Node) && len(resolvers.LoopbackServers(h.Resolv)) > 0 {
			f.Fault = append(f.Fault, snapshot.ObjectOf("Node", "", h.Node))
			f.Cite(hostlog.Seen(h, resolvers.ResolvConf, time.Time{}, "nameserver "+strings.Join(resolvers.LoopbackServers(h.Resolv), ", ")))
		}
	}
	if len(f.Fault) > 0 {
		f.Fault = append(f.Fault, f.Object)
	}
}
