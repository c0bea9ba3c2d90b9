package kube

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// LostWithNode says that a container did not end by itself: its node or the runtime went down and forgot it, as at a reboot.
func LostWithNode(end *corev1.ContainerStateTerminated) bool {
	return end.Reason == "Unknown" || end.Reason == "ContainerStatusUnknown"
}

// IsReady says whether a pod is ready, and not being deleted.
func IsReady(p *corev1.Pod) bool {
	c := PodCondition(p, corev1.PodReady)
	return c != nil && c.Status == corev1.ConditionTrue && p.DeletionTimestamp == nil
}

// Healthy is the short way for most pods: ready, and no container has ever ended.
func Healthy(p *corev1.Pod) bool {
	if c := PodCondition(p, corev1.PodReady); c == nil || c.Status != corev1.ConditionTrue {
		return false
	}
	for i := range p.Status.ContainerStatuses {
		if st := &p.Status.ContainerStatuses[i]; st.State.Running == nil {
			return false
		}
	}
	return true
}

// PodCondition is a pod's condition; nil if it has none of the type.
func PodCondition(p *corev1.Pod, t corev1.PodConditionType) *corev1.PodCondition {
	for i := range p.Status.Conditions {
		if p.Status.Conditions[i].Type == t {
			return &p.Status.Conditions[i]
		}
	}
	return nil
}

// Container is a container with its status. Init containers that run on beside the others (sidecars) count as ordinary ones.
type Container struct {
	Spec    *corev1.Container
	Status  *corev1.ContainerStatus
	Init    bool
	Sidecar bool // an init container that runs on
}

// In says in a title which container of the pod it is: nothing for a pod's only one.
func (c Container) In(p *corev1.Pod) string {
	switch {
	case c.Init:
		return " (init container " + c.Spec.Name + ")"
	case c.Sidecar:
		return " (sidecar " + c.Spec.Name + ")"
	case len(p.Spec.Containers) > 1 || len(p.Spec.InitContainers) > 0 && isSidecar(c.Spec):
		return " (container " + c.Spec.Name + ")"
	}
	return ""
}

// Field is where the pod's status speaks of the container.
func (c Container) Field() string {
	if c.Init || c.Sidecar {
		return "status.initContainerStatuses[" + c.Spec.Name + "]"
	}
	return "status.containerStatuses[" + c.Spec.Name + "]"
}

func isSidecar(c *corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// ContainersOf pairs statuses with specs, init containers first. Statuses without a spec are left out.
func ContainersOf(p *corev1.Pod) []Container {
	out := make([]Container, 0, len(p.Status.ContainerStatuses)+len(p.Status.InitContainerStatuses))
	pair := func(statuses []corev1.ContainerStatus, specs []corev1.Container, init bool) {
		for i := range statuses {
			for j := range specs {
				if specs[j].Name == statuses[i].Name {
					sidecar := init && isSidecar(&specs[j])
					out = append(out, Container{&specs[j], &statuses[i], init && !sidecar, sidecar})
					break
				}
			}
		}
	}
	pair(p.Status.InitContainerStatuses, p.Spec.InitContainers, true)
	pair(p.Status.ContainerStatuses, p.Spec.Containers, false)
	return out
}

// Newly says that something is too recent to be looked at. An unknown time is not recent.
func Newly(s *snapshot.Snapshot, t time.Time) bool {
	return !t.IsZero() && s.At.Sub(t) < finding.Settling.For
}

// OwnedByJob says whether a Job controls the pod; its failures are the Job's business.
func OwnedByJob(p *corev1.Pod) bool {
	for i := range p.OwnerReferences {
		if o := &p.OwnerReferences[i]; o.Controller != nil && *o.Controller && o.Kind == "Job" {
			return true
		}
	}
	return false
}

// AddrsOf reads IP addresses; what is none is left out.
func AddrsOf(ips ...string) []netip.Addr {
	var out []netip.Addr
	for _, ip := range ips {
		if a, err := netip.ParseAddr(ip); err == nil {
			out = append(out, a.Unmap())
		}
	}
	return out
}

// PodAt is the pod of an address in the pod network; nil if there is none.
func PodAt(s *snapshot.Snapshot, a netip.Addr) *corev1.Pod {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[string]*corev1.Pod {
		at := make(map[string]*corev1.Pod, len(s.Pods))
		for i := range s.Pods {
			if p := &s.Pods[i]; !p.Spec.HostNetwork && p.Status.PodIP != "" && at[p.Status.PodIP] == nil {
				at[p.Status.PodIP] = p
			}
		}
		return at
	})[a.String()]
}

