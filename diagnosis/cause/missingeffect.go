package cause

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/dns"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/nodes"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// expectation is something that causes of some codes bring with them. Where it can be seen that it is not so, that speaks against them.
type expectation struct {
	codes   []string
	missing func(*snapshot.Snapshot, *candidate) string // what is not there, in words; "": nothing is missing, or it can't be seen
}

var expectations = []expectation{
	{append(slices.Clone(dnsFaults), dns.DNSDown), namesResolve},
	{[]string{nodes.NodeCNIMissing}, podsStartOn},
	{[]string{nodes.NodeUnreachable}, leaseRenewed},
	{[]string{podproblem.PodImagePull}, imageRunsElsewhere},
	{serviceFaults, serviceAnswers},
}

// missingEffects says, for each effect that the cause's root should have and that is not seen, what is seen instead.
func missingEffects(s *snapshot.Snapshot, c *candidate) []string {
	var out []string
	for _, e := range expectations {
		if slices.Contains(e.codes, c.root.Code) {
			if words := e.missing(s, c); words != "" {
				out = append(out, words)
			}
		}
	}
	return out
}

// namesResolve: without DNS no look-up is answered.
func namesResolve(s *snapshot.Snapshot, _ *candidate) string {
	for _, l := range s.Lookups {
		if l.Error == "" && len(l.Addrs) > 0 {
			return fmt.Sprintf("a lookup of %s at %s was answered", l.Name, l.Server)
		}
	}
	return ""
}

// podsStartOn: without a CNI configuration no pod with a network of its own starts.
func podsStartOn(s *snapshot.Snapshot, c *candidate) string {
	if c.root.Since.IsZero() {
		return ""
	}
	for _, p := range s.PodsOn(c.root.Object.Name) {
		if !p.Spec.HostNetwork && p.Status.StartTime != nil && p.Status.StartTime.After(c.root.Since.Add(time.Minute)) && running(p) {
			return fmt.Sprintf("pod %s/%s has started on it since", p.Namespace, p.Name)
		}
	}
	return ""
}

func running(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.ContainerStatuses, func(st corev1.ContainerStatus) bool { return st.State.Running != nil })
}

// leaseRenewed: a kubelet that is gone does not renew its node's Lease.
func leaseRenewed(s *snapshot.Snapshot, c *candidate) string {
	l := s.Lease(corev1.NamespaceNodeLease, c.root.Object.Name)
	if l == nil || l.Spec.RenewTime == nil || c.root.Since.IsZero() || l.Spec.RenewTime.Time.Before(c.root.Since.Add(time.Minute)) {
		return ""
	}
	return "its kubelet has renewed the node's Lease since, at " + finding.Clock(l.Spec.RenewTime.Time)
}

// imageRunsElsewhere: an image that does not exist runs nowhere.
func imageRunsElsewhere(s *snapshot.Snapshot, c *candidate) string {
	images := map[string]bool{}
	for _, p := range c.root.Pods {
		for i := range p.Spec.Containers {
			st := containerStatus(p, p.Spec.Containers[i].Name)
			if st != nil && st.State.Waiting != nil && st.State.Waiting.Reason != "ErrImageNeverPull" {
				images[p.Spec.Containers[i].Image] = true
			}
		}
	}
	if len(images) == 0 {
		return ""
	}
	first := -1
	for image := range images {
		if i, ok := runs(s)[image]; ok && (first < 0 || i < first) {
			first = i
		}
	}
	if first < 0 {
		return ""
	}
	p := &s.Pods[first]
	return fmt.Sprintf("pod %s/%s runs the same image on node %s: it may have been pulled before, or the reason lies with the node",
		p.Namespace, p.Name, p.Spec.NodeName)
}

// runs are the images of containers that run, with the first of the pods that they run in.
func runs(s *snapshot.Snapshot) map[string]int {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[string]int {
		first := map[string]int{}
		for i := range s.Pods {
			p := &s.Pods[i]
			for j := range p.Spec.Containers {
				image, st := p.Spec.Containers[j].Image, containerStatus(p, p.Spec.Containers[j].Name)
				if _, known := first[image]; !known && st != nil && st.State.Running != nil {
					first[image] = i
				}
			}
		}
		return first
	})
}

func containerStatus(p *corev1.Pod, name string) *corev1.ContainerStatus {
	for i := range p.Status.ContainerStatuses {
		if p.Status.ContainerStatuses[i].Name == name {
			return &p.Status.ContainerStatuses[i]
		}
	}
	return nil
}

// answersNow says that what a program could not reach was reached a moment ago by a probe; "" if that is not known.
func answersNow(s *snapshot.Snapshot, c *candidate) string {
	if c.root.Root {
		return ""
	}
	called := checks.Called(s, c.root)
	for _, d := range s.Dials {
		if d.Error == "" && slices.Contains(called, d.For) {
			return fmt.Sprintf("a connection from %s to %s was accepted", d.From, d.Address)
		}
	}
	return ""
}

// serviceAnswers: nothing answers at a Service that has no endpoint.
func serviceAnswers(s *snapshot.Snapshot, c *candidate) string {
	for _, d := range s.Dials {
		if d.For == c.root.Object && d.Error == "" {
			return fmt.Sprintf("a connection from %s to %s was accepted", d.From, d.Address)
		}
	}
	return ""
}
