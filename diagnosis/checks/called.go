package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// call is what a failing pod's log says that the pod could not reach.
type call struct {
	pod     *corev1.Pod
	log     *snapshot.Log
	need    logs.Fact
	service incident.Object // that the host means; zero: none of the cluster's, or a pod's address
}

// seen is the evidence of the call: the line of the log.
func (c call) seen() incident.Evidence {
	return finding.SeenLog(c.pod, c.log.Container, c.log.Previous, c.need.Line)
}

// failingCalls are what the logs of pods that are not well say about the network. A pod that is well may complain of what has passed.
func failingCalls(s *snapshot.Snapshot) []call {
	type key struct{}
	return snapshot.Once(s, key{}, func() []call { return readCalls(s) })
}

func readCalls(s *snapshot.Snapshot) []call {
	var out []call
	var byIP map[string]incident.Object
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || kube.Healthy(p) {
			continue
		}
		for _, d := range readingOf(s, l).Facts {
			if !d.Kind.Network() || d.Host == "" {
				continue
			}
			if byIP == nil {
				byIP = kube.ServicesByIP(s)
			}
			o, ok := kube.ServiceOf(s, d.Host, l.Namespace)
			if !ok {
				o = byIP[d.Host]
			}
			out = append(out, call{p, l, d, o})
		}
	}
	return out
}

// checkCalled compares what failing pods call with the Services that there are.
func checkCalled(s *snapshot.Snapshot, r *finding.Report) {
	if finding.NotSeen(s, "services", "") || finding.NotSeen(s, "pods", "") {
		return
	}
	c := callers{s, r, map[string]*finding.Finding{}}
	c.vaguely()
	for _, call := range failingCalls(s) {
		if c.hostsEntry(call) || c.calledPod(call) || c.refusedAt(call) || call.service.IsZero() {
			continue
		}
		switch v := s.Service(call.service.Namespace, call.service.Name); {
		case v == nil:
			c.noService(call)
		case v.Spec.Type == corev1.ServiceTypeExternalName:
			c.externalName(call, v)
		case v.Spec.ClusterIP == corev1.ClusterIPNone:
			c.headless(call, v)
		case call.need.Kind != logs.NameUnresolved:
			c.noPort(call, v)
			c.withoutEndpoints(call, v)
			c.elsewhere(call, v)
			c.mixed(call, v, nil)
		}
	}
}

// callers gathers the callers of one Service that fail alike into one finding.
type callers struct {
	s     *snapshot.Snapshot
	r     *finding.Report
	found map[string]*finding.Finding
}

// find returns the finding of the code about the object, a new one if this is the first caller.
func (c callers) find(code string, o incident.Object, about string, by call, title string) *finding.Finding {
	k := code + " " + o.String() + " " + about
	f := c.found[k]
	if f == nil {
		f = c.r.Find(code, o, title)
		c.found[k] = f
	}
	f.AddPod(by.pod)
	f.AddFacts([]logs.Fact{by.need})
	return f.Cite(by.seen())
}

func (c callers) noService(by call) {
	o := by.service
	if by.need.Kind != logs.NameUnresolved || c.s.Namespace != "" && o.Namespace != c.s.Namespace {
		return
	}
	c.find(ServiceMissing, o, "", by, fmt.Sprintf("Service %s/%s does not exist%s, %s calls it", o.Namespace, o.Name,
		kube.CouldBe(c.s, o.Namespace, o.Name), finding.Short(c.s.WorkloadOf(by.pod))))
}

func (c callers) noPort(by call, v *corev1.Service) {
	if by.need.Port == "" || kube.HasPort(v, by.need.Port) || len(v.Spec.Ports) == 0 || v == dnsService(c.s) {
		return
	}
	caller := c.s.WorkloadOf(by.pod)
	f := c.find(ServicePortMissing, by.service, by.need.Port, by, fmt.Sprintf("%s calls Service %s/%s at port %s, which it does not have%s", finding.Short(caller),
		v.Namespace, v.Name, by.need.Port, kube.DidYouMean(kube.ServicePorts(v))))
	f.Fault = finding.Union(f.Fault, []incident.Object{caller, by.service})
	f.Cite(finding.SeenAPI(by.service, "spec.ports", time.Time{}, "has "+strings.Join(kube.ServicePorts(v), ", ")))
}

// withoutEndpoints reports a Service without a selector for which nobody has written an EndpointSlice, or whose EndpointSlice sends to an address of
// the pod network that no pod has.
func (c callers) withoutEndpoints(by call, v *corev1.Service) {
	if len(v.Spec.Selector) > 0 || finding.NotSeen(c.s, "endpointslices.discovery.k8s.io", v.Namespace) || kube.Newly(c.s, v.CreationTimestamp.Time) {
		return
	}
	slicesOf := c.s.EndpointSlicesOf(v.Namespace, v.Name)
	if len(slicesOf) == 0 {
		f := c.find(ServiceNoEndpoints, by.service, "", by, fmt.Sprintf("Service %s has no selector, and no EndpointSlice says where it leads", v.Name))
		f.Cite(finding.SeenAPI(by.service, "spec.selector", time.Time{}, "none"))
		return
	}
	var gone []netip.Addr
	for _, slice := range slicesOf {
		for _, e := range slice.Endpoints {
			for _, a := range kube.AddrsOf(e.Addresses...) {
				if !ofPods(c.s, a) || kube.PodAt(c.s, a) != nil || finding.NotSeen(c.s, "pods", "") {
					return
				}
				gone = append(gone, a)
			}
		}
	}
	if len(gone) == 0 {
		return
	}
	o := snapshot.ObjectOf("EndpointSlice", v.Namespace, slicesOf[0].Name)
	f := c.find(ServiceNoEndpoints, by.service, "", by, fmt.Sprintf("Service %s has no selector, and its EndpointSlice %s, written by hand, sends to %s, which no pod has (any longer)", v.Name, o.Name, gone[0]))
	f.Fault = finding.Union(f.Fault, []incident.Object{by.service, o})
	f.Cite(finding.SeenAPI(o, "endpoints.addresses", time.Time{}, gone[0].String()))
}

