package recovery

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// touched are the pods that a step ends or replaces, and whether all of them at once.
func touched(s *snapshot.Snapshot, step incident.Step) (pods []*corev1.Pod, atOnce bool) {
	o := step.Target.Object
	switch {
	case step.Kind == DeletePod || step.Kind == EvictPod:
		if p := s.Pod(o.Namespace, o.Name); p != nil {
			return []*corev1.Pod{p}, true
		}
		return nil, false
	case step.Kind == "Scale":
		was, a := quantity(decodeValue(step.Params[paramBefore]))
		is, b := quantity(decodeValue(step.Params[paramValue]))
		if !a || !b || is.Cmp(was) >= 0 {
			return nil, false
		}
		pods = podsOfWorkload(s, o)
		return pods[:min(len(pods), int(was.Value()-is.Value()))], true
	case !replaces(step) || !restartable(o):
		return nil, false
	}
	pods = podsOfWorkload(s, o)
	if staying := stayingIn(s, step); len(staying) > 0 {
		return slices.DeleteFunc(pods, func(p *corev1.Pod) bool { return slices.Contains(staying, p) }), false
	}
	return pods, len(pods) == 1 && !surges(s, o) || allAtOnce(s, o)
}

// stayingIn are the pods of a workload that is rolled back which are of the revision that it goes back to: nothing happens to them.
func stayingIn(s *snapshot.Snapshot, step incident.Step) []*corev1.Pod {
	o := step.Target.Object
	_, prev := revisionsOf(s, o)
	if step.Kind != RollBackWorkload || prev == nil || prev.number != step.Params["to"] {
		return nil
	}
	return prev.pods(s, o)
}

// replaces says of a kind of step whether it changes a pod template.
func replaces(step incident.Step) bool {
	if step.Kind == RestartWorkload || step.Kind == RollBackWorkload {
		return true
	}
	f, ok := registry[step.Kind].(field)
	return ok && len(f.path(step)) > 1 && f.path(step)[1] == "template"
}

func podsOfWorkload(s *snapshot.Snapshot, o incident.Object) []*corev1.Pod {
	var out []*corev1.Pod
	for _, p := range s.PodsIn(o.Namespace) {
		if p.DeletionTimestamp == nil && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed && s.WorkloadOf(p) == o {
			out = append(out, p)
		}
	}
	return out
}

// podsOf is how many pods the steps end or replace, each once.
func podsOf(s *snapshot.Snapshot, steps []incident.Step) int {
	all := map[*corev1.Pod]bool{}
	for _, step := range steps {
		pods, _ := touched(s, step)
		for _, p := range pods {
			all[p] = true
		}
	}
	return len(all)
}

// surges says whether a workload's new pod is there before the old one goes. Of one pod, a Deployment's rolling update may be without none
// unless somebody said so: the share of one is rounded down.
func surges(s *snapshot.Snapshot, o incident.Object) bool {
	d := s.Deployment(o.Namespace, o.Name)
	if o.Kind != "Deployment" || d == nil || d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return false
	}
	r := d.Spec.Strategy.RollingUpdate
	return r == nil || r.MaxUnavailable == nil || r.MaxUnavailable.String() == "0" || strings.HasSuffix(r.MaxUnavailable.String(), "%") &&
		r.MaxUnavailable.String() != "100%"
}

func allAtOnce(s *snapshot.Snapshot, o incident.Object) bool {
	d := s.Deployment(o.Namespace, o.Name)
	return o.Kind == "Deployment" && d != nil && d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType
}

// impact is what the steps interrupt and lose, and then where they act, a sentence each, from what the Snapshot shows.
func (r *Recovery) impact(s *snapshot.Snapshot, steps []incident.Step) []string {
	var out, where []string
	add := func(to *[]string, format string, a ...any) {
		if text := r.inALine(fmt.Sprintf(format, a...)); !slices.Contains(*to, text) {
			*to = append(*to, text)
		}
	}
	say := func(format string, a ...any) { add(&out, format, a...) }
	for _, step := range steps {
		o := step.Target.Object
		pods, atOnce := touched(s, step)
		staying := stayingIn(s, step)
		switch {
		case len(staying) > 0:
			say("%s", goAndStay(step, pods, staying))
		case len(pods) == 1 && step.Kind != DeletePod && step.Kind != EvictPod:
			say("The only pod of %s is replaced%s", inWords(o), map[bool]string{true: "", false: "; the new one is there before it ends"}[atOnce])
		case len(pods) > 1 && atOnce:
			say("%s of %s end all at once", counted(len(pods), "pod"), inWords(o))
		case len(pods) > 1:
			say("%s of %s restart one after another", counted(len(pods), "pod"), inWords(o))
		}
		for _, text := range withoutEndpoints(s, pods, atOnce) {
			say("%s", text)
		}
		for _, text := range exhausted(s, step, pods) {
			say("%s", text)
		}
		if text := lostWith(pods); text != "" {
			say("%s", text)
		}
		if o.Kind == "Node" {
			add(&where, "It acts on node %s, on which %s", o.Name, isRunning(len(s.PodsOn(o.Name))))
		}
		if o.Namespace == systemNamespace {
			add(&where, "It acts in %s, on which the whole cluster rests", systemNamespace)
		}
		if riskOf(step) == incident.Destructive {
			say("What %s changes can’t be undone", strings.ToLower(step.Title[:1])+step.Title[1:])
		}
	}
	if out = append(out, where...); len(out) > mostImpact {
		out = append(out[:mostImpact], fmt.Sprintf("and %d more of the kind", len(out)-mostImpact))
	}
	return out
}

