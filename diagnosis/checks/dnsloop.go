package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func lastEnd(p *corev1.Pod) time.Time {
	var t time.Time
	for _, c := range kube.ContainersOf(p) {
		t = kube.Latest(t, kube.Latest(endOf(c.Status.LastTerminationState.Terminated), endOf(c.Status.State.Terminated)))
	}
	return t
}

// checkLoop wants proof: CoreDNS' own word, or a Corefile that leads back to it. Its word about an instance that has ended counts
// only while the pod is not well again: an old log is no present loop.
func (d resolver) checkLoop(s *snapshot.Snapshot, r *finding.Report, log incident.Evidence, pod *corev1.Pod) {
	said := loopLine.MatchString(log.Excerpt) && pod != nil && (!kube.IsReady(pod) || !strings.HasPrefix(log.Field, "previous"))
	looping, why := d.loopingForward(s)
	if why == "" && said && d.changed().After(lastEnd(pod)) {
		said = false // it spoke of a Corefile that has since been mended
	}
	if !said && (why == "" || d.inUse(s)) {
		return
	}
	f := d.about(r.Find(DNSLoop, d.corefileObject(), "CoreDNS forwards to itself and stops: names do not resolve in the cluster"))
	f.Because = "CoreDNS' loop detection stops it"
	if why != "" {
		f.Title = finding.OneLine(fmt.Sprintf("CoreDNS forwards to itself (%s) and stops: names do not resolve in the cluster", looping.text), finding.MaxTitle)
		f.Because = fmt.Sprintf("The Corefile's line %d, %q, sends what CoreDNS cannot answer back to CoreDNS: %s", looping.line, looping.text, why)
		f.Cite(finding.SeenAPI(d.corefileObject(), "data.Corefile", d.changed(), fmt.Sprintf("line %d: %s", looping.line, looping.text)))
		d.blameResolv(s, f, looping)
	} else if nodes := d.resolversUnseen(s, f.Nodes); len(nodes) > 0 {
		on := "/etc/resolv.conf of node " + strings.Join(nodes, ", ")
		f.Retitle("CoreDNS forwards to itself by way of " + on + " and stops: names do not resolve in the cluster")
		f.Because += ", and it forwards to nothing but " + on + ", which was not seen"
		for _, n := range nodes {
			f.Fault = append(f.Fault, snapshot.ObjectOf("Node", "", n))
		}
		f.Fault = append(f.Fault, f.Object)
		f.Cite(finding.SeenAPI(d.corefileObject(), "data.Corefile", d.changed(), "forwards to "+resolvConf+" alone"))
	}
	if said {
		f.Because += "; its log says so"
		f.Cite(log)
	} else if slices.ContainsFunc(d.pods, kube.IsReady) {
		f.Severity = incident.Warning
		f.Title = finding.OneLine(fmt.Sprintf("The Corefile forwards to CoreDNS itself (%s): it will stop when it reads it", looping.text), finding.MaxTitle)
	}
	d.tellChange(f)
	for _, p := range d.pods {
		for _, c := range kube.ContainersOf(p) {
			f.Since = finding.Earlier(f.Since, finding.Earlier(endOf(c.Status.LastTerminationState.Terminated), endOf(c.Status.State.Terminated)))
		}
		f.Since = finding.Earlier(f.Since, kube.BeganAt(kube.LastEvent(s, finding.PodObject(p), "BackOff")))
	}
	if t := d.changed(); !t.IsZero() && s.At.Sub(t) < 24*time.Hour {
		f.Since = finding.Earlier(f.Since, t)
	}
}

// inUse says that the Corefile works as it is: a pod that started after its last change has run for long enough to notice a loop.
func (d resolver) inUse(s *snapshot.Snapshot) bool {
	changed := d.changed()
	for _, p := range d.pods {
		if !kube.IsReady(p) {
			continue
		}
		for _, c := range kube.ContainersOf(p) {
			if run := c.Status.State.Running; run != nil && run.StartedAt.After(changed) && s.At.Sub(run.StartedAt.Time) >= time.Minute && !changed.IsZero() {
				return true
			}
		}
	}
	return false
}