// UnreadySince is since when a pod is not ready; zero if it is, or if it is not known.
func UnreadySince(p *corev1.Pod) time.Time {
	if c := PodCondition(p, corev1.PodReady); c != nil && c.Status != corev1.ConditionTrue {
		return c.LastTransitionTime.Time
	}
	return time.Time{}
}

// WarmingUp says that the time is not up which a pod's programs may need to start.
func WarmingUp(s *snapshot.Snapshot, p *corev1.Pod) bool { return !WarmsUpUntil(s, p).Over(s.At) }

// WarmsUpUntil is until when a pod may warm up: its containers run, or are being made, for the first time or after their node has started
// anew, and none has failed. It is the time that programs commonly need to start, or the longer one that the pod's own probes grant.
func WarmsUpUntil(s *snapshot.Snapshot, p *corev1.Pod) finding.Term {
	if p.Spec.NodeName == "" || p.Status.Phase == corev1.PodFailed {
		return finding.Term{}
	}
	begun, granted := p.CreationTimestamp.Time, finding.WarmUp.For
	for _, c := range ContainersOf(p) {
		switch st := c.Status; {
		case endedBadly(st.State.Terminated) || st.LastTerminationState.Terminated != nil && !LostWithNode(st.LastTerminationState.Terminated):
			return finding.Term{}
		case st.State.Waiting != nil && !slices.Contains(beginning, st.State.Waiting.Reason):
			return finding.Term{}
		case st.State.Running != nil:
			begun = Latest(begun, st.State.Running.StartedAt.Time)
		case st.State.Terminated != nil && LostWithNode(st.State.Terminated):
			begun = Latest(begun, st.State.Terminated.FinishedAt.Time)
		}
		for _, probe := range []*corev1.Probe{c.Spec.StartupProbe, c.Spec.ReadinessProbe} {
			if probe != nil {
				granted = max(granted, min(ProbeTime(probe), finding.LongStart.For))
			}
		}
	}
	return finding.Lasts(finding.WarmUp.Lasting(granted), begun)
}

// ProbeTime is how long a probe needs until it has failed for good, from the container's start.
func ProbeTime(p *corev1.Probe) time.Duration {
	period, failures := max(p.PeriodSeconds, 1), max(p.FailureThreshold, 1)
	return max(finding.Settling.For, time.Duration(p.InitialDelaySeconds+period*(failures+1))*time.Second)
}

func endedBadly(t *corev1.ContainerStateTerminated) bool {
	return t != nil && t.ExitCode != 0 && !LostWithNode(t)
}

// beginning are the reasons for which a container waits that is about to be created.
var beginning = []string{"", "ContainerCreating", "PodInitializing"}

// HasEnded says whether a pod has come to its end, well or not: it takes no room, and nothing is to be expected of it.
func HasEnded(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}

// KeepsRoom says whether a pod is a placeholder: it does nothing, in containers of the pause image, and its priority is below that of
// every pod that names none. It is there to make way, and waits on purpose until there is room for it again
// (https://kubernetes.io/docs/tasks/administer-cluster/node-overprovisioning/).
func KeepsRoom(p *corev1.Pod) bool {
	return p.Spec.Priority != nil && *p.Spec.Priority < 0 && OnlyPauses(p.Spec)
}

// OnlyPauses says whether all containers are of the pause image, which does nothing.
func OnlyPauses(spec corev1.PodSpec) bool {
	return len(spec.InitContainers) == 0 && !slices.ContainsFunc(spec.Containers, func(c corev1.Container) bool {
		name, _, _ := strings.Cut(c.Image[strings.LastIndex(c.Image, "/")+1:], ":")
		return !strings.Contains(name, "pause")
	})
}
