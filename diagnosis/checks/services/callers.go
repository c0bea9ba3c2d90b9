package services

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// checkCalled compares what pods say that they could not call with the Services that there are.
func checkCalled(s *snapshot.Snapshot, r *finding.Report) {
	if finding.NotSeen(s, "pods", "") {
		return
	}
	if finding.NotSeen(s, "services", "") {
		calledOutside(s, r)
		return
	}
	c := calls.Callers{S: s, R: r, Found: map[string]*finding.Finding{}}
	vaguely(c)
	compare(c, calls.Failing(s))
	compare(c.Well(), calls.Complaints(s))
}

// calledOutside is checkCalled where the Services are not seen: names that can be none of theirs are known by their form.
func calledOutside(s *snapshot.Snapshot, r *finding.Report) {
	c := calls.Callers{S: s, R: r, Found: map[string]*finding.Finding{}}
	for _, call := range calls.Failing(s) {
		if call.Service.IsZero() {
			outsideName(c, call)
		}
	}
}

func compare(c calls.Callers, all []calls.Call) {
	for _, call := range all {
		if call.Service.IsZero() {
			outsideName(c, call)
		}
		if hostsEntry(c, call) || calledPod(c, call) || refusedAt(c, call) || call.Service.IsZero() {
			continue
		}
		switch v := c.S.Service(call.Service.Namespace, call.Service.Name); {
		case v == nil:
			noService(c, call)
		case v.Spec.Type == corev1.ServiceTypeExternalName:
			externalName(c, call, v)
		case v.Spec.ClusterIP == corev1.ClusterIPNone:
			headless(c, call, v)
		case call.Need.Kind != logs.NameUnresolved:
			noPort(c, call, v)
			withoutEndpoints(c, call, v)
			elsewhere(c, call, v)
			mixed(c, call, v, nil)
		}
	}
}

func noService(c calls.Callers, by calls.Call) {
	o := by.Service
	if by.Need.Kind != logs.NameUnresolved || c.S.Namespace != "" && o.Namespace != c.S.Namespace {
		return
	}
	alike := kube.CouldBe(c.S, o.Namespace, o.Name)
	c.Find(ServiceMissing, o, "", by, fmt.Sprintf("Service %s/%s does not exist%s, %s calls it", o.Namespace, o.Name, alike,
		finding.Short(c.S.WorkloadOf(by.Pod)))).Absent(alike)
}

func noPort(c calls.Callers, by calls.Call, v *corev1.Service) {
	if by.Need.Port == "" || kube.HasPort(v, by.Need.Port) || len(v.Spec.Ports) == 0 || v == resolvers.Service(c.S) {
		return
	}
	caller := c.S.WorkloadOf(by.Pod)
	f := c.Find(ServicePortMissing, by.Service, by.Need.Port, by, fmt.Sprintf("%s calls Service %s/%s at port %s, which it does not have%s",
		finding.Short(caller),
		v.Namespace, v.Name, by.Need.Port, kube.DidYouMean(kube.ServicePorts(v))))
	f.Fault = finding.Union(f.Fault, []incident.Object{caller, by.Service})
	f.Cite(finding.SeenAPI(by.Service, "spec.ports", time.Time{}, "has "+strings.Join(kube.ServicePorts(v), ", ")))
}

