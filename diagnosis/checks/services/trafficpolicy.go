package services

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// elsewhere reports a Service that keeps traffic on the caller's node while its ready pods are on other nodes: kube-proxy then refuses.
func elsewhere(c calls.Callers, by calls.Call, v *corev1.Service) {
	node := by.Pod.Spec.NodeName
	if v.Spec.InternalTrafficPolicy == nil || *v.Spec.InternalTrafficPolicy != corev1.ServiceInternalTrafficPolicyLocal ||
		len(v.Spec.Selector) == 0 || node == "" {
		return
	}
	var nodes []string
	here := false // one that is not ready for the moment, or that a DaemonSet makes anew there
	for _, p := range c.S.PodsSelected(v.Namespace, v.Spec.Selector) {
		here = here || p.Spec.NodeName == node || c.S.WorkloadOf(p).Kind == "DaemonSet"
		if kube.IsReady(p) {
			nodes = finding.Union(nodes, []string{p.Spec.NodeName})
		}
	}
	if len(nodes) == 0 || slices.Contains(nodes, node) {
		return
	}
	slices.Sort(nodes)
	if !here {
		c = c.Shown()
	}
	f := c.Find(ServiceNotOnNode, by.Service, node, by,
		fmt.Sprintf("Service %s/%s keeps traffic on its node (internalTrafficPolicy: Local), and on node %s, where %s calls it, is no "+
			"ready pod of it",
			v.Namespace, v.Name, node, finding.Short(c.S.WorkloadOf(by.Pod))))
	f.Cite(finding.SeenAPI(by.Service, "spec.internalTrafficPolicy", time.Time{}, "Local; ready pods are on "+finding.FirstFew(nodes)))
}

// notHeadless reports the Service that a StatefulSet names for its pods' names, where it has an address of its own: the cluster's DNS gives
// names to pods below headless Services alone.
func notHeadless(c calls.Callers, by calls.Call, v *corev1.Service, set string) bool {
	if v.Spec.ClusterIP == "" || v.Spec.ClusterIP == corev1.ClusterIPNone {
		return false
	}
	o := snapshot.ObjectOf("Service", v.Namespace, v.Name)
	f := c.Find(ServiceNameMismatch, o, "not headless", by,
		fmt.Sprintf("Service %s is not headless, so the pods of StatefulSet %s have no names under it, where %s looks for them",
			v.Name, set, finding.Short(c.S.WorkloadOf(by.Pod))))
	f.Fault = []incident.Object{o}
	f.Refs = []incident.Object{snapshot.ObjectOf("StatefulSet", v.Namespace, set)}
	f.Next = "Make a headless Service (clusterIP: None) of that name, which takes deleting this one; or a second one beside it, which " +
		"the StatefulSet, made anew, names as its serviceName."
	f.Cite(finding.SeenAPI(o, "spec.clusterIP", time.Time{}, v.Spec.ClusterIP),
		finding.SeenAPI(f.Refs[0], "spec.serviceName", time.Time{}, v.Name))
	return true
}

// hostsEntry looks for the call's host among the entries of the pod's own hosts file, which comes before any name server. It says whether
// one of them misleads: it has the name of a Service, and not its address.
func hostsEntry(c calls.Callers, by calls.Call) bool {
	for _, a := range by.Pod.Spec.HostAliases {
		if a.IP != by.Need.Host && !slices.Contains(a.Hostnames, by.Need.Host) {
			continue
		}
		for _, name := range a.Hostnames {
			o, ok := kube.ServiceOf(c.S, name, by.Pod.Namespace)
			v := c.S.Service(o.Namespace, o.Name)
			if !ok || v == nil || v.Spec.ClusterIP == "" || v.Spec.ClusterIP == corev1.ClusterIPNone || v.Spec.ClusterIP == a.IP ||
				slices.Contains(v.Spec.ClusterIPs, a.IP) {
				continue
			}
			w := c.S.WorkloadOf(by.Pod)
			f := c.Find(PodHostsEntry, w, a.IP, by, fmt.Sprintf("%s has %s for %s in its hostAliases, but Service %s/%s is at %s", finding.Short(w),
				a.IP, name, v.Namespace, v.Name, v.Spec.ClusterIP))
			f.Workload, f.Refs = w, finding.Union(f.Refs, []incident.Object{o})
			f.Cite(finding.SeenAPI(finding.PodObject(by.Pod), "spec.hostAliases", time.Time{}, a.IP+" "+finding.FirstFew(a.Hostnames)),
				finding.SeenAPI(o, "spec.clusterIP", time.Time{}, v.Spec.ClusterIP))
			return true
		}
	}
	return false
}