// ofPods says whether an address is in the pod network of a node.
func ofPods(s *snapshot.Snapshot, a netip.Addr) bool {
	for i := range s.Nodes {
		spec := &s.Nodes[i].Spec
		for _, cidr := range append([]string{spec.PodCIDR}, spec.PodCIDRs...) {
			if p, err := netip.ParsePrefix(cidr); err == nil && p.Contains(a) {
				return true
			}
		}
	}
	return false
}

// headless Services have no address of their own: callers reach the pods' ports, and only those of pods that are ready have names.
func (c callers) headless(by call, v *corev1.Service) {
	if by.need.Kind == logs.NameUnresolved {
		c.hides(by, v)
		return
	}
	for _, p := range v.Spec.Ports {
		target := kube.TargetPort(p)
		if fmt.Sprint(p.Port) != by.need.Port || target.String() == by.need.Port {
			continue
		}
		caller := c.s.WorkloadOf(by.pod)
		f := c.find(ServicePortMissing, by.service, by.need.Port, by, fmt.Sprintf("%s calls headless Service %s/%s at port %s, but a headless Service maps no ports: its pods listen on %s",
			finding.Short(caller), v.Namespace, v.Name, by.need.Port, target.String()))
		f.Fault = finding.Union(f.Fault, []incident.Object{caller, by.service})
		f.Cite(finding.SeenAPI(by.service, "spec", time.Time{}, fmt.Sprintf("clusterIP: None, port %d, targetPort %s", p.Port, target.String())))
	}
}

// hides wants a pod that is not ready because it cannot find its own Service's name, which appears only once a pod is ready.
func (c callers) hides(by call, v *corev1.Service) {
	if v.Spec.PublishNotReadyAddresses || by.pod.Namespace != v.Namespace || len(v.Spec.Selector) == 0 || !kube.Matches(v.Spec.Selector, by.pod.Labels) {
		return
	}
	peers := c.s.PodsSelected(v.Namespace, v.Spec.Selector)
	if peer := podNamed(c.s, by); slices.ContainsFunc(peers, kube.IsReady) && (peer == nil || kube.IsReady(peer)) {
		return
	}
	f := c.find(ServiceHidesPods, by.service, "", by, fmt.Sprintf("Service %s hides its pods until they are ready, but they look each other up to become ready", v.Name))
	f.Cite(finding.SeenAPI(by.service, "spec.publishNotReadyAddresses", time.Time{}, "false, and clusterIP is None"))
}

// podNamed is the pod that a host's first label names, for hosts of the form POD.SERVICE and longer; nil if there is none.
func podNamed(s *snapshot.Snapshot, by call) *corev1.Pod {
	labels := strings.Split(by.need.Host, ".")
	if len(labels) < 2 {
		return nil
	}
	namespace := by.pod.Namespace
	if len(labels) > 2 && len(labels[2]) > 0 {
		namespace = labels[2]
	}
	return s.Pod(namespace, labels[0])
}

// calledPod looks at calls of a StatefulSet's pod by name; it says whether the name is wrong.
func (c callers) calledPod(by call) bool {
	peer := podNamed(c.s, by)
	if by.need.Kind != logs.NameUnresolved || peer == nil {
		return false
	}
	owner := metav1.GetControllerOf(peer)
	v := c.s.Service(peer.Namespace, strings.Split(by.need.Host, ".")[1])
	if owner == nil || owner.Kind != "StatefulSet" || v == nil || peer.Spec.Subdomain == v.Name {
		return false
	}
	set := c.s.StatefulSet(peer.Namespace, owner.Name)
	if set == nil || set.Spec.ServiceName == v.Name {
		return false
	}
	o := snapshot.ObjectOf("StatefulSet", set.Namespace, set.Name)
	has := "serviceName " + set.Spec.ServiceName
	if set.Spec.ServiceName == "" {
		has = "no serviceName"
	}
	f := c.find(ServiceNameMismatch, o, v.Name, by, fmt.Sprintf("StatefulSet %s has %s, so its pods have no names under Service %s, where %s looks for them",
		set.Name, has, v.Name, finding.Short(c.s.WorkloadOf(by.pod))))
	f.Cite(finding.SeenAPI(o, "spec.serviceName", time.Time{}, has))
	return true
}

// address reads a call's host as an IP address; ok is false for a name.
func (c call) address() (netip.Addr, bool) {
	a, err := netip.ParseAddr(c.need.Host)
	return a.Unmap(), err == nil
}
