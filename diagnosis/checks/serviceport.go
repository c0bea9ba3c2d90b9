package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// checkTargetPorts compares target ports with the pods' containers. A number that no container declares counts only where every
// container declares some, no other port of the Service is among them, and the Service has no more ports than they declare: to declare a
// port is a habit, not a duty, and many declare the one that they serve and not the one of their metrics, or the other way about.
func checkTargetPorts(r *finding.Report, v *corev1.Service, pods []*corev1.Pod) {
	had := func(port corev1.ServicePort) bool {
		return slices.ContainsFunc(pods, func(p *corev1.Pod) bool { return mayHavePort(p, targetPort(port), port.Protocol) })
	}
	some := slices.ContainsFunc(v.Spec.Ports, had) || declareFew(v, pods[0])
	for _, port := range v.Spec.Ports {
		target := targetPort(port)
		if had(port) || some && target.Type == intstr.Int && otherProtocol(pods[0], target, port.Protocol) == "" {
			continue
		}
		p := pods[0]
		ports, _ := declaredPorts(p, port.Protocol)
		names := containerPorts(ports, target.Type)
		what, there := target.String(), didYouMean(names)
		if target.Type == intstr.String {
			what = fmt.Sprintf("%q", what)
		}
		if other := otherProtocol(p, target, port.Protocol); other != "" {
			there = fmt.Sprintf(" for %s (there it is %s)", protocolOf(port.Protocol), other)
		}
		f := r.Find(ServicePortMismatch, serviceObject(v), fmt.Sprintf("Service %s sends port %d to %s, which its pods don't have%s", v.Name, port.Port, what, there))
		f.Pods = pods
		f.Cite(finding.SeenAPI(f.Object, "spec.ports", time.Time{}, fmt.Sprintf("port %d, targetPort %s", port.Port, target.String())),
			finding.SeenAPI(finding.PodObject(p), "spec.containers[].ports", time.Time{}, "has "+strings.Join(names, ", ")))
	}
}

// declareFew says whether the Service sends to more numbers than the pod declares ports: then some that it has are certainly not declared.
func declareFew(v *corev1.Service, p *corev1.Pod) bool {
	numbers := map[int32]bool{}
	for _, port := range v.Spec.Ports {
		if target := targetPort(port); target.Type == intstr.Int {
			numbers[target.IntVal] = true
		}
	}
	declared := 0
	for i := range p.Spec.Containers {
		declared += len(p.Spec.Containers[i].Ports)
	}
	return len(numbers) > declared
}

// targetPort is where a Service's port leads; without a targetPort, to the same number.
func targetPort(port corev1.ServicePort) intstr.IntOrString {
	if port.TargetPort.Type == intstr.Int && port.TargetPort.IntVal == 0 {
		return intstr.FromInt32(port.Port)
	}
	return port.TargetPort
}

// mayHavePort says whether a pod has a port, or may have it without declaring it.
func mayHavePort(p *corev1.Pod, target intstr.IntOrString, protocol corev1.Protocol) bool {
	ports, complete := declaredPorts(p, protocol)
	return target.Type == intstr.Int && !complete || slices.ContainsFunc(ports, func(c corev1.ContainerPort) bool { return isPort(c, target) })
}

func isPort(c corev1.ContainerPort, target intstr.IntOrString) bool {
	if target.Type == intstr.String {
		return c.Name == target.StrVal
	}
	return c.ContainerPort == target.IntVal
}

// containerPorts are the names or the numbers of ports, as they are asked for.
func containerPorts(ports []corev1.ContainerPort, as intstr.Type) []string {
	var names []string
	for _, c := range ports {
		if c.Name != "" && as == intstr.String {
			names = append(names, c.Name)
		} else {
			names = append(names, fmt.Sprint(c.ContainerPort))
		}
	}
	return names
}

// otherProtocol is the protocol by which a pod has the port that a Service asks for by another; "" if it has it by none.
func otherProtocol(p *corev1.Pod, target intstr.IntOrString, protocol corev1.Protocol) corev1.Protocol {
	for _, other := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP} {
		if other == protocolOf(protocol) {
			continue
		}
		ports, _ := declaredPorts(p, other)
		if slices.ContainsFunc(ports, func(c corev1.ContainerPort) bool { return isPort(c, target) }) {
			return other
		}
	}
	return ""
}

// protocolOf is a port's protocol, TCP where none is said.
func protocolOf(p corev1.Protocol) corev1.Protocol {
	if p == "" {
		return corev1.ProtocolTCP
	}
	return p
}

// declaredPorts lists the ports of a protocol; complete says that every container declares some port.
func declaredPorts(p *corev1.Pod, protocol corev1.Protocol) (ports []corev1.ContainerPort, complete bool) {
	complete = true
	add := func(c *corev1.Container) {
		complete = complete && len(c.Ports) > 0
		for _, port := range c.Ports {
			if protocolOf(port.Protocol) == protocolOf(protocol) {
				ports = append(ports, port)
			}
		}
	}
	for i := range p.Spec.InitContainers {
		if isSidecar(&p.Spec.InitContainers[i]) {
			add(&p.Spec.InitContainers[i])
		}
	}
	for i := range p.Spec.Containers {
		add(&p.Spec.Containers[i])
	}
	return ports, complete
}

// checkByHand looks at a Service without a selector, whose EndpointSlices somebody else writes: kube-proxy joins the two by the port's name.
func checkByHand(s *snapshot.Snapshot, r *finding.Report, v *corev1.Service) {
	written := s.EndpointSlicesOf(v.Namespace, v.Name)
	if len(written) == 0 || v.Spec.ClusterIP == corev1.ClusterIPNone || reached(s, serviceObject(v)) {
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
				found = found || name == port.Name && protocolOf(protocol) == protocolOf(port.Protocol)
				names = append(names, fmt.Sprintf("%q/%s", name, protocolOf(protocol)))
			}
		}
		if found || len(names) == 0 {
			continue
		}
		slice := snapshot.ObjectOf("EndpointSlice", v.Namespace, written[0].Name)
		f := r.Find(ServicePortMismatch, serviceObject(v), fmt.Sprintf("Service %s has port %q/%s, but its EndpointSlice %s has %s: the names must be the same",
			v.Name, port.Name, protocolOf(port.Protocol), slice.Name, strings.Join(names[:min(len(names), 3)], ", ")))
		f.Fault = []incident.Object{f.Object, slice}
		f.Cite(finding.SeenAPI(f.Object, "spec.ports", time.Time{}, fmt.Sprintf("port %d, name %q, %s", port.Port, port.Name, protocolOf(port.Protocol))),
			finding.SeenAPI(slice, "ports", time.Time{}, strings.Join(names, ", ")))
	}
}

// hasPort says whether a Service listens on a port.
func hasPort(v *corev1.Service, port string) bool {
	return slices.ContainsFunc(v.Spec.Ports, func(p corev1.ServicePort) bool { return fmt.Sprint(p.Port) == port })
}

// servicePorts are a Service's ports in words: "80", or "http=80" where they have names.
func servicePorts(v *corev1.Service) []string {
	var out []string
	for _, p := range v.Spec.Ports {
		if p.Name != "" {
			out = append(out, fmt.Sprintf("%s=%d", p.Name, p.Port))
		} else {
			out = append(out, fmt.Sprint(p.Port))
		}
	}
	return out
}
