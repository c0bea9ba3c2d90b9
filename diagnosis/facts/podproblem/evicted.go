package podproblem

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// The kubelet's words when it evicts (pkg/kubelet/eviction/helpers.go).
var (
	LowOn        = regexp.MustCompile(`The node was low on resource: ([a-z-]+)\.(?: Threshold quantity: ([^,]+), available: ([^.\s]+)\.)?`)
	Biggest      = regexp.MustCompile(`Container (\S+) was using ([^,]+), request is ([^,]+),`)
	overOwnLimit = regexp.MustCompile(`(Container \S+ exceeded its local ephemeral storage limit "[^"]+"|Pod ephemeral local storage usage exceeds the total limit of containers \S+|Usage of EmptyDir volume "[^"]+" exceeds the limit "[^"]+")`)
)

// evicted tells a pod that its node had no room for from one that broke a limit of its own.
func evicted(p *corev1.Pod) Problem {
	node, message := p.Spec.NodeName, strings.TrimSpace(p.Status.Message)
	a := Problem{Code: PodEvicted, Alike: node, node: node, Since: FailedAt(p),
		Predicate: finding.Say("{was|were} evicted from node %s: %s", node, message),
		Seen:      []incident.Evidence{finding.SeenAPI(finding.PodObject(p), "status", FailedAt(p), "Evicted: "+message)}}
	if m := overOwnLimit.FindString(message); m != "" {
		a.Code, a.Alike, a.Reason = PodOverStorage, "", m
		a.Predicate = finding.Say("{is|are} evicted for using more storage than {its|their} own limit: %s", m)
		return a
	}
	m := LowOn.FindStringSubmatch(message)
	if m == nil {
		return a
	}
	a.Predicate = finding.Say("{was|were} evicted from node %s, which was low on %s", node, m[1])
	if m[3] != "" {
		a.Predicate = a.Predicate.And(" (%s left, %s is the threshold)", m[3], m[2])
	}
	if u := Biggest.FindStringSubmatch(message); u != nil {
		a.Predicate = a.Predicate.And(": container %s used %s and asked for %s", u[1], u[2], u[3])
	}
	return a
}