// goAndStay says what becomes of the pods of a workload that is rolled back, some of which are of the revision that it goes back to.
func goAndStay(step incident.Step, going, staying []*corev1.Pod) string {
	out := fmt.Sprintf("%s of %s of revision %s %s as %s", counted(len(staying), "pod"), inWords(step.Target.Object), step.Params["to"],
		either(len(staying), "stays", "stay"), either(len(staying), "it is", "they are"))
	if len(going) == 0 {
		return out
	}
	serve := 0
	for _, p := range going {
		if ready(p) {
			serve++
		}
	}
	how := fmt.Sprintf("%d of them ready", serve)
	switch {
	case serve == 0:
		how = either(len(going), "not ready", "none of them ready")
	case len(going) == 1:
		how = "ready"
	}
	return fmt.Sprintf("%s; %s of another revision %s (%s)", out, counted(len(going), "pod"), either(len(going), "ends", "end"), how)
}

func either(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// mostImpact bounds what is said, so that it is read.
const mostImpact = 12

func isRunning(pods int) string {
	return counted(pods, "pod") + either(pods, " runs", " run")
}

// withoutEndpoints are the Services that have no ready pod while the pods are replaced, for as long as those took to be ready when they
// started.
func withoutEndpoints(s *snapshot.Snapshot, pods []*corev1.Pod, atOnce bool) []string {
	if len(pods) == 0 || !atOnce {
		return nil
	}
	var out []string
	for i := range s.Services {
		svc := &s.Services[i]
		if svc.Namespace != pods[0].Namespace || len(svc.Spec.Selector) == 0 {
			continue
		}
		left, gone := 0, 0
		var took time.Duration
		for _, p := range s.PodsSelected(svc.Namespace, svc.Spec.Selector) {
			switch {
			case p.DeletionTimestamp != nil || !ready(p):
			case slices.Contains(pods, p):
				gone, took = gone+1, max(took, tookToBeReady(p))
			default:
				left++
			}
		}
		if gone == 0 || left > 0 {
			continue
		}
		text := fmt.Sprintf("Service %s/%s has no endpoint until a new pod is ready", svc.Namespace, svc.Name)
		if took > 0 {
			text = fmt.Sprintf("Service %s/%s has no endpoint for about %s, as long as its pods took to be ready",
				svc.Namespace, svc.Name, words(took))
		}
		out = append(out, text)
	}
	return out
}

// tookToBeReady is how long a pod took from its start to being ready; zero if that can't be told, as of one that was not ready in between.
func tookToBeReady(p *corev1.Pod) time.Duration {
	for _, c := range p.Status.ContainerStatuses {
		if c.RestartCount > 0 {
			return 0
		}
	}
	if p.Status.StartTime == nil || readySince(p).IsZero() {
		return 0
	}
	if d := readySince(p).Sub(p.Status.StartTime.Time); d > 0 && d < time.Hour {
		return d.Round(time.Second)
	}
	return 0
}

// exhausted are the PodDisruptionBudgets of the pods that allow no disruption now.
func exhausted(s *snapshot.Snapshot, step incident.Step, pods []*corev1.Pod) []string {
	var out []string
	for i := range s.PDBs {
		b := &s.PDBs[i]
		sel, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil || b.Spec.Selector == nil || b.Status.DisruptionsAllowed > 0 {
			continue
		}
		if slices.ContainsFunc(pods, func(p *corev1.Pod) bool { return p.Namespace == b.Namespace && sel.Matches(labels.Set(p.Labels)) }) {
			text := "PodDisruptionBudget %s/%s allows no disruption now, and does not keep this from happening"
			if step.Kind == EvictPod {
				text = "PodDisruptionBudget %s/%s allows no disruption now: the eviction is refused until it does"
			}
			out = append(out, fmt.Sprintf(text, b.Namespace, b.Name))
		}
	}
	return out
}

// lostWith is what ends with the pods: what they keep in emptyDir volumes.
func lostWith(pods []*corev1.Pod) string {
	names, n := map[string]bool{}, 0
	for _, p := range pods {
		has := false
		for _, v := range p.Spec.Volumes {
			if v.EmptyDir != nil {
				names[v.Name], has = true, true
			}
		}
		if has {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("What %s in emptyDir volumes is lost (%s)",
		map[bool]string{true: "1 pod keeps", false: fmt.Sprintf("%d pods keep", n)}[n == 1],
		strings.Join(slices.Sorted(maps.Keys(names)), ", "))
}
