package recovery

import (
	"slices"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// triedAgain is the annotation of a workload by which its controller hears of it: each change of an object ends the controller's pause, and
// a Deployment's annotations become its ReplicaSet's (SetNewReplicaSetAnnotations in k8s.io/kubernetes/pkg/controller/deployment/util). No
// pod is replaced for it.
const triedAgain = "paramedic/tried-again-at"

// mostAgain bounds the workloads that a plan has tried again; the others come when their pause is over.
const mostAgain = 5

// madeAtOnce has the pods made at once that were refused, once the steps have mended what they were refused for. By itself a controller
// tries again after a pause that has doubled with each refusal, up to 1000 seconds (client-go's default rate limiter). A workload that
// another step changes is tried again for that.
func madeAtOnce(q request, d draft) draft {
	all := slices.Clone(q.cause.Objects)
	for _, id := range q.cause.Explains {
		if f := q.d.Finding(id); f != nil {
			all = append(all, workloadOf(q.s, f.Object))
		}
	}
	slices.SortFunc(all, incident.Object.Compare)
	said := false
	for _, o := range slices.Compact(all) {
		changed := slices.ContainsFunc(d.steps, func(s incident.Step) bool { return s.Target.Object == o })
		if !restartable(o) || changed || len(d.later) == mostAgain || len(refusalsOf(q.s, o)) == 0 {
			continue
		}
		d.later = append(d.later, restingOn("the time of the look", setTo(TryAgain, o, q.d.At.UTC().Format(time.RFC3339))))
		said = true
	}
	if said {
		d.why = join(d.why, "What was refused is tried again at once: by itself it would be after a pause that has doubled with each refusal, "+
			"up to 17 minutes.")
	}
	return d
}
