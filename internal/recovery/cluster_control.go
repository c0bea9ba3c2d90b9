package recovery

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"

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
		n, from, err := r.podsBefore(ctx, q.s, o)
		if err != nil {
			return draft{}, err
		}
		if n == 0 {
			why = inWords(o) + " is scaled to 0, and nothing tells how many pods it had; kubectl scale --replicas=1 if it is to work"
			continue
		}
		return draft{steps: []incident.Step{{Kind: "Scale", Target: incident.Target{Object: o}, Params: map[string]string{paramValue: fmt.Sprint(n)}}},
			title: fmt.Sprintf("scale %s back to %d", inWords(o), n), why: "It is scaled to 0, and what waits for it waits in vain. " + from}, nil
	}
	return no("%s", why)
}

func switchedOff(s *snapshot.Snapshot, o incident.Object) bool {
	switch o.Kind {
	case "Deployment":
		d := s.Deployment(o.Namespace, o.Name)
		return d != nil && d.Spec.Replicas != nil && *d.Spec.Replicas == 0
	case "StatefulSet":
		d := s.StatefulSet(o.Namespace, o.Name)
		return d != nil && d.Spec.Replicas != nil && *d.Spec.Replicas == 0
	}
	return false
}

// fromPods are the words of the controllers that tell how many pods a workload had (ScalingReplicaSet, k8s.io/kubernetes/pkg/controller/deployment).
var fromPods = regexp.MustCompile(`from (\d+) to 0$`)

// podsBefore is how many pods a workload had before it had none, and what tells that: 0 if nothing does. What tells it is the event of its being
// scaled, or the manifest that was last applied; the API server's own default stands for a manifest that names no number.
func (r *Recovery) podsBefore(ctx context.Context, s *snapshot.Snapshot, o incident.Object) (int, string, error) {
	if e := kube.LastEvent(s, o, "ScalingReplicaSet"); e != nil {
		if m := fromPods.FindStringSubmatch(e.Message); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil && n > 0 {
				return n, fmt.Sprintf("It had %d before, as the event of %s says.", n, stamp(snapshot.EventTime(e).Time)), nil
			}
		}
	}
	b, err := r.o.Reader.Get(ctx, o)
	if err != nil {
		return 0, "", fmt.Errorf("see how many pods %s had: %w", o, err)
	}
	now, err := decodeObject(b)
	if err != nil {
		return 0, "", err
	}
	var applied struct {
		Spec struct {
			Replicas *int `json:"replicas"`
		} `json:"spec"`
	}
	text := now.text("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")
	known := text != "" && json.Unmarshal([]byte(text), &applied) == nil
	switch {
	case !known:
		return 0, "", nil
	case applied.Spec.Replicas == nil:
		return 1, "The manifest that was last applied names no number, for which Kubernetes takes 1.", nil
	}
	return *applied.Spec.Replicas, fmt.Sprintf("The manifest that was last applied has %d.", *applied.Spec.Replicas), nil
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
