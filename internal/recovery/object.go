package recovery

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// object is a Kubernetes object as plain JSON, so that fields this program has never heard of survive a change.
type object map[string]any

func decodeObject(data []byte) (object, error) {
	var o object
	if err := kjson.Unmarshal(data, (*map[string]any)(&o)); err != nil {
		return nil, fmt.Errorf("read object: %w", err)
	}
	if o == nil {
		return nil, fmt.Errorf("read object: empty")
	}
	return o, nil
}

func (o object) clone() object { return runtime.DeepCopyJSON(o) }

// at returns the value at the path, or nil. An element of a path is a key of a map, or "[key=value]", which finds in a list the element
// that has it: "containers", "[name=web]", "image".
func (o object) at(path ...string) any {
	var v any = map[string]any(o)
	for _, p := range path {
		switch in := v.(type) {
		case map[string]any:
			v = in[p]
		case []any:
			i := element(in, p)
			if i < 0 {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

// withName is the element of a path that finds what has a name in a list.
func withName(name string) string { return "[name=" + name + "]" }

func isElement(p string) bool { return strings.HasPrefix(p, "[") }

// element finds in a list what "[key=value]" names; -1 if nothing does.
func element(list []any, p string) int {
	key, value, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(p, "["), "]"), "=")
	return slices.IndexFunc(list, func(e any) bool {
		m, ok := e.(map[string]any)
		return ok && m[key] == value
	})
}

func (o object) text(path ...string) string {
	s, _ := o.at(path...).(string)
	return s
}

// set puts a value at the path, and makes the objects above it where they are absent; what a list lacks is added at its end.
func (o object) set(value any, path ...string) { setIn(map[string]any(o), value, path) }

func setIn(v, value any, path []string) any {
	if len(path) == 0 {
		return value
	}
	p, rest := path[0], path[1:]
	if isElement(p) {
		list, _ := v.([]any)
		if i := element(list, p); i >= 0 {
			list[i] = setIn(list[i], value, rest)
			return list
		}
		return append(list, setIn(nil, value, rest))
	}
	m, ok := v.(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	m[p] = setIn(m[p], value, rest)
	return m
}

// unset removes what is at the path, and with its last element a list, which the API server leaves out when it is empty.
func (o object) unset(path ...string) {
	last, above := path[len(path)-1], path[:len(path)-1]
	switch in := o.at(above...).(type) {
	case map[string]any:
		delete(in, last)
	case []any:
		switch i := element(in, last); {
		case i >= 0 && len(in) == 1:
			o.unset(above...)
		case i >= 0:
			o.set(slices.Delete(slices.Clone(in), i, i+1), above...)
		}
	}
}

// boundPart is the part of an object that a plan is bound to: what somebody decided about it, and not its status, its metadata or its
// replicas, which an autoscaler moves. A step that sets one of these binds to it as well.
func boundPart(o object) map[string]any {
	part := map[string]any{}
	for k, v := range o {
		switch k {
		case "apiVersion", "kind", "metadata", "status":
		default:
			part[k] = v
		}
	}
	if spec, ok := part["spec"].(map[string]any); ok {
		rest := maps.Clone(spec)
		delete(rest, "replicas")
		if taints, ok := rest["taints"].([]any); ok && o["kind"] == "Node" {
			if rest["taints"] = byPeople(taints); len(byPeople(taints)) == 0 {
				delete(rest, "taints")
			}
		}
		part["spec"] = rest
	}
	return part
}

// byPeople are the taints that no controller sets as a node's state changes (WellKnownLabels in k8s.io/api/core/v1,
// "node.kubernetes.io/…").
func byPeople(taints []any) []any {
	return slices.DeleteFunc(slices.Clone(taints), func(t any) bool {
		key, _ := asMap(t)["key"].(string)
		return strings.HasPrefix(key, "node.kubernetes.io/")
	})
}

// specHash identifies the bound part. Maps encode with sorted keys, so that equal objects have equal hashes.
func specHash(o object) string { return digest(encode(boundPart(o))) }

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // what came from JSON always encodes
		panic(err)
	}
	return b
}

// mergePatch turns from into to, and nothing else: it is refused if the object was replaced or changed since from was read.
func mergePatch(from, to object) ([]byte, error) {
	b, err := jsonpatch.CreateMergePatch(encode(from), encode(to))
	if err != nil {
		return nil, fmt.Errorf("make a patch: %w", err)
	}
	p, err := decodeObject(b)
	if err != nil {
		return nil, err
	}
	p.set(from.text("metadata", "uid"), "metadata", "uid")
	p.set(from.text("metadata", "resourceVersion"), "metadata", "resourceVersion")
	return encode(p), nil
}

// rightOn is the right to do something to an object, or with a subresource as in "pods/eviction" to that. Nobody can be given the right to
// create what has a certain name.
func rightOn(verb string, o incident.Object, subresource ...string) incident.Right {
	r := incident.Right{Verb: verb, Resource: o.Kind, Namespace: o.Namespace, Name: o.Name}
	if k, ok := snapshot.ServedAs(o.Kind); ok {
		r.Group, r.Resource = k.Group, k.Resource
	}
	r.Resource = strings.Join(append([]string{r.Resource}, subresource...), "/")
	if verb == "create" && len(subresource) == 0 {
		r.Name = ""
	}
	return r
}
