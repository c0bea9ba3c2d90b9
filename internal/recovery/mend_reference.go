package recovery

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// reference is a place of a pod template that names a ConfigMap or a Secret.
type reference struct {
	kind, name string
	keys       []string
	list       string // of the template: "volumes", or "env", "envFrom" of a container
	element    string // its name, in volumes and env
	container  container
}

// place is the field that a step sets for it; references of one place are mended by one step.
func (f reference) place() string { return f.list + "/" + f.element + "/" + f.container.name() }

func (c container) name() string {
	if c.Container == nil {
		return ""
	}
	return c.Name
}

// referencesOf are those that must hold: an optional one may be absent.
func referencesOf(spec *corev1.PodSpec) []reference {
	var out []reference
	add := func(f reference, optional *bool) {
		if f.name != "" && (optional == nil || !*optional) {
			out = append(out, f)
		}
	}
	keys := func(items []corev1.KeyToPath) (all []string) {
		for _, i := range items {
			all = append(all, i.Key)
		}
		return all
	}
	for _, v := range spec.Volumes {
		in := reference{list: "volumes", element: v.Name}
		if m := v.ConfigMap; m != nil {
			in.kind, in.name, in.keys = "ConfigMap", m.Name, keys(m.Items)
			add(in, m.Optional)
		}
		if m := v.Secret; m != nil {
			in.kind, in.name, in.keys = "Secret", m.SecretName, keys(m.Items)
			add(in, m.Optional)
		}
		if v.Projected == nil {
			continue
		}
		for _, from := range v.Projected.Sources {
			if m := from.ConfigMap; m != nil {
				in.kind, in.name, in.keys = "ConfigMap", m.Name, keys(m.Items)
				add(in, m.Optional)
			}
			if m := from.Secret; m != nil {
				in.kind, in.name, in.keys = "Secret", m.Name, keys(m.Items)
				add(in, m.Optional)
			}
		}
	}
	for _, c := range containersOf(spec) {
		environment(c, add)
	}
	return out
}

func environment(c container, add func(reference, *bool)) {
	for _, v := range c.Env {
		in := reference{list: "env", element: v.Name, container: c}
		if v.ValueFrom == nil {
			continue
		}
		if k := v.ValueFrom.ConfigMapKeyRef; k != nil {
			in.kind, in.name, in.keys = "ConfigMap", k.Name, []string{k.Key}
			add(in, k.Optional)
		}
		if k := v.ValueFrom.SecretKeyRef; k != nil {
			in.kind, in.name, in.keys = "Secret", k.Name, []string{k.Key}
			add(in, k.Optional)
		}
	}
	for _, from := range c.EnvFrom {
		in := reference{list: "envFrom", container: c}
		if m := from.ConfigMapRef; m != nil {
			in.kind, in.name = "ConfigMap", m.Name
			add(in, m.Optional)
		}
		if m := from.SecretRef; m != nil {
			in.kind, in.name = "Secret", m.Name
			add(in, m.Optional)
		}
	}
}

// shelf is what there is of ConfigMaps or Secrets in a namespace: the keys by name. Known says that it is all there is.
func (p patient) shelf(kind string) (keys map[string][]string, known bool) {
	keys = map[string][]string{}
	if kind == "Secret" {
		for _, x := range p.s.Secrets {
			if x.Namespace == p.o.Namespace {
				keys[x.Name] = x.Keys
			}
		}
		return keys, p.s.SecretsSeen
	}
	for i := range p.s.ConfigMaps {
		if m := &p.s.ConfigMaps[i]; m.Namespace == p.o.Namespace {
			keys[m.Name] = kube.KeysOf(m)
		}
	}
	return keys, p.s.SeenWhole(p.o.Namespace, "configmaps")
}

