package recovery

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// draftReread restarts the workloads that run with what their settings were before.
func draftReread(_ context.Context, _ *Recovery, q request) (draft, error) {
	out := draft{many: "restart %d workloads that run with old settings"}
	for _, o := range atFault(q) {
		out.steps = append(out.steps, restingOn("it was started before what it takes its settings from was changed", restart(o, q.d.At)))
		out.title = "restart " + inWords(o)
	}
	if len(out.steps) == 0 {
		return no("no workload is named that runs with old settings")
	}
	out.why = "What a container takes into its environment, or mounts by subPath, it reads when it starts and never again."
	return out, nil
}

// mendPaused resumes a rollout.
func mendPaused(p patient) (remedy, string) {
	if p.raw.at("spec", "paused") != true {
		return remedy{}, fmt.Sprintf("%s is not paused any more", p.o)
	}
	return remedy{[]incident.Step{p.set("SetPaused", nil)}, "resume the rollout of " + inWords(p.o),
		"What was changed in its template since it was paused is rolled out then."}, ""
}

// told calls back for each fact of a kind that the logs of the containers that are ill tell.
func (p patient) told(kind logs.Kind, f func(t container, fact logs.Fact)) {
	p.ill(func(pod *corev1.Pod, c kube.Container, t container) {
		r, _ := readings.Last(p.s, pod, c)
		for _, fact := range r.Facts {
			if fact.Kind == kind {
				f(t, fact)
			}
		}
	})
}

// mendVariable sets the variable that a program says it lacks: as the revision before had it, as another container with the same image
// has it, from the one that the container has by a name that looks like it, or from the only ConfigMap with a key of that name.
func mendVariable(p patient) (remedy, string) {
	why := fmt.Sprintf("no log of %s names a variable that its container does not set", p.o)
	var out remedy
	p.told(logs.MissingEnv, func(t container, f logs.Fact) {
		if f.Name == "" || len(out.steps) > 0 || slices.ContainsFunc(t.Env, func(v corev1.EnvVar) bool { return v.Name == f.Name }) {
			return
		}
		v, from := p.variable(t, f.Name)
		if v == nil {
			why = fmt.Sprintf("nothing in the cluster shows what %s of container %s should be", f.Name, t.Name)
			return
		}
		out = remedy{[]incident.Step{p.set("SetEnv", v, t.in("name", f.Name)...)}, fmt.Sprintf("set %s for %s", f.Name, inWords(p.o)), from}
	})
	return out, whyNot(out, why)
}

// variable is what a container's variable should be, and where that is from.
func (p patient) variable(t container, name string) (v map[string]any, from string) {
	if before := p.before(t.Name); before != nil {
		for _, e := range before.Env {
			if e.Name == name {
				return asMap(decodeValue(string(encode(e)))), fmt.Sprintf("The revision before set %s.", name)
			}
		}
	}
	var names []string
	for _, e := range t.Env {
		names = append(names, e.Name)
	}
	if near := kube.Near(name, names); len(near) == 1 {
		v, _ := p.of(t, "env", withName(near[0])).(map[string]any)
		v["name"] = name
		return v, fmt.Sprintf("The container sets %s, the only variable like it, and the program reads %s.", near[0], name)
	}
	var like []corev1.EnvVar
	repository, _ := repositoryOf(t.Image)
	for _, o := range p.others() {
		for _, x := range o.Spec.Containers {
			if other, _ := repositoryOf(x.Image); other != repository || o.Namespace != p.o.Namespace {
				continue
			}
			for _, e := range x.Env {
				if e.Name == name {
					like, from = append(like, e), fmt.Sprintf("%s runs the same program and sets %s.", inWords(p.s.WorkloadOf(o)), name)
				}
			}
		}
	}
	if e, ok := onlyOne(like); ok {
		return asMap(decodeValue(string(encode(e)))), from
	}
	return p.keyOf(name)
}

// keyOf is a variable that is taken from the only ConfigMap of the namespace with a key of its name.
func (p patient) keyOf(name string) (v map[string]any, from string) {
	keys, _ := p.shelf("ConfigMap")
	var holders []string
	for m, have := range keys {
		if slices.Contains(have, name) {
			holders = append(holders, m)
		}
	}
	if len(holders) != 1 {
		return nil, ""
	}
	return map[string]any{"name": name, "valueFrom": map[string]any{"configMapKeyRef": map[string]any{"name": holders[0], "key": name}}},
		fmt.Sprintf("ConfigMap %s is the only one of the namespace with a key %s.", holders[0], name)
}

// mendServiceLinks leaves the variables out that Kubernetes makes of Services, if that is what a program stumbles over.
func mendServiceLinks(p patient) (remedy, string) {
	if p.spec.EnableServiceLinks != nil && !*p.spec.EnableServiceLinks {
		return remedy{}, fmt.Sprintf("%s gets no variables of Services", p.o)
	}
	return remedy{[]incident.Step{p.set("SetServiceLinks", false)}, fmt.Sprintf("keep the variables of Services from %s", inWords(p.o)),
		"The program takes a variable that Kubernetes makes of a Service for its own; by name it finds every Service without them."}, ""
}
