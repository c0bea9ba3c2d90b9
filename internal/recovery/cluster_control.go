package recovery

import (
	"context"
	"fmt"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// draftScaleBack gives a controller that was scaled to 0 its pods back.
func draftScaleBack(ctx context.Context, r *Recovery, q request) (draft, error) {
	why := "no controller is at fault that could be scaled"
	for _, o := range q.cause.Objects {
		if !switchedOff(q.s, o) {
			continue
		}
		n, from, err := r.replicasBefore(ctx, q.s, o)
		if err != nil {
			return draft{}, err
		}
		if n == 0 {
			why = inWords(o) + " is scaled to 0, and nothing tells how many pods it had; kubectl scale --replicas=1 if it is to work"
			continue
		}
		return single(setTo("Scale", o, n), fmt.Sprintf("scale %s back to %d", inWords(o), n),
			"It is scaled to 0, and what waits for it waits in vain. "+from)
	}
	return no("%s", why)
}

// switchedOff says whether a Deployment or StatefulSet is scaled to zero.
func switchedOff(s *snapshot.Snapshot, o incident.Object) bool {
	d, t := s.Deployment(o.Namespace, o.Name), s.StatefulSet(o.Namespace, o.Name)
	return o.Kind == "Deployment" && d != nil && kube.Replicas(d.Spec.Replicas) == 0 ||
		o.Kind == "StatefulSet" && t != nil && kube.Replicas(t.Spec.Replicas) == 0
}

// draftRestartController makes the pods of a controller anew that run and take note of nothing.
func draftRestartController(ctx context.Context, r *Recovery, q request) (draft, error) {
	for _, o := range q.cause.Objects {
		if switchedOff(q.s, o) {
			return draftScaleBack(ctx, r, q) // for its reason
		}
		if !restartable(o) {
			continue
		}
		pods := kube.PodsOfWorkload(q.s, o)
		for _, p := range pods {
			if kube.IsReady(p) && q.s.At.Sub(p.CreationTimestamp.Time) >= hung {
				return draft{steps: []incident.Step{restart(o, q.d.At)}, title: "restart " + inWords(o),
					why: fmt.Sprintf("Pod %s is ready and has run for long, but takes note of nothing.", p.Name)}, nil
			}
		}
		return no("%s has no pod that runs and is ready: what is wrong with its pods comes first", inWords(o))
	}
	return no("which controller acts on it is not known, or it runs outside the cluster")
}
