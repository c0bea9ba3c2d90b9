package recovery

import (
	"encoding/json"
	"fmt"
	"slices"

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

// at returns the value at the path, or nil.
func (o object) at(path ...string) any {
	var v any = map[string]any(o)
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

func (o object) text(path ...string) string {
	s, _ := o.at(path...).(string)
	return s
}

// set puts a value at the path, and makes the objects above it where they are absent.
func (o object) set(value any, path ...string) {
	m := map[string]any(o)
	for _, p := range path[:len(path)-1] {
		next, ok := m[p].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[p] = next
		}
		m = next
	}
	m[path[len(path)-1]] = value
}

// unset removes what is at the path.
func (o object) unset(path ...string) {
	if m, ok := o.at(path[:len(path)-1]...).(map[string]any); ok {
		delete(m, path[len(path)-1])
	}
}

// boundPart is the part of an object that a plan is bound to: what somebody decided about it, and not its status, its metadata or its
// replicas, which an autoscaler moves and no step here touches.
func boundPart(kind string, o object) any {
	switch kind {
	case "ConfigMap":
		return map[string]any{"data": o.at("data"), "binaryData": o.at("binaryData"), "immutable": o.at("immutable")}
	}
	spec, _ := o.at("spec").(map[string]any)
	rest := make(map[string]any, len(spec))
	for k, v := range spec {
		if k != "replicas" {
			rest[k] = v
		}
	}
	return rest
}

// specHash identifies the bound part. Maps encode with sorted keys, so that equal objects have equal hashes.
func specHash(kind string, o object) string { return digest(encode(boundPart(kind, o))) }

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

// rightOn is the right to do something to an object.
func rightOn(verb string, o incident.Object) incident.Right {
	i := slices.IndexFunc(snapshot.Kinds, func(k snapshot.Kind) bool { return k.Name == o.Kind })
	if i < 0 {
		return incident.Right{Verb: verb, Resource: o.Kind, Namespace: o.Namespace, Name: o.Name}
	}
	return incident.Right{Verb: verb, Group: snapshot.Kinds[i].Group, Resource: snapshot.Kinds[i].Resource, Namespace: o.Namespace,
		Name: o.Name}
}
