package recovery

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// patient is a workload that a cause faults: its object as the API server has it, and the pods that it has.
type patient struct {
	request
	o    incident.Object
	raw  object
	spec *corev1.PodSpec // of its pod template
	pods []*corev1.Pod   // those that are not ready and not about to go
	well []*corev1.Pod   // those that are ready
}

// remedy is what one workload needs, and what that rests on.
type remedy struct {
	steps []incident.Step
	title string
	why   string
}

// forEach makes a runbook of what mends one workload: either it has a remedy, or the reason says why not.
func forEach(many string, mend func(patient) (remedy, string)) func(context.Context, *Recovery, request) (draft, error) {
	return func(ctx context.Context, r *Recovery, q request) (draft, error) {
		var out draft
		var titles, refused []string
		mended := 0
		for _, o := range patients(q) {
			p, err := r.patient(ctx, q, o)
			if apierrors.IsNotFound(err) {
				refused = append(refused, fmt.Sprintf("%s is not there any more", o))
				continue
			}
			if err != nil {
				return draft{}, err
			}
			m, why := mend(p)
			if why != "" {
				refused = append(refused, why)
				continue
			}
			for i := range m.steps {
				m.steps[i].Source = strings.TrimSuffix(m.why, ".")
			}
			if held := heldBy(q.s, o); len(held) > 0 && m.steps[0].Target.Object == o {
				m.steps, m.why = append(m.steps, held...), join(m.why, heldWords)
			}
			mended++
			out.steps, titles = append(out.steps, m.steps...), append(titles, m.title)
			if mended <= 5 { // a person reads it
				out.why = join(out.why, m.why)
			}
		}
		if len(out.steps) == 0 {
			return no("%s", firstReason(refused, "no workload is at fault whose pod template could be changed"))
		}
		if len(out.steps) == mended {
			out.many = many
		}
		out.title = strings.Join(few(titles, "more"), ", then ")
		return out, nil
	}
}

func firstReason(all []string, otherwise string) string {
	if len(all) == 0 {
		return otherwise
	}
	return all[0]
}

// patients are the workloads that a cause names and whose pod template can be changed; those that suffer from it where it names none, and
// as well where it names what they lack, for it names only some of those who lack it.
func patients(q request) []incident.Object {
	var out []incident.Object
	add := func(all []incident.Object) {
		for _, o := range all {
			if o = workloadOf(q.s, o); slices.Contains(template, o.Kind) && !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	add(q.cause.Objects)
	lacked := slices.ContainsFunc(q.cause.Objects, func(o incident.Object) bool { return o.Kind == "ConfigMap" || o.Kind == "Secret" })
	if len(out) == 0 || lacked {
		add(explained(q))
	}
	return out
}

func (r *Recovery) patient(ctx context.Context, q request, o incident.Object) (patient, error) {
	p := patient{request: q, o: o, spec: &corev1.PodSpec{}}
	b, err := r.o.Reader.Get(ctx, o)
	if err != nil {
		return p, err
	}
	if p.raw, err = decodeObject(b); err != nil {
		return p, fmt.Errorf("%s: %w", o, err)
	}
	if err := json.Unmarshal(encode(p.at()), p.spec); err != nil {
		return p, fmt.Errorf("read the pod template of %s: %w", o, err)
	}
	for _, pod := range q.s.PodsIn(o.Namespace) {
		switch {
		case q.s.WorkloadOf(pod) != o || pod.DeletionTimestamp != nil:
		case ready(pod) && !restartedSince(pod, q.cause.Since, q.s.At):
			p.well = append(p.well, pod)
		case pod.Status.Phase != corev1.PodSucceeded:
			p.pods = append(p.pods, pod)
		}
	}
	return p, nil
}

// restartedSince says whether a container of a pod was started again after the trouble began: a pod that a probe or the kernel ends again
// and again is ready in between. Where it is not known when it began, the last few minutes count.
func restartedSince(pod *corev1.Pod, began, now time.Time) bool {
	if began.IsZero() || now.Sub(began) > provenFor {
		began = now.Add(-provenFor)
	}
	return slices.ContainsFunc(pod.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
		return c.RestartCount > 0 && restarted(c).After(began)
	})
}

// at is a copy of what is at a path of the pod template's spec; nil for nothing.
func (p patient) at(path ...string) any {
	return runtime.DeepCopyJSONValue(p.raw.at(podSpec(incident.Step{Target: incident.Target{Object: p.o}}, path...)...))
}

// set is a step that gives a field of the workload a value; nil removes it.
func (p patient) set(kind string, value any, params ...string) incident.Step {
	return setTo(kind, p.o, value, params...)
}

// container is one of a pod template's.
type container struct {
	*corev1.Container
	init bool
}

func containersOf(spec *corev1.PodSpec) []container {
	var out []container
	for i := range spec.InitContainers {
		out = append(out, container{&spec.InitContainers[i], true})
	}
	for i := range spec.Containers {
		out = append(out, container{&spec.Containers[i], false})
	}
	return out
}

// container is the template's container of a name; without one where the pods have it from somebody else, such as a webhook.
func (p patient) container(name string) (container, bool) {
	all := containersOf(p.spec)
	i := slices.IndexFunc(all, func(c container) bool { return c.Name == name })
	if i < 0 {
		return container{}, false
	}
	return all[i], true
}

// in is what a step needs to find the container.
func (c container) in(params ...string) []string {
	params = append(params, "container", c.Name)
	if c.init {
		params = append(params, "init", "true")
	}
	return params
}

// of is what a container has at a path, and the path of the container itself for none.
func (p patient) of(c container, path ...string) any {
	list := "containers"
	if c.init {
		list = "initContainers"
	}
	return p.at(append([]string{list, withName(c.Name)}, path...)...)
}

// ill calls back for each container of the pods that are not ready, or not for long, with the template's container of that name.
func (p patient) ill(f func(pod *corev1.Pod, c kube.Container, t container)) {
	for _, pod := range p.pods {
		for _, c := range kube.ContainersOf(pod) {
			if t, ok := p.container(c.Spec.Name); ok {
				f(pod, c, t)
			}
		}
	}
}

// onlyOne is the one value that all agree on.
func onlyOne[T any](all []T) (one T, ok bool) {
	for i := range all {
		if i > 0 && string(encode(all[i])) != string(encode(all[0])) {
			return one, false
		}
	}
	if len(all) == 0 {
		return one, false
	}
	return all[0], true
}

// others are the pods that are ready of every workload but this one, those in its own namespace first.
func (p patient) others() []*corev1.Pod {
	var near, far []*corev1.Pod
	for i := range p.s.Pods {
		switch pod := &p.s.Pods[i]; {
		case !ready(pod) || pod.DeletionTimestamp != nil || p.s.WorkloadOf(pod) == p.o:
		case pod.Namespace == p.o.Namespace:
			near = append(near, pod)
		default:
			far = append(far, pod)
		}
	}
	return append(near, far...)
}

// worked says whether the workload can be rolled back to a revision that is known to have worked, which undoes the whole change.
func (p patient) worked() bool {
	to, _ := backTo(p.s, p.o, p.cause.Since)
	return to != nil
}