// loopingForward finds the line of the Corefile that leads back to CoreDNS, and why it does.
func (d resolver) loopingForward(s *snapshot.Snapshot) (forward, string) {
	if d.config == nil {
		return forward{}, ""
	}
	var ips []string
	if d.service != nil {
		ips = append(d.service.Spec.ClusterIPs, d.service.Spec.ClusterIP)
	}
	hostNetwork := d.spec != nil && d.spec.HostNetwork
	for _, f := range parseCorefile(d.config.Data["Corefile"]).forwards {
		for _, target := range f.targets {
			if why := f.loopsTo(target, ips, hostNetwork); why != "" {
				return f, why
			}
			if target == resolvConf {
				if why := d.resolvLoops(s, hostNetwork); why != "" {
					return f, why
				}
			}
		}
	}
	return forward{}, ""
}

// resolvLoops follows /etc/resolv.conf: with dnsPolicy Default it is the node's, otherwise it names the cluster's DNS. Which of its files
// a kubelet hands on is its own affair: kubeadm and K3s pass over one that names a loopback, so that while CoreDNS is well it is no proof.
func (d resolver) resolvLoops(s *snapshot.Snapshot, hostNetwork bool) string {
	switch {
	case d.spec == nil || hostNetwork:
		return ""
	case d.spec.DNSPolicy == corev1.DNSClusterFirst:
		return "its pods' dnsPolicy is ClusterFirst, so their resolv.conf names the cluster's DNS itself"
	case d.spec.DNSPolicy != corev1.DNSDefault:
		return ""
	}
	for i := range s.Hosts {
		h := &s.Hosts[i]
		if on := func(p *corev1.Pod) bool { return p.Spec.NodeName == h.Node && !kube.IsReady(p) }; !slices.ContainsFunc(d.pods, on) {
			continue
		}
		if servers := loopbackServers(h.Resolv); len(servers) > 0 {
			return fmt.Sprintf("/etc/resolv.conf of node %s, which CoreDNS uses, names %s", h.Node, strings.Join(servers, ", "))
		}
	}
	return ""
}

// resolversUnseen are the nodes whose resolv.conf is all that CoreDNS forwards to, where none of them was seen: a loop leads through it.
func (d resolver) resolversUnseen(s *snapshot.Snapshot, nodes []string) []string {
	if d.config == nil || d.spec == nil || d.spec.HostNetwork || d.spec.DNSPolicy != corev1.DNSDefault {
		return nil
	}
	forwards := parseCorefile(d.config.Data["Corefile"]).forwards
	elsewhere := func(f forward) bool {
		return slices.ContainsFunc(f.targets, func(t string) bool { return t != resolvConf })
	}
	if len(forwards) == 0 || slices.ContainsFunc(forwards, elsewhere) || slices.ContainsFunc(s.Hosts, func(h snapshot.Host) bool { return slices.Contains(nodes, h.Node) }) {
		return nil
	}
	return nodes[:min(len(nodes), 2)]
}

// blameResolv puts the blame where it belongs when the Corefile only passes on what another file says.
func (d resolver) blameResolv(s *snapshot.Snapshot, f *finding.Finding, looping forward) {
	if !slices.Contains(looping.targets, resolvConf) || d.spec == nil {
		return
	}
	if d.spec.DNSPolicy == corev1.DNSClusterFirst {
		f.Fault = []incident.Object{d.workload}
		return
	}
	for i := range s.Hosts {
		if h := &s.Hosts[i]; slices.Contains(f.Nodes, h.Node) && len(loopbackServers(h.Resolv)) > 0 {
			f.Fault = append(f.Fault, snapshot.ObjectOf("Node", "", h.Node))
			f.Cite(hostEvidence(h, resolvConf, time.Time{}, "nameserver "+strings.Join(loopbackServers(h.Resolv), ", ")))
		}
	}
	if len(f.Fault) > 0 {
		f.Fault = append(f.Fault, f.Object)
	}
}
