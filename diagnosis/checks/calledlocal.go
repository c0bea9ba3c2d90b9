package checks

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// elsewhere reports a Service that keeps traffic on the caller's node while its ready pods are on other nodes: kube-proxy then refuses.
func (c callers) elsewhere(by call, v *corev1.Service) {
	node := by.pod.Spec.NodeName
	if v.Spec.InternalTrafficPolicy == nil || *v.Spec.InternalTrafficPolicy != corev1.ServiceInternalTrafficPolicyLocal || len(v.Spec.Selector) == 0 || node == "" {
		return
	}
	var nodes []string
	for _, p := range c.s.PodsSelected(v.Namespace, v.Spec.Selector) {
		if kube.IsReady(p) {
			nodes = finding.Union(nodes, []string{p.Spec.NodeName})
		}
	}
	if len(nodes) == 0 || slices.Contains(nodes, node) {
		return
	}
	slices.Sort(nodes)
	f := c.find(ServiceNotOnNode, by.service, node, by, fmt.Sprintf("Service %s/%s keeps traffic on its node (internalTrafficPolicy: Local), and on node %s, where %s calls it, is no ready pod of it",
		v.Namespace, v.Name, node, finding.Short(c.s.WorkloadOf(by.pod))))
	f.Cite(finding.SeenAPI(by.service, "spec.internalTrafficPolicy", time.Time{}, "Local; ready pods are on "+finding.FirstFew(nodes)))
}

// hostsEntry looks for the call's host among the entries of the pod's own hosts file, which comes before any name server. It says whether
// one of them misleads: it has the name of a Service, and not its address.
func (c callers) hostsEntry(by call) bool {
	for _, a := range by.pod.Spec.HostAliases {
		if a.IP != by.need.Host && !slices.Contains(a.Hostnames, by.need.Host) {
			continue
		}
		for _, name := range a.Hostnames {
			o, ok := kube.ServiceOf(c.s, name, by.pod.Namespace)
			v := c.s.Service(o.Namespace, o.Name)
			if !ok || v == nil || v.Spec.ClusterIP == "" || v.Spec.ClusterIP == corev1.ClusterIPNone || v.Spec.ClusterIP == a.IP || slices.Contains(v.Spec.ClusterIPs, a.IP) {
				continue
			}
			w := c.s.WorkloadOf(by.pod)
			f := c.find(PodHostsEntry, w, a.IP, by, fmt.Sprintf("%s has %s for %s in its hostAliases, but Service %s/%s is at %s", finding.Short(w), a.IP, name, v.Namespace, v.Name, v.Spec.ClusterIP))
			f.Workload, f.Refs = w, finding.Union(f.Refs, []incident.Object{o})
			f.Cite(finding.SeenAPI(finding.PodObject(by.pod), "spec.hostAliases", time.Time{}, a.IP+" "+finding.FirstFew(a.Hostnames)), finding.SeenAPI(o, "spec.clusterIP", time.Time{}, v.Spec.ClusterIP))
			return true
		}
	}
	return false
}
