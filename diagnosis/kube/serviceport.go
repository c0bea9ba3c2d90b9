package kube

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// DeclaresFew says whether the Service sends to more numbers than the pod declares ports: then some that it has are certainly not declared.
func DeclaresFew(v *corev1.Service, p *corev1.Pod) bool {
	numbers := map[int32]bool{}
	for _, port := range v.Spec.Ports {
		if target := TargetPort(port); target.Type == intstr.Int {
			numbers[target.IntVal] = true
		}
	}
	declared := 0
	for i := range p.Spec.Containers {
		declared += len(p.Spec.Containers[i].Ports)
	}
	return len(numbers) > declared
}

// TargetPort is where a Service's port leads; without a targetPort, to the same number.
func TargetPort(port corev1.ServicePort) intstr.IntOrString {
	if port.TargetPort.Type == intstr.Int && port.TargetPort.IntVal == 0 {
		return intstr.FromInt32(port.Port)
	}
	return port.TargetPort
}

// MayHavePort says whether a pod has a port, or may have it without declaring it.
func MayHavePort(p *corev1.Pod, target intstr.IntOrString, protocol corev1.Protocol) bool {
	ports, complete := DeclaredPorts(p, protocol)
	return target.Type == intstr.Int && !complete || slices.ContainsFunc(ports, func(c corev1.ContainerPort) bool { return isPort(c, target) })
}

func isPort(c corev1.ContainerPort, target intstr.IntOrString) bool {
	if target.Type == intstr.String {
		return c.Name == target.StrVal
	}
	return c.ContainerPort == target.IntVal
}

// ContainerPorts are the names or the numbers of ports, as they are asked for.
func ContainerPorts(ports []corev1.ContainerPort, as intstr.Type) []string {
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

// OtherProtocol is the protocol by which a pod has the port that a Service asks for by another; "" if it has it by none.
func OtherProtocol(p *corev1.Pod, target intstr.IntOrString, protocol corev1.Protocol) corev1.Protocol {
	for _, other := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP} {
		if other == ProtocolOf(protocol) {
			continue
		}
		ports, _ := DeclaredPorts(p, other)
		if slices.ContainsFunc(ports, func(c corev1.ContainerPort) bool { return isPort(c, target) }) {
			return other
		}
	}
	return ""
}

// ProtocolOf is a port's protocol, TCP where none is said.
func ProtocolOf(p corev1.Protocol) corev1.Protocol {
	if p == "" {
		return corev1.ProtocolTCP
	}
	return p
}

// DeclaredPorts lists the ports of a protocol; complete says that every container declares some port.
func DeclaredPorts(p *corev1.Pod, protocol corev1.Protocol) (ports []corev1.ContainerPort, complete bool) {
	complete = true
	add := func(c *corev1.Container) {
		complete = complete && len(c.Ports) > 0
		for _, port := range c.Ports {
			if ProtocolOf(port.Protocol) == ProtocolOf(protocol) {
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

// HasPort says whether a Service listens on a port.
func HasPort(v *corev1.Service, port string) bool {
	return slices.ContainsFunc(v.Spec.Ports, func(p corev1.ServicePort) bool { return fmt.Sprint(p.Port) == port })
}

// ServicePorts are a Service's ports in words: "80", or "http=80" where they have names.
func ServicePorts(v *corev1.Service) []string {
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