// withoutEndpoints reports a Service without a selector for which nobody has written an EndpointSlice, or whose EndpointSlice sends to an
// address of the pod network that no pod has.
func withoutEndpoints(c calls.Callers, by calls.Call, v *corev1.Service) {
	if len(v.Spec.Selector) > 0 || finding.NotSeen(c.S, "endpointslices.discovery.k8s.io", v.Namespace) {
		return
	}
	slicesOf := c.S.EndpointSlicesOf(v.Namespace, v.Name)
	if len(slicesOf) == 0 {
		f := c.Find(ServiceNoEndpoints, by.Service, "", by, fmt.Sprintf("Service %s has no selector, and no EndpointSlice says where it leads",
			v.Name))
		f.Cite(finding.SeenAPI(by.Service, "spec.selector", time.Time{}, "none")).Unless(finding.EndpointSlices).
			MayPass(finding.Settling, v.CreationTimestamp.Time)
		return
	}
	var gone []netip.Addr
	for _, slice := range slicesOf {
		for _, e := range slice.Endpoints {
			for _, a := range kube.AddrsOf(e.Addresses...) {
				if !ofPods(c.S, a) || kube.PodAt(c.S, a) != nil || finding.NotSeen(c.S, "pods", "") {
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
	f := c.Find(ServiceNoEndpoints, by.Service, "", by,
		fmt.Sprintf("Service %s has no selector, and its EndpointSlice %s, written by hand, sends to %s, which no pod has (any longer)", v.Name,
			o.Name, gone[0]))
	f.Fault = finding.Union(f.Fault, []incident.Object{by.Service, o})
	f.Cite(finding.SeenAPI(o, "endpoints.addresses", time.Time{}, gone[0].String())).MayPass(finding.Settling, v.CreationTimestamp.Time).
		Unless(finding.EndpointSlices, finding.Nodes, finding.Pods)
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
func headless(c calls.Callers, by calls.Call, v *corev1.Service) {
	if by.Need.Kind == logs.NameUnresolved {
		hides(c, by, v)
		return
	}
	if podNamed(c.S, by) == nil && mixed(c, by, v, nil) {
		return
	}
	for _, p := range v.Spec.Ports {
		target, known := behindPort(c.S, v, p)
		if fmt.Sprint(p.Port) != by.Need.Port || !known || target == by.Need.Port {
			continue
		}
		caller := c.S.WorkloadOf(by.Pod)
		f := c.Find(ServicePortMissing, by.Service, by.Need.Port, by,
			fmt.Sprintf("%s calls headless Service %s/%s at port %s, but a headless Service maps no ports: its pods listen on %s",
				finding.Short(caller), v.Namespace, v.Name, by.Need.Port, target))
		f.Fault = finding.Union(f.Fault, []incident.Object{caller, by.Service})
		f.Cite(finding.SeenAPI(by.Service, "spec", time.Time{}, fmt.Sprintf("clusterIP: None, port %d, targetPort %s", p.Port, target)))
	}
}

// behindPort is the number of the port on which the pods behind a Service's port listen; it is not known of a name that they don't declare.
func behindPort(s *snapshot.Snapshot, v *corev1.Service, p corev1.ServicePort) (number string, known bool) {
	target := kube.TargetPort(p)
	if target.Type == intstr.Int {
		return target.String(), true
	}
	for _, pod := range kube.Selected(s, v.Namespace, v.Spec.Selector) {
		for _, c := range pod.Spec.Containers {
			for _, x := range c.Ports {
				if x.Name == target.StrVal {
					return fmt.Sprint(x.ContainerPort), true
				}
			}
		}
	}
	return "", false
}

// hides wants a pod that is not ready because it cannot find its own Service's name, which appears only once a pod is ready.
func hides(c calls.Callers, by calls.Call, v *corev1.Service) {
	if v.Spec.PublishNotReadyAddresses || by.Pod.Namespace != v.Namespace || len(v.Spec.Selector) == 0 ||
		!kube.Matches(v.Spec.Selector, by.Pod.Labels) {
		return
	}
	peers := c.S.PodsSelected(v.Namespace, v.Spec.Selector)
	if peer := podNamed(c.S, by); slices.ContainsFunc(peers, kube.IsReady) && (peer == nil || kube.IsReady(peer)) {
		return
	}
	f := c.Find(ServiceHidesPods, by.Service, "", by,
		fmt.Sprintf("Service %s hides its pods until they are ready, but they look each other up to become ready", v.Name))
	f.Cite(finding.SeenAPI(by.Service, "spec.publishNotReadyAddresses", time.Time{}, "false, and clusterIP is None"))
}

// podNamed is the pod that a host's first label names, for hosts of the form POD.SERVICE and longer; nil if there is none.
func podNamed(s *snapshot.Snapshot, by calls.Call) *corev1.Pod {
	labels := strings.Split(by.Need.Host, ".")
	if len(labels) < 2 {
		return nil
	}
	namespace := by.Pod.Namespace
	if len(labels) > 2 && len(labels[2]) > 0 {
		namespace = labels[2]
	}
	return s.Pod(namespace, labels[0])
}

// calledPod looks at calls of a StatefulSet's pod by name; it says whether the name is wrong.
func calledPod(c calls.Callers, by calls.Call) bool {
	peer := podNamed(c.S, by)
	if by.Need.Kind != logs.NameUnresolved || peer == nil {
		return false
	}
	owner := metav1.GetControllerOf(peer)
	v := c.S.Service(peer.Namespace, strings.Split(by.Need.Host, ".")[1])
	if owner == nil || owner.Kind != "StatefulSet" || v == nil {
		return false
	}
	if peer.Spec.Subdomain == v.Name {
		return notHeadless(c, by, v, owner.Name)
	}
	set := c.S.StatefulSet(peer.Namespace, owner.Name)
	if set == nil || set.Spec.ServiceName == v.Name {
		return false
	}
	o := snapshot.ObjectOf("StatefulSet", set.Namespace, set.Name)
	has := "serviceName " + set.Spec.ServiceName
	if set.Spec.ServiceName == "" {
		has = "no serviceName"
	}
	f := c.Find(ServiceNameMismatch, o, v.Name, by,
		fmt.Sprintf("StatefulSet %s has %s, so its pods have no names under Service %s, where %s looks for them",
			set.Name, has, v.Name, finding.Short(c.S.WorkloadOf(by.Pod))))
	f.Cite(finding.SeenAPI(o, "spec.serviceName", time.Time{}, has))
	return true
}
