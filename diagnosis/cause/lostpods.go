package cause

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// lost are the findings about workloads some of whose pods were taken away.
var lost = []string{podproblem.PodPreempted, podproblem.PodEvicted}

// address is an IPv4 address with a port, as clients that know their servers one by one write it.
var address = regexp.MustCompile(`\b(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})\b`)

// missesPods wants the log of a pod of the namespace to miss one of the pods that were taken away: a line that names their workload, and an
// address that is no pod's any more, at a port of theirs. Programs that find each other without a Service (rings, gossip) write such lines.
func missesPods(c *Context, from, to *finding.Finding) (Link, bool) {
	if len(from.Pods) == 0 || len(to.Pods) == 0 || from.About(to.Workload) || from.Workload.Namespace != to.Workload.Namespace ||
		!later(from, to) {
		return Link{}, false
	}
	for _, p := range to.Pods {
		for i := range p.Spec.Containers {
			for _, previous := range []bool{false, true} {
				l := c.Snapshot.Log(p.Namespace, p.Name, p.Spec.Containers[i].Name, previous)
				if l == nil || !strings.Contains(l.Text, from.Workload.Name) {
					continue
				}
				for line := range strings.SplitSeq(l.Text, "\n") {
					if at, ok := missedIn(c.Snapshot, line, from); ok {
						return Link{Reason: fmt.Sprintf("its log misses %s at %s, which is no pod's address any more", from.Workload.Name, at),
							Inferred: true}, true
					}
				}
			}
		}
	}
	return Link{}, false
}

// missedIn is the address of a pod that is gone, in a line that names its workload.
func missedIn(s *snapshot.Snapshot, line string, from *finding.Finding) (string, bool) {
	if !slices.Contains(strings.FieldsFunc(line, notOfName), from.Workload.Name) {
		return "", false
	}
	for _, m := range address.FindAllStringSubmatch(line, 4) {
		if listens(from.Pods[0], m[2]) && !slices.ContainsFunc(s.Pods, func(p corev1.Pod) bool { return p.Status.PodIP == m[1] }) {
			return m[0], true
		}
	}
	return "", false
}

// notOfName says whether a character ends an object's name.
func notOfName(r rune) bool {
	of := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_'
	return !of
}

func listens(p *corev1.Pod, port string) bool {
	n, err := strconv.Atoi(port)
	return err == nil && slices.ContainsFunc(p.Spec.Containers, func(ct corev1.Container) bool {
		return slices.ContainsFunc(ct.Ports, func(x corev1.ContainerPort) bool { return int(x.ContainerPort) == n })
	})
}