// better is the name and the keys that a reference should have had: the only ones that exist and look like them. Nil if it holds as it is.
func (p patient) better(f reference) (to *reference, why string) {
	keys, known := p.shelf(f.kind)
	have, there := keys[f.name]
	switch {
	case there && holds(have, f.keys):
		return nil, ""
	case !known:
		return nil, fmt.Sprintf("what %ss there are in namespace %s could not be seen", f.kind, p.o.Namespace)
	case there:
		to := f
		to.keys = slices.Clone(f.keys)
		for i, k := range f.keys {
			near := kube.Near(k, have)
			switch {
			case slices.Contains(have, k):
			case len(near) != 1:
				return nil, fmt.Sprintf("%s %s has no key %s, and not exactly one that looks like it", f.kind, f.name, k)
			default:
				to.keys[i] = near[0]
			}
		}
		return &to, ""
	}
	var names []string
	for name, have := range keys {
		if holds(have, f.keys) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	near := kube.Near(f.name, names)
	if len(near) != 1 {
		return nil, fmt.Sprintf("%s %s does not exist, and there is not exactly one whose name looks like it and that has the keys that %s "+
			"needs; "+
			"make it anew from where it came", f.kind, f.name, p.o)
	}
	to = &reference{kind: f.kind, name: near[0], keys: f.keys}
	return to, ""
}

func holds(have, want []string) bool {
	return !slices.ContainsFunc(want, func(k string) bool { return !slices.Contains(have, k) })
}

// mendReference lets a pod template name the ConfigMap, Secret or key that exists and looks like the one that does not.
func mendReference(p patient) (remedy, string) {
	places := map[string]reference{}
	changes := map[named]reference{}
	why := ""
	for _, f := range referencesOf(p.spec) {
		to, reason := p.better(f)
		if reason != "" {
			return remedy{}, reason
		}
		if to == nil {
			continue
		}
		places[f.place()] = f
		changes[f.key()] = *to
		why = join(why, f.words(*to, p.o))
	}
	if len(places) == 0 {
		return remedy{}, fmt.Sprintf("every ConfigMap, Secret and key that the template of %s names exists as far as can be seen", p.o)
	}
	s, ok := p.repoint(places, changes)
	if !ok {
		return remedy{}, fmt.Sprintf("%s names what does not exist in %d places of its template, which one step cannot set; correct them by hand",
			p.o, len(places))
	}
	return remedy{steps: []incident.Step{s}, title: fmt.Sprintf("let %s name what exists", inWords(p.o)), why: why}, ""
}

// named is what a reference says, wherever it stands.
type named struct{ kind, name, keys string }

func (f reference) key() named { return named{f.kind, f.name, fmt.Sprint(f.keys)} }

func (f reference) words(to reference, o incident.Object) string {
	if to.name != f.name {
		return fmt.Sprintf("%s %s does not exist, and %s does, which is the only one like it.", f.kind, f.name, to.name)
	}
	for i, k := range f.keys {
		if to.keys[i] != k {
			return fmt.Sprintf("%s %s has no key %s, and has %s, the only one like it.", f.kind, f.name, k, to.keys[i])
		}
	}
	return fmt.Sprintf("%s is as %s needs it.", f.name, o)
}

// repoint is the step that sets all the places: one, or several variables of one container.
func (p patient) repoint(places map[string]reference, changes map[named]reference) (incident.Step, bool) {
	var one reference
	for _, f := range places {
		if one.list != "" && (f.list != "env" || one.list != "env" || f.container.name() != one.container.name()) {
			return incident.Step{}, false
		}
		one = f
	}
	switch {
	case one.list == "volumes":
		return p.set("SetVolume", renamed(p.at("volumes", withName(one.element)), changes), "volume", one.element), true
	case one.list == "envFrom":
		return p.set("SetEnvFrom", renamed(p.of(one.container, "envFrom"), changes), one.container.in()...), true
	case len(places) == 1:
		return p.set("SetEnv", renamed(p.of(one.container, "env", withName(one.element)), changes), one.container.in("name", one.element)...),
			true
	}
	return p.set("SetVariables", renamed(p.of(one.container, "env"), changes), one.container.in()...), true
}

// renamed is a part of a pod template whose references are changed.
func renamed(v any, changes map[named]reference) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = renamed(v[i], changes)
		}
	case map[string]any:
		for k := range v {
			v[k] = renamed(v[k], changes)
		}
		for kind, fields := range map[string][]string{"ConfigMap": {"configMap", "configMapRef", "configMapKeyRef"},
			"Secret": {"secret", "secretRef", "secretKeyRef"}} {
			for _, field := range fields {
				if m, ok := v[field].(map[string]any); ok {
					rename(kind, m, changes)
				}
			}
		}
	}
	return v
}

func rename(kind string, m map[string]any, changes map[named]reference) {
	at := "name"
	if _, ok := m["secretName"]; ok {
		at = "secretName"
	}
	name, _ := m[at].(string)
	var keys []string
	items, _ := m["items"].([]any)
	for _, i := range items {
		k, _ := asMap(i)["key"].(string)
		keys = append(keys, k)
	}
	if k, ok := m["key"].(string); ok {
		keys = []string{k}
	}
	to, ok := changes[reference{kind: kind, name: name, keys: keys}.key()]
	if !ok {
		return
	}
	m[at] = to.name
	for i, item := range items {
		asMap(item)["key"] = to.keys[i]
	}
	if _, ok := m["key"]; ok {
		m["key"] = to.keys[0]
	}
}
