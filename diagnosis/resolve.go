package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// bare are the kinds among which a name without a kind is sought first: what people name when they ask. The others come after.
var bare = []string{"Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod", "Service", "Ingress", "Node",
	"PersistentVolumeClaim", "HorizontalPodAutoscaler"}

// mostNear bounds what may have been meant.
const mostNear = 3

// Resolve finds what a question is about among what was seen. What it cannot find is the answer of [Examination.Answer], unless something
// was found to be wrong with it: a ConfigMap that is missing is asked about, too.
func Resolve(s *snapshot.Snapshot, asked incident.Asked) Scope {
	sc := resolve(s, asked)
	if asked.Hurts {
		sc.Ill = Presumption{Objects: sc.Objects}
		if len(sc.Objects) == 0 && sc.Namespace != "" {
			sc.Ill.Namespaces = []string{sc.Namespace}
		}
	}
	return sc
}

func resolve(s *snapshot.Snapshot, asked incident.Asked) Scope {
	w := asked.Words
	switch len(w) {
	case 0:
		return resolveNamespace(s, asked.Namespace)
	case 1:
		return resolveName(s, asked.Namespace, w[0])
	}
	k, isKind := s.KindNamed(w[0])
	switch {
	case isKind && len(w) == 3:
		return resolveObject(s, k, w[1], w[2])
	case isKind:
		return resolveObject(s, k, asked.Namespace, w[1])
	case len(w) == 2 && namespaceSeen(s, w[0]):
		return resolveName(s, w[0], w[1])
	}
	n := &incident.NoAnswer{Reason: fmt.Sprintf("“%s” is not a kind that Paramedic knows", clipped(w[0]))}
	if len(w) == 2 {
		n.Reason += ", nor a namespace that it sees"
	}
	if blind := customsUnseen(s); blind != "" {
		n.Reason += "; " + blind
	}
	n.Reason += "."
	for _, name := range kube.Near(w[0], append(kindWords(s), namespaces(s)...)) {
		n.Near = append(n.Near, strings.Join(append([]string{name}, w[1:]...), "/"))
	}
	return Scope{nothing: n}
}

// resolveNamespace finds a namespace; of "" the whole cluster.
func resolveNamespace(s *snapshot.Snapshot, name string) Scope {
	sc := Scope{Namespace: name}
	switch {
	case name == "" || namespaceSeen(s, name):
		return sc
	case s.Namespace != "":
		sc.nothing = &incident.NoAnswer{Reason: fmt.Sprintf("Nothing was seen of namespace %s: only namespace %s was looked at.", clipped(name),
			s.Namespace)}
	case len(s.Namespaces) > 0:
		sc.nothing = &incident.NoAnswer{Reason: fmt.Sprintf("There is no namespace %s.", clipped(name)), Near: kube.Near(name, namespaces(s))}
	default:
		why := "namespaces could not be looked at"
		if n, ok := unseen(s, namespacesResource, ""); ok {
			why += " (" + n.Why + ")"
		}
		sc.nothing = &incident.NoAnswer{Reason: fmt.Sprintf("Nothing was seen in namespace %s, and whether there is one is not known: %s.",
			clipped(name), why)}
	}
	return sc
}

// namespaceSeen says whether the namespace exists, going by what was seen.
func namespaceSeen(s *snapshot.Snapshot, name string) bool {
	return slices.Contains(namespaces(s), name) || name == s.Namespace
}

