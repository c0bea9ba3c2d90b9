package applog

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// ofKernel says whether a fact is about a setting of the kernel or a device of the node: the kernel makes these files, and no image has
// them.
func ofKernel(f logs.Fact) bool {
	return strings.HasPrefix(f.Path, "/proc/sys/") || strings.HasPrefix(f.Path, "/sys/")
}

// kernelSetting words a fact about a setting of the node's kernel. One that is not there belongs to a module that is not loaded, or to
// another namespace than the pod's; the others can only be written by who may change the node (privileged), or through the pod's own
// sysctls.
func kernelSetting(s *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container, f logs.Fact, verb finding.Phrase) root {
	x := root{what: finding.Say("%s %s, a setting of the kernel of node %s", verb, f.Path, p.Spec.NodeName)}
	switch {
	case f.Kind == logs.NotFound && p.Spec.HostNetwork:
		x.what = x.what.And(": the kernel's module that has it is not loaded there")
	case f.Kind == logs.NotFound:
		x.what = x.what.And(": the kernel's module that has it is not loaded there, or it has none within {its|their} own network namespace")
	case privileged(c):
		x.what = x.what.And(", though {it is|they are} privileged")
	default:
		x.what = x.what.And(", which only a privileged container may; the pod's securityContext.sysctls can set those of its own namespaces")
		return x
	}
	if n := s.Node(p.Spec.NodeName); n != nil {
		x.fault = []incident.Object{s.WorkloadOf(p), kube.NodeObject(n)}
		x.seen = append(x.seen, finding.SeenAPI(kube.NodeObject(n), "status.nodeInfo.kernelVersion", time.Time{},
			n.Status.NodeInfo.KernelVersion))
	}
	return x
}

func privileged(c *corev1.Container) bool {
	return c.SecurityContext != nil && c.SecurityContext.Privileged != nil && *c.SecurityContext.Privileged
}
