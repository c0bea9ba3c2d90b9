package scheduling

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// evidence is the nearest node's side, and the pod's.
func (k *seeker) evidence(h hindered) []incident.Evidence {
	n := kube.NodeObject(h.node)
	var out []incident.Evidence
	for _, l := range h.lacks {
		switch l.rule {
		case roomTaken, tooSmall:
			name := corev1.ResourceName(l.what)
			out = append(out, finding.SeenAPI(n, "status.allocatable["+l.what+"]", time.Time{},
				fmt.Sprintf("%s, and its %d pods ask for %s", amount(name, h.gives(name)), len(h.pods), amount(name, h.asked[name]))),
				finding.SeenAPI(finding.PodObject(k.pod), "spec.containers[*].resources.requests["+l.what+"]", time.Time{},
					amount(name, inUnits(name, k.asks[name]))))
		case nodeState, taintKeeps:
			out = append(out, finding.SeenAPI(n, "spec.taints", time.Time{}, l.what))
		case labelLacks:
			out = append(out, finding.SeenAPI(finding.PodObject(k.pod), "spec.nodeSelector", time.Time{}, l.what),
				finding.SeenAPI(n, "metadata.labels", time.Time{}, h.node.Name+" "+l.here))
		default:
			out = append(out, finding.SeenAPI(n, "pods on it", time.Time{}, h.node.Name+" "+l.here))
		}
	}
	return out
}
