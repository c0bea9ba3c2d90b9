package custom

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CustomLeftOut is the code of a custom resource that the lists which name its like leave out.
const CustomLeftOut = "CustomLeftOut"

var leftOutCodes = []finding.Code{
	{Code: CustomLeftOut, Severity: incident.Warning, Root: true, Detail: Says{},
		Meaning: "Custom resources are listed by name in others, and one that is in use is in no such list.",
		Next:    "Add it to the list, if it is meant to be there.",
		Example: "L2Advertisement default names lan alone (spec.ipAddressPools), and nothing names IPAddressPool guestnet"},
}

// listing is a field by which custom resources of a kind name those of another in their group and namespace.
type listing struct {
	group, namespace, kind, field string
}

// listed is what is named under a listing, and by whom.
type listed struct {
	by    []*unstructured.Unstructured
	names map[string]bool
	all   bool // one of the kind names none, or selects by other means: that may mean all
}

// checkLeftOut reports, as a suspicion, a resource in use that no list names while others of its kind are named. In use it is where a
// Service or another object goes by it in an annotation.
func checkLeftOut(s *snapshot.Snapshot, r *finding.Report) {
	lists := listsOf(s)
	for i := range s.Customs {
		o := &s.Customs[i]
		for _, k := range slices.SortedFunc(maps.Keys(lists), func(a, b listing) int {
			return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
		}) {
			l := lists[k]
			if l.all || l.names[o.GetName()] || k.group != o.GroupVersionKind().Group || k.namespace != o.GetNamespace() ||
				!isPlural(strings.ToLower(k.field), o.GetKind()) || !siblingNamed(s, o, l) {
				continue
			}
			users := usersOf(s, o)
			if len(users) == 0 {
				continue
			}
			obj, by := snapshot.CustomObject(o), snapshot.CustomObject(l.by[0])
			names := slices.Sorted(maps.Keys(l.names))
			f := r.Find(CustomLeftOut, by, fmt.Sprintf("%s names %s alone (spec.%s), and nothing names %s", finding.Short(by),
				finding.ListWords(names, finding.ShownPods), k.field, finding.Short(obj)))
			f.Fault, f.Refs, f.Detail, f.AtMost = []incident.Object{by, obj}, users, Says{}, incident.Likely
			f.Since = o.GetCreationTimestamp().Time
			f.Cite(finding.SeenAPI(by, "spec."+k.field, time.Time{}, strings.Join(names, ", ")))
			f.Cite(finding.SeenAPI(users[0], "metadata.annotations", time.Time{}, o.GetName()))
			f.Suspected()
		}
	}
}

// siblingNamed says whether one of the names is that of an object of the same kind.
func siblingNamed(s *snapshot.Snapshot, o *unstructured.Unstructured, l *listed) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(l.names)), func(name string) bool {
		return s.Custom(snapshot.ObjectOf(o.GetKind(), o.GetNamespace(), name)) != nil
	})
}

// usersOf are the Services that go by an object in an annotation: its key ends as the kind does, and its value is the name.
func usersOf(s *snapshot.Snapshot, o *unstructured.Unstructured) []incident.Object {
	words := wordsOf(o.GetKind())
	var out []incident.Object
	for i := range s.Services {
		v := &s.Services[i]
		for key, value := range v.Annotations {
			if value == o.GetName() && len(words) > 0 && strings.HasSuffix(strings.ToLower(key), words[len(words)-1]) &&
				len(out) < finding.MaxAlike {
				out = append(out, snapshot.ObjectOf("Service", v.Namespace, v.Name))
				break
			}
		}
	}
	return out
}

// listsOf reads the lists of names at the top of every spec.
func listsOf(s *snapshot.Snapshot) map[listing]*listed {
	lists := map[listing]*listed{}
	fields := map[string]map[string]bool{} // by group and kind
	each := func(of func(o *unstructured.Unstructured, spec map[string]any, kind string)) {
		for i := range s.Customs {
			spec, _ := s.Customs[i].Object["spec"].(map[string]any)
			of(&s.Customs[i], spec, s.Customs[i].GroupVersionKind().GroupKind().String())
		}
	}
	each(func(_ *unstructured.Unstructured, spec map[string]any, kind string) {
		for field, v := range spec {
			if names := namesIn(v); len(names) > 0 && !strings.HasSuffix(field, "Selectors") {
				if fields[kind] == nil {
					fields[kind] = map[string]bool{}
				}
				fields[kind][field] = true
			}
		}
	})
	each(func(o *unstructured.Unstructured, spec map[string]any, kind string) {
		for field := range fields[kind] {
			k := listing{o.GroupVersionKind().Group, o.GetNamespace(), kind, field}
			if lists[k] == nil {
				lists[k] = &listed{names: map[string]bool{}}
			}
			names := namesIn(spec[field])
			lists[k].by = append(lists[k].by, o)
			lists[k].all = lists[k].all || len(names) == 0 || slices.ContainsFunc(slices.Collect(maps.Keys(spec)), func(key string) bool {
				return strings.HasPrefix(key, strings.TrimSuffix(field, "s")) && strings.Contains(key, "Selector")
			})
			for _, n := range names {
				lists[k].names[n] = true
			}
		}
	})
	return lists
}

// namesIn are the strings of a list of nothing else.
func namesIn(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, x := range list {
		name, ok := x.(string)
		if !ok {
			return nil
		}
		out = append(out, name)
	}
	return out
}
