package recovery

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// mostBackOff is the kubelet's greatest pause between two starts of a container, or two pulls of an image (MaxContainerBackOff in
// k8s.io/kubernetes/pkg/kubelet).
const mostBackOff = 5 * time.Minute

// mostIdle bounds what is said of each kind.
const mostIdle = 3

// idle is what happens if nobody does anything: only what Kubernetes' own rules and the objects' own fields say, the soonest first. What
// has no time comes last.
func idle(d *incident.Diagnosis, s *snapshot.Snapshot) []incident.Prospect {
	var out []incident.Prospect
	for _, all := range [][]incident.Prospect{mayPass(d), deadlines(d, s), backOffs(d, s), evictions(d, s), jobEnds(d, s),
		certificates(d, s)} {
		out = append(out, all[:min(len(all), mostIdle)]...)
	}
	for i := range out {
		out[i].Text = incident.Clip(out[i].Text, 400)
	}
	slices.SortStableFunc(out, func(a, b incident.Prospect) int {
		if a.At.IsZero() != b.At.IsZero() {
			return map[bool]int{true: 1, false: -1}[a.At.IsZero()]
		}
		return a.At.Compare(b.At)
	})
	if len(out) == 0 {
		out = []incident.Prospect{{Text: "Nothing that is known here ends it by itself: it stays as it is."}}
	}
	return out
}

// mayPass are the causes that may still be normal.
func mayPass(d *incident.Diagnosis) []incident.Prospect {
	var out []incident.Prospect
	for _, c := range d.Causes {
		if c.NormalUntil.After(d.At) {
			out = append(out, incident.Prospect{At: c.NormalUntil, Text: join("Until then it may pass by itself:", c.Normal)})
		}
	}
	return out
}

// involved are the workloads at fault or suffering, in order.
func involved(d *incident.Diagnosis, s *snapshot.Snapshot) []incident.Object {
	var out []incident.Object
	add := func(o incident.Object) {
		if o = workloadOf(s, o); !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	for _, c := range d.Causes {
		for _, o := range c.Objects {
			add(o)
		}
		for _, id := range c.Explains {
			if f := d.Finding(id); f != nil && f.Severity.Rank() >= incident.Warning.Rank() {
				add(f.Object)
			}
		}
	}
	return out
}

// deadlines are when rollouts are given up, which changes nothing but their word.
func deadlines(d *incident.Diagnosis, s *snapshot.Snapshot) []incident.Prospect {
	var out []incident.Prospect
	for _, o := range involved(d, s) {
		dep := s.Deployment(o.Namespace, o.Name)
		if o.Kind != "Deployment" || dep == nil || dep.Spec.ProgressDeadlineSeconds == nil {
			continue
		}
		limit := time.Duration(*dep.Spec.ProgressDeadlineSeconds) * time.Second
		for _, c := range dep.Status.Conditions {
			end := c.LastUpdateTime.Add(limit)
			switch {
			case c.Type != appsv1.DeploymentProgressing || c.Reason == "NewReplicaSetAvailable":
			case c.Status == corev1.ConditionFalse:
				out = append(out, incident.Prospect{Text: fmt.Sprintf("The rollout of %s has passed its progress deadline (%s): Kubernetes says so "+
					"and does nothing more. It neither goes on nor back by itself.", inWords(o), words(limit))})
			case end.After(s.At):
				out = append(out, incident.Prospect{At: end, Text: fmt.Sprintf("The rollout of %s is then given up as failed (progressDeadlineSeconds "+
					"%d), unless a pod gets ready before. Kubernetes does not roll it back.", inWords(o), *dep.Spec.ProgressDeadlineSeconds)})
			}
		}
	}
	return out
}

// backOffs are when the kubelet tries again what fails, at the latest.
func backOffs(d *incident.Diagnosis, s *snapshot.Snapshot) []incident.Prospect {
	ours := involved(d, s)
	said := map[incident.Object]bool{}
	var out []incident.Prospect
	for i := range s.Pods {
		p := &s.Pods[i]
		o := s.WorkloadOf(p)
		if said[o] || !slices.Contains(ours, o) || over(p) {
			continue
		}
		for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
			w, last := c.State.Waiting, c.LastTerminationState.Terminated
			switch {
			case w == nil:
			case w.Reason == "CrashLoopBackOff" && last != nil:
				next := last.FinishedAt.Add(mostBackOff)
				if next.Before(s.At) {
					next = s.At
				}
				out = append(out, incident.Prospect{At: next, Text: fmt.Sprintf("By then the kubelet starts container %s of %s again, and from then "+
					"on at least every %s, for as long as it fails (%s so far).", c.Name, inWords(o), words(mostBackOff),
					counted(int(c.RestartCount), "restart"))})
				said[o] = true
			case w.Reason == "ImagePullBackOff" || w.Reason == "ErrImagePull":
				out = append(out, incident.Prospect{Text: fmt.Sprintf("The kubelet tries to pull %s for %s again at least every %s; it comes up as "+
					"soon as the image can be pulled.", c.Image, inWords(o), words(mostBackOff))})
				said[o] = true
			}
			if said[o] {
				break
			}
		}
	}
	return out
}

