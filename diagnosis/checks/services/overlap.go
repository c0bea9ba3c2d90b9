package services

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// refusedAt looks at a call that a pod's own address refused, as clients tell that have followed a Service to its endpoint. It says whether
// a Service sends there that should not.
func refusedAt(c calls.Callers, by calls.Call) bool {
	a, ok := by.Address()
	if !ok || by.Need.Kind != logs.ConnectionRefused || !by.Service.IsZero() {
		return false
	}
	p := kube.PodAt(c.S, a)
	if p == nil || !kube.IsReady(p) {
		return false
	}
	for i := range c.S.Services {
		if v := &c.S.Services[i]; v.Namespace == p.Namespace && len(v.Spec.Selector) > 0 && kube.Matches(v.Spec.Selector, p.Labels) &&
			mixed(c, by, v, p) {
			return true
		}
	}
	return false
}

// mixed reports a Service that selects the ready pods of several workloads, some of which declare the port that was called and refused, and
// others do not. The pod is the one that refused; nil where only the Service is known. A port that is sought by name picks such pods out
// itself.
func mixed(c calls.Callers, by calls.Call, v *corev1.Service, refused *corev1.Pod) bool {
	if by.Need.Kind != logs.ConnectionRefused {
		return false
	}
	for _, port := range v.Spec.Ports {
		target, known := strangersPort(c.S, v, port)
		called := fmt.Sprint(port.Port)
		if refused != nil || addressless(v) {
			called = target.String()
		}
		if !known || called != by.Need.Port {
			continue
		}
		have, lack := split(c, v, target.IntVal, port.Protocol)
		if len(have) == 0 || len(lack) == 0 || refused != nil && !slices.Contains(lack, refused) {
			continue
		}
		meant, other := c.S.WorkloadOf(have[0]), c.S.WorkloadOf(lack[0])
		f := c.Find(ServiceSelectsOthers, kube.ServiceObject(v), target.String(), by,
			fmt.Sprintf("Service %s/%s also sends to the pods of %s, which have no port %s and refuse: its selector %s fits them as well as %s",
				v.Namespace, v.Name, finding.Short(other), target.String(), kube.LabelWords(v.Spec.Selector), finding.Short(meant)))
		f.Fault = []incident.Object{kube.ServiceObject(v), other}
		if own := kube.OwnLabel(have, lack); own != "" {
			f.Next = fmt.Sprintf("Add %s to the selector of Service %s, which only the pods of %s have.", own, v.Name, finding.Short(meant))
		}
		f.Cite(finding.SeenAPI(kube.ServiceObject(v), "spec", time.Time{},
			fmt.Sprintf("selector %s, targetPort %s", kube.LabelWords(v.Spec.Selector), target.String())),
			finding.SeenAPI(finding.PodObject(have[0]), "spec.containers.ports", time.Time{}, declaredWords(have[0])),
			finding.SeenAPI(finding.PodObject(lack[0]), "spec.containers.ports", time.Time{}, declaredWords(lack[0])))
		f.Since = kube.Latest(f.Since, lack[0].CreationTimestamp.Time)
		return true
	}
	return false
}

// split parts the ready pods behind a Service by whether their workload declares the port. Both parts are empty where the same workload is
// in both: then it is being rolled out.
func split(c calls.Callers, v *corev1.Service, port int32, protocol corev1.Protocol) (have, lack []*corev1.Pod) {
	by := map[incident.Object]bool{}
	for _, p := range c.S.PodsSelected(v.Namespace, v.Spec.Selector) {
		if !kube.IsReady(p) {
			continue
		}
		ports, _ := kube.DeclaredPorts(p, protocol)
		has := slices.ContainsFunc(ports, func(x corev1.ContainerPort) bool { return x.ContainerPort == port })
		w := c.S.WorkloadOf(p)
		if before, known := by[w]; known && before != has {
			return nil, nil
		}
		by[w] = has
		if has {
			have = append(have, p)
		} else {
			lack = append(lack, p)
		}
	}
	return have, lack
}

func declaredWords(p *corev1.Pod) string {
	ports, _ := kube.DeclaredPorts(p, corev1.ProtocolTCP)
	var out []string
	for _, x := range ports {
		out = append(out, fmt.Sprint(x.ContainerPort))
	}
	if len(out) == 0 {
		return "no ports"
	}
	return "ports " + strings.Join(out, ", ")
}
