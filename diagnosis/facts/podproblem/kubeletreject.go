package podproblem

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// wasRejected is how the kubelet's words begin when it does not admit a pod that was bound to its node (rejectPod in
// pkg/kubelet/kubelet.go). Older kubelets say "Pod " and the reason.
const wasRejected = "Pod was rejected: "

var forbiddenSysctl = regexp.MustCompile(`forbidden sysctl: "([^"]+)"`)

// Rejected is the detail of PodRejected.
type Rejected struct {
	TooManyPods bool // the node has all the pods that it may have (OutOfpods in pkg/kubelet/lifecycle/predicate.go)
}

// rejected looks at a pod that its node's kubelet did not admit: the scheduler and the kubelet disagree about what the node can give.
func rejected(p *corev1.Pod) (Problem, bool) {
	reason, message := p.Status.Reason, strings.TrimPrefix(p.Status.Message, wasRejected)
	if !strings.HasPrefix(p.Status.Message, wasRejected) && !strings.HasPrefix(reason, "OutOf") && reason != "UnexpectedAdmissionError" &&
		reason != "SysctlForbidden" && reason != "NodeAffinity" {
		return Problem{}, false
	}
	node := p.Spec.NodeName
	seen := finding.SeenAPI(finding.PodObject(p), "status", p.CreationTimestamp.Time, reason+": "+p.Status.Message)
	if m := forbiddenSysctl.FindStringSubmatch(message); m != nil {
		return Problem{Code: PodSecurityRefused, Alike: m[1], node: node, Since: p.CreationTimestamp.Time,
			Reason: "sysctl " + m[1] + " is not allowed",
			Predicate: finding.Say("{is|are} refused for {its|their} spec.securityContext.sysctls: node %s does not allow %s (the kubelet's "+
				"--allowed-unsafe-sysctls)", node, m[1]), Seen: []incident.Evidence{seen}}, true
	}
	if a, ok := refusedFor(p, "", message); ok {
		a.Alike, a.Seen = reason, append(a.Seen, seen)
		return a, true
	}
	return Problem{Code: PodRejected, Alike: node + reason, node: node, Since: p.CreationTimestamp.Time, Reason: message,
			detail:    Rejected{TooManyPods: reason == "OutOfpods"},
			Predicate: finding.Say("{was|were} rejected by the kubelet of node %s (%s): %s", node, reason, message),
			Seen:      []incident.Evidence{seen}},
		true
}