// evictions are when pods are removed from nodes that do not answer, of the nodes involved and those that what is involved runs on: by the
// taint's time and each pod's own toleration.
func evictions(d *incident.Diagnosis, s *snapshot.Snapshot) []incident.Prospect {
	var out []incident.Prospect
	ours := involved(d, s)
	involves := func(node string) bool {
		return slices.Contains(ours, incident.Object{Kind: "Node", Name: node}) || slices.ContainsFunc(s.PodsOn(node),
			func(p *corev1.Pod) bool { return slices.Contains(ours, s.WorkloadOf(p)) })
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		noExecute := func(t corev1.Taint) bool { return t.Effect == corev1.TaintEffectNoExecute }
		if !slices.ContainsFunc(n.Spec.Taints, noExecute) || !involves(n.Name) {
			continue
		}
		for _, t := range n.Spec.Taints {
			if t.Effect != corev1.TaintEffectNoExecute || t.TimeAdded == nil {
				continue
			}
			pods, first := 0, time.Time{}
			for _, p := range s.PodsOn(n.Name) {
				at, ok := evictedAt(p, t)
				if !ok || !at.After(s.At) || over(p) {
					continue
				}
				if pods++; first.IsZero() || at.Before(first) {
					first = at
				}
			}
			if pods > 0 {
				out = append(out, incident.Prospect{At: first, Text: fmt.Sprintf("From then on the %d pods of node %s that tolerate %s for a time "+
					"only are evicted, and made anew elsewhere where they have a controller and room.", pods, n.Name, t.Key)})
			}
		}
	}
	return out
}

// evictedAt is when a taint evicts a pod; not ok where it never does, or has done so.
func evictedAt(p *corev1.Pod, t corev1.Taint) (time.Time, bool) {
	for _, tol := range p.Spec.Tolerations {
		matches := tol.Key == "" && tol.Operator == corev1.TolerationOpExists || tol.Key == t.Key
		if !matches || tol.Effect != "" && tol.Effect != t.Effect {
			continue
		}
		if tol.TolerationSeconds == nil {
			return time.Time{}, false
		}
		return t.TimeAdded.Add(time.Duration(*tol.TolerationSeconds) * time.Second), true
	}
	return time.Time{}, false
}

// jobEnds are when Jobs are given up.
func jobEnds(d *incident.Diagnosis, s *snapshot.Snapshot) []incident.Prospect {
	ours := involved(d, s)
	var out []incident.Prospect
	for i := range s.Jobs {
		j := &s.Jobs[i]
		o := incident.Object{Kind: "Job", Namespace: j.Namespace, Name: j.Name}
		if !slices.Contains(ours, o) || j.Status.StartTime == nil || j.Spec.ActiveDeadlineSeconds == nil || finished(j) {
			continue
		}
		end := j.Status.StartTime.Add(time.Duration(*j.Spec.ActiveDeadlineSeconds) * time.Second)
		if end.After(s.At) {
			out = append(out, incident.Prospect{At: end, Text: fmt.Sprintf("%s has then run for its activeDeadlineSeconds and is ended as failed.",
				inWords(o))})
		}
	}
	return out
}

func finished(j *batchv1.Job) bool {
	return slices.ContainsFunc(j.Status.Conditions, func(c batchv1.JobCondition) bool {
		return (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == corev1.ConditionTrue
	})
}

// certificates are when those at fault end.
func certificates(d *incident.Diagnosis, s *snapshot.Snapshot) []incident.Prospect {
	var out []incident.Prospect
	for _, c := range d.Causes {
		for _, o := range c.Objects {
			for i := range s.Secrets {
				x := &s.Secrets[i]
				if o.Kind != "Secret" || x.Namespace != o.Namespace || x.Name != o.Name || x.Certificate == nil {
					continue
				}
				if end := x.Certificate.NotAfter; end.After(s.At) {
					out = append(out, incident.Prospect{At: end, Text: fmt.Sprintf("The certificate in %s ends then: who connects refuses it.",
						inWords(o))})
				}
			}
		}
	}
	return out
}