// namespaces are those that were seen: by themselves, or, where they could not be, by what lies in them.
func namespaces(s *snapshot.Snapshot) []string {
	var out []string
	for i := range s.Namespaces {
		out = append(out, s.Namespaces[i].Name)
	}
	if len(out) > 0 {
		return out
	}
	for _, k := range s.KindsNamed() {
		for _, o := range s.ObjectsOf(k) {
			if o.Namespace != "" {
				out = append(out, o.Namespace)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// resolveObject finds the objects of a kind and a name; several where no namespace is said.
func resolveObject(s *snapshot.Snapshot, k snapshot.Named, namespace, name string) Scope {
	if k.Kind == "Namespace" && k.Group == "" {
		return resolveNamespace(s, name)
	}
	if !k.Namespaced {
		namespace = "" // as kubectl does
	}
	all := known(s, k)
	sc := Scope{Objects: slices.DeleteFunc(slices.Clone(all), func(o incident.Object) bool {
		return o.Name != name || namespace != "" && o.Namespace != namespace
	})}
	if len(sc.Objects) > 0 {
		return sc
	}
	sc.Objects, sc.nothing = missing(s, k, namespace, name), absent(s, k, namespace, name, all)
	return sc
}

// known are the objects of a kind that are known to exist: those listed, and those that others say they belong to.
func known(s *snapshot.Snapshot, k snapshot.Named) []incident.Object {
	all := s.ObjectsOf(k)
	if _, blind := unseen(s, k.GroupResource, ""); !blind || !slices.Contains(runs, k.Kind) {
		return all
	}
	all = slices.Clone(all)
	for i := range s.Pods {
		if w := s.WorkloadOf(&s.Pods[i]); w.Kind == k.Kind {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, incident.Object.Compare)
	return slices.Compact(all)
}

// missing are the objects that the words would name if they existed, for something may be wrong just because they do not.
func missing(s *snapshot.Snapshot, k snapshot.Named, namespace, name string) []incident.Object {
	if !k.Namespaced || namespace != "" {
		return []incident.Object{snapshot.ObjectOf(k.Kind, namespace, name)}
	}
	var out []incident.Object
	for _, ns := range namespaces(s) {
		out = append(out, snapshot.ObjectOf(k.Kind, ns, name))
	}
	return out
}

// absent says why there is nothing to say of an object that was not found.
func absent(s *snapshot.Snapshot, k snapshot.Named, namespace, name string, all []incident.Object) *incident.NoAnswer {
	what := k.Kind + " " + clipped(name)
	in := ""
	if namespace != "" {
		in = " in namespace " + clipped(namespace)
	}
	n, blind := unseen(s, k.GroupResource, namespace)
	switch {
	case !k.Listed && blind:
		return &incident.NoAnswer{Reason: fmt.Sprintf("Nothing is known of %s%s: %s are not looked at (%s).", what, in, k.Resource, n.Why)}
	case !k.Listed:
		return &incident.NoAnswer{Reason: fmt.Sprintf("Nothing is known of %s%s: Paramedic does not look at %s.", what, in, k.Resource)}
	case blind:
		return &incident.NoAnswer{Reason: fmt.Sprintf("Nothing was seen of %s%s: %s could not be looked at (%s).", what, in, k.Resource, n.Why)}
	case namespace != "" && !namespaceSeen(s, namespace):
		return resolveNamespace(s, namespace).nothing
	case s.Namespace != "" && k.Namespaced && namespace == "":
		in = " in namespace " + s.Namespace
	}
	answer := &incident.NoAnswer{Reason: fmt.Sprintf("There is no %s%s.", what, in)}
	if at := elsewhere(all, name); len(at) > 0 {
		answer.Reason = fmt.Sprintf("There is no %s%s; there is one in %s.", what, in, strings.Join(at, ", "))
		return answer
	}
	answer.Near = alike(s, k, namespace, name, all)
	return answer
}

// elsewhere are the namespaces that hold an object of the name.
func elsewhere(all []incident.Object, name string) []string {
	var out []string
	for _, o := range all {
		if o.Name == name && len(out) < mostNear {
			out = append(out, o.Namespace)
		}
	}
	return out
}

// alike are objects that may have been meant: of the kind, in the namespace, with a name that is near; for a pod that is gone, what it
// belonged to; else another kind of the same name.
func alike(s *snapshot.Snapshot, k snapshot.Named, namespace, name string, all []incident.Object) []string {
	typed := func(o incident.Object) string { return typedObject(o, namespace) }
	var names []string
	of := map[string]incident.Object{}
	for _, o := range all {
		if namespace == "" || o.Namespace == namespace {
			names, of[o.Name] = append(names, o.Name), o
		}
	}
	var out []string
	if k.Kind == "Pod" {
		for _, kind := range runs {
			for _, o := range ofKind(s, kind) {
				if strings.HasPrefix(name, o.Name+"-") && (namespace == "" || o.Namespace == namespace) && kind != "ReplicaSet" && kind != "Service" {
					out = append(out, typed(o))
				}
			}
		}
	}
	for _, n := range kube.Near(name, names) {
		out = append(out, typed(of[n]))
	}
	if len(out) == 0 {
		for _, o := range bearing(s, namespace, name, bare) {
			out = append(out, typed(o))
		}
	}
	return out[:min(len(out), mostNear)]
}

// typedObject is an object as somebody would type it who has said the namespace, or has not.
func typedObject(o incident.Object, namespace string) string {
	if o.Namespace == "" || o.Namespace == namespace {
		return strings.ToLower(o.Kind) + "/" + o.Name
	}
	return strings.ToLower(o.Kind) + "/" + o.Namespace + "/" + o.Name
}

func ofKind(s *snapshot.Snapshot, kind string) []incident.Object {
	k, ok := s.KindNamed(kind)
	if !ok {
		return nil
	}
	return known(s, k)
}

// resolveName finds what bears a name, of whatever kind.
func resolveName(s *snapshot.Snapshot, namespace, name string) Scope {
	if namespace != "" && !namespaceSeen(s, namespace) {
		return resolveNamespace(s, namespace)
	}
	if found := bearing(s, namespace, name, bare); len(found) > 0 {
		return Scope{Objects: found}
	}
	if namespace == "" && namespaceSeen(s, name) {
		return resolveNamespace(s, name)
	}
	var rest []string
	for _, k := range s.KindsNamed() {
		if !slices.Contains(bare, k.Kind) && !slices.Contains(rest, k.Kind) {
			rest = append(rest, k.Kind)
		}
	}
	if found := bearing(s, namespace, name, rest); len(found) > 0 {
		return Scope{Objects: found}
	}
	return nameless(s, namespace, name)
}

// nameless is the scope of a name that nothing bears: of any kind, for something may be wrong just because it is missing.
func nameless(s *snapshot.Snapshot, namespace, name string) Scope {
	sc := Scope{}
	var blind []string
	var names []string
	of := map[string]incident.Object{}
	for _, k := range s.KindsNamed() {
		sc.Objects = append(sc.Objects, missing(s, k, namespace, name)...)
		if _, not := unseen(s, k.GroupResource, ""); not && slices.Contains(bare, k.Kind) {
			blind = append(blind, k.Resource)
		}
		if slices.Contains(bare, k.Kind) {
			for _, o := range known(s, k) {
				if namespace == "" || o.Namespace == namespace || o.Namespace == "" {
					names, of[o.Name] = append(names, o.Name), o
				}
			}
		}
	}
	in := ""
	if namespace != "" {
		in = " in namespace " + namespace
	}
	sc.nothing = &incident.NoAnswer{Reason: fmt.Sprintf("There is nothing named %s%s.", clipped(name), in)}
	if len(blind) > 0 {
		sc.nothing.Reason = fmt.Sprintf("Nothing named %s was seen%s; %s could not be looked at.", clipped(name), in, strings.Join(blind, ", "))
	}
	for _, n := range kube.Near(name, names) {
		sc.nothing.Near = append(sc.nothing.Near, typedObject(of[n], namespace))
	}
	return sc
}

// bearing are the objects of the kinds that bear the name, in the order of the kinds.
func bearing(s *snapshot.Snapshot, namespace, name string, kinds []string) []incident.Object {
	var out []incident.Object
	for _, kind := range kinds {
		for _, k := range s.KindsNamed() {
			if k.Kind != kind {
				continue
			}
			for _, o := range known(s, k) {
				if o.Name == name && (namespace == "" || o.Namespace == namespace) {
					out = append(out, o)
				}
			}
		}
	}
	return out
}

// kindWords are the kinds as they are typed.
func kindWords(s *snapshot.Snapshot) []string {
	var out []string
	for _, k := range s.KindsNamed() {
		out = append(out, strings.ToLower(k.Kind))
	}
	return out
}

// clipped bounds a name that somebody typed.
func clipped(name string) string { return clip.Runes(name, 80) }
