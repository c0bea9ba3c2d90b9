package checks

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// The kubelet's words when it evicts (pkg/kubelet/eviction/helpers.go).
var (
	lowOn        = regexp.MustCompile(`The node was low on resource: ([a-z-]+)\.(?: Threshold quantity: ([^,]+), available: ([^.\s]+)\.)?`)
	biggest      = regexp.MustCompile(`Container (\S+) was using ([^,]+), request is ([^,]+),`)
	overOwnLimit = regexp.MustCompile(`(Container \S+ exceeded its local ephemeral storage limit "[^"]+"|Pod ephemeral local storage usage exceeds the total limit of containers \S+|Usage of EmptyDir volume "[^"]+" exceeds the limit "[^"]+")`)
)

// evicted tells a pod that its node had no room for from one that broke a limit of its own.
func evicted(p *corev1.Pod) ailment {
	node, message := p.Spec.NodeName, strings.TrimSpace(p.Status.Message)
	a := ailment{code: PodEvicted, alike: node, node: node, words: message, since: failedAt(p),
		what: "{was|were} evicted from node " + node + ": " + message,
		seen: []incident.Evidence{seenAPI(podObject(p), "status", failedAt(p), "Evicted: "+message)}}
	if m := overOwnLimit.FindString(message); m != "" {
		a.code, a.alike, a.why = PodOverStorage, "", m
		a.what = "{is|are} evicted for using more storage than {its|their} own limit: " + m
		return a
	}
	m := lowOn.FindStringSubmatch(message)
	if m == nil {
		return a
	}
	a.what = "{was|were} evicted from node " + node + ", which was low on " + m[1]
	if m[3] != "" {
		a.what += " (" + m[3] + " left, " + m[2] + " is the threshold)"
	}
	if u := biggest.FindStringSubmatch(message); u != nil {
		a.what += ": container " + u[1] + " used " + u[2] + " and asked for " + u[3]
	}
	return a
}
