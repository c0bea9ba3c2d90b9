package services

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// checkTargetPorts compares target ports with the pods' containers. A number that no container declares counts only where every
// container declares some, no other port of the Service is among them, and the Service has no more ports than they declare: to declare a
// port is a habit, not a duty, and many declare the one that they serve and not the one of their metrics, or the other way about.
func checkTargetPorts(s *snapshot.Snapshot, r *finding.Report, v *corev1.Service, pods []*corev1.Pod) {
	had := func(port corev1.ServicePort) bool {
		return slices.ContainsFunc(pods, func(p *corev1.Pod) bool { return kube.MayHavePort(p, kube.TargetPort(port), port.Protocol) })
	}
	some := slices.ContainsFunc(v.Spec.Ports, had) || kube.DeclaresFew(v, pods[0])
	for _, port := range v.Spec.Ports {
		target := kube.TargetPort(port)
		if v.Spec.ClusterIP == corev1.ClusterIPNone && target.Type == intstr.Int {
			continue // whoever asks a headless Service is told the pods' addresses, and goes to whatever port they listen on
		}
		if had(port) || some && target.Type == intstr.Int && kube.OtherProtocol(pods[0], target, port.Protocol) == "" {
			continue
		}
		p := pods[0]
		ports, _ := kube.DeclaredPorts(p, port.Protocol)
		names := kube.ContainerPorts(ports, target.Type)
		what, there := target.String(), kube.DidYouMean(names)
		if target.Type == intstr.String {
			what = fmt.Sprintf("%q", what)
		}
		if other := kube.OtherProtocol(p, target, port.Protocol); other != "" {
			there = fmt.Sprintf(" for %s (there it is %s)", kube.ProtocolOf(port.Protocol), other)
		}
		f := r.Find(ServicePortMismatch, kube.ServiceObject(v), fmt.Sprintf("Service %s sends port %d to %s, which its pods don't have%s", v.Name,
			port.Port, what, there))
		if f.Pods = pods; target.Type == intstr.Int {
			numberOnly(f, s, v, pods)
		}
		f.Cite(finding.SeenAPI(f.Object, "spec.ports", time.Time{}, fmt.Sprintf("port %d, targetPort %s", port.Port, target.String())),
			finding.SeenAPI(finding.PodObject(p), "spec.containers[].ports", time.Time{}, "has "+strings.Join(names, ", ")))
	}
}

// numberOnly says of a number that no container declares that it proves little: programs listen on what they don't declare. Where it has
// been so for long and nothing uses the Service, it is a suspicion, until somebody who calls it complains.
func numberOnly(f *finding.Finding, s *snapshot.Snapshot, v *corev1.Service, pods []*corev1.Pod) {
	if missed(s, v) {
		return
	}
	if f.AtMost = incident.Likely; stands(s, v, pods) && unused(s, v) {
		f.Suspected()
	}
}

// missed says whether somebody does not reach a Service: a program that is not well, by its log, or a probe.
func missed(s *snapshot.Snapshot, v *corev1.Service) bool {
	o := kube.ServiceObject(v)
	return len(calls.To(s, o)) > 0 || len(failedDials(s, o)) > 0 || slices.ContainsFunc(calls.Failing(s), func(c calls.Call) bool {
		a, ok := c.Address()
		return ok && a.String() == v.Spec.ClusterIP
	})
}

// checkByHand looks at a Service without a selector, whose EndpointSlices somebody else writes: kube-proxy joins the two by the port's
// name.
func checkByHand(s *snapshot.Snapshot, r *finding.Report, v *corev1.Service) {
	written := s.EndpointSlicesOf(v.Namespace, v.Name)
	if len(written) == 0 || v.Spec.ClusterIP == corev1.ClusterIPNone || reached(s, kube.ServiceObject(v)) {
		return
	}
	for _, port := range v.Spec.Ports {
		var names []string
		found := false
		for _, e := range written {
			for _, have := range e.Ports {
				name, protocol := "", corev1.ProtocolTCP
				if have.Name != nil {
					name = *have.Name
				}
				if have.Protocol != nil {
					protocol = *have.Protocol
				}
				found = found || name == port.Name && kube.ProtocolOf(protocol) == kube.ProtocolOf(port.Protocol)
				names = append(names, fmt.Sprintf("%q/%s", name, kube.ProtocolOf(protocol)))
			}
		}
		if found || len(names) == 0 {
			continue
		}
		slice := snapshot.ObjectOf("EndpointSlice", v.Namespace, written[0].Name)
		f := r.Find(ServicePortMismatch, kube.ServiceObject(v),
			fmt.Sprintf("Service %s has port %q/%s, but its EndpointSlice %s has %s: the names must be the same",
				v.Name, port.Name, kube.ProtocolOf(port.Protocol), slice.Name, strings.Join(names[:min(len(names), 3)], ", ")))
		f.Fault = []incident.Object{f.Object, slice}
		f.Cite(finding.SeenAPI(f.Object, "spec.ports", time.Time{}, fmt.Sprintf("port %d, name %q, %s", port.Port, port.Name,
			kube.ProtocolOf(port.Protocol))),
			finding.SeenAPI(slice, "ports", time.Time{}, strings.Join(names, ", ")))
	}
}
