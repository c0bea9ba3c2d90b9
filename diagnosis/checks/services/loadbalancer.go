package services

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// LoadBalancerPending is the code of a Service of type LoadBalancer without an address.
const LoadBalancerPending = "LoadBalancerPending"

var loadBalancerCodes = []finding.Code{
	{Code: LoadBalancerPending, Severity: incident.Warning, Root: true,
		Meaning: "A Service of type LoadBalancer has got no address for minutes, so nothing outside the cluster reaches it.",
		Next: "Read the events about it; without any, see whether something in the cluster gives out addresses (a cloud controller, " +
			"MetalLB, K3s' servicelb).",
		Example: "Service web has got no load balancer address for 25m, and no event says why: nothing in the cluster seems " +
			"to give out addresses"},
}

func checkLoadBalancers(s *snapshot.Snapshot, r *finding.Report) {
	for i := range s.Services {
		v := &s.Services[i]
		if !pendingBalancer(v) || v.CreationTimestamp.IsZero() {
			continue
		}
		o := kube.ServiceObject(v)
		title, seen := fmt.Sprintf("Service %s has got no load balancer address for %s", v.Name,
			finding.Duration(s.At.Sub(v.CreationTimestamp.Time))), incident.Evidence{}
		e := kube.LastEvent(s, o, "SyncLoadBalancerFailed", "AllocationFailed", "FailedBuildModel", "FailedDeployModel",
			"CreatingLoadBalancerFailed")
		taken := takenPort(s, v)
		switch {
		case e != nil:
			title, seen = title+": "+balancerWords(e.Message), finding.SeenEvent(e)
		case taken != nil:
			title += fmt.Sprintf(": port %d is taken on every node by Service %s/%s", samePort(v, taken), taken.Namespace, taken.Name)
			seen = finding.SeenAPI(kube.ServiceObject(taken), "spec.ports", time.Time{}, fmt.Sprintf("type LoadBalancer, port %d, has addresses",
				samePort(v, taken)))
		case len(balancerPods(s, v)) > 0:
			title += ": the pods that should answer for it on the nodes are not ready"
		case v.Spec.LoadBalancerClass != nil:
			title += fmt.Sprintf(", and no event says why: nothing in the cluster seems to serve its class %s", *v.Spec.LoadBalancerClass)
		case slices.ContainsFunc(s.Services, func(o corev1.Service) bool { return len(o.Status.LoadBalancer.Ingress) > 0 }):
			title += ", and no event says why; others have one"
		default:
			title += ", and no event says why: nothing in the cluster seems to give out addresses"
		}
		f := r.Find(LoadBalancerPending, o, title).Cite(finding.SeenAPI(o, "status.loadBalancer", v.CreationTimestamp.Time, "no ingress"), seen)
		f.Since, f.Pods = v.CreationTimestamp.Time, balancerPods(s, v)
		if len(f.Pods) > 0 {
			f.Workload = s.WorkloadOf(f.Pods[0])
			f.Root = taken != nil
		}
		if taken != nil {
			f.Refs, f.Final = []incident.Object{kube.ServiceObject(taken)}, e == nil
		}
		if f.MayPass(finding.SlowBalancer, f.Since); e == nil && taken == nil {
			f.NotYet(finding.SlowBalancer, f.Since, s.At)
		}
	}
}

func pendingBalancer(v *corev1.Service) bool {
	return v.Spec.Type == corev1.ServiceTypeLoadBalancer && len(v.Status.LoadBalancer.Ingress) == 0 && v.DeletionTimestamp == nil
}

// balancerWords are the cloud's own, without what the service controller puts before them.
func balancerWords(message string) string {
	message = strings.TrimPrefix(message, "Error syncing load balancer: ")
	return strings.TrimRight(finding.ShortMessage(strings.TrimPrefix(message, "failed to ensure load balancer: ")), ".")
}

// The labels of the pods by which K3s answers for a LoadBalancer Service on the nodes.
const (
	k3sBalancerName      = "svccontroller.k3s.cattle.io/svcname"
	k3sBalancerNamespace = "svccontroller.k3s.cattle.io/svcnamespace"
)

func balancerPods(s *snapshot.Snapshot, v *corev1.Service) []*corev1.Pod {
	return s.PodsSelected(resolvers.DNSNamespace, map[string]string{k3sBalancerName: v.Name, k3sBalancerNamespace: v.Namespace})
}

// takenPort is the other Service whose K3s pods hold a host port that this one's wait for; nil if it waits for no port.
func takenPort(s *snapshot.Snapshot, v *corev1.Service) *corev1.Service {
	waits := slices.ContainsFunc(balancerPods(s, v), func(p *corev1.Pod) bool {
		c := kube.PodCondition(p, corev1.PodScheduled)
		return c != nil && c.Status == corev1.ConditionFalse && strings.Contains(c.Message, "free ports")
	})
	if !waits {
		return nil
	}
	for i := range s.Services {
		o := &s.Services[i]
		if o != v && o.Spec.Type == corev1.ServiceTypeLoadBalancer && len(o.Status.LoadBalancer.Ingress) > 0 && samePort(v, o) != 0 {
			return o
		}
	}
	return nil
}

// samePort is a port that both Services have; 0 if there is none.
func samePort(a, b *corev1.Service) int32 {
	for _, p := range a.Spec.Ports {
		for _, q := range b.Spec.Ports {
			if p.Port == q.Port && kube.ProtocolOf(p.Protocol) == kube.ProtocolOf(q.Protocol) {
				return p.Port
			}
		}
	}
	return 0
}
