package recovery

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// asItIs reads an object whole, for the Snapshot's types may not know all its fields; nil where there is none.
func (r *Recovery) asItIs(ctx context.Context, o incident.Object) (object, error) {
	b, err := r.o.Reader.Get(ctx, o)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return decodeObject(b)
}

// appliedLast is the object as kubectl apply last had it, which is what was meant where somebody has changed it by hand since; nil where
// nobody applied it.
func appliedLast(o object) object {
	var v object
	text := o.text("metadata", "annotations", corev1.LastAppliedConfigAnnotation)
	if text == "" || kjson.Unmarshal([]byte(text), (*map[string]any)(&v)) != nil {
		return nil
	}
	return v
}

// stepTo is a step that gives an object a value. The parameters are names, each followed by what it is.
func stepTo(kind string, o incident.Object, value any, params ...string) incident.Step {
	s := incident.Step{Kind: kind, Target: incident.Target{Object: o}, Params: map[string]string{}}
	if value != nil {
		s.Params[paramValue] = string(encode(value))
	}
	for i := 0; i+1 < len(params); i += 2 {
		s.Params[params[i]] = params[i+1]
	}
	return s
}

// single is a remedy of a single step.
func single(s incident.Step, title, why string) (draft, error) {
	return draft{steps: []incident.Step{s}, title: title, why: why}, nil
}

// ofKind are those objects that are of one of the kinds.
func ofKind(all []incident.Object, kinds ...string) []incident.Object {
	var out []incident.Object
	for _, o := range all {
		if slices.Contains(kinds, o.Kind) {
			out = append(out, o)
		}
	}
	return out
}

// find is the object of a list that has the name.
func find[T any, P interface {
	*T
	GetNamespace() string
	GetName() string
}](list []T, o incident.Object) *T {
	for i := range list {
		if p := P(&list[i]); p.GetNamespace() == o.Namespace && p.GetName() == o.Name {
			return &list[i]
		}
	}
	return nil
}

// asJSON is a typed value as the API server would have it.
func asJSON(v any) any {
	var out any
	b, err := json.Marshal(v)
	if err == nil {
		err = kjson.Unmarshal(b, &out)
	}
	if err != nil { // Kubernetes' own types always encode
		panic(err)
	}
	return out
}

// theOne is the only name that a mistyped one can mean; the reason says why there is none.
func theOne(name string, candidates []string) (meant, reason string) {
	switch near := kube.Nearest(name, candidates); {
	case len(near) == 0:
		return "", fmt.Sprintf("nothing that exists has a name like %s", name)
	case len(near) > 1 && kube.Distance(name, near[0]) == kube.Distance(name, near[1]):
		return "", fmt.Sprintf("%s may mean %s or %s", name, near[0], near[1])
	default:
		return near[0], ""
	}
}

// ownedBy says who else looks after an object and would undo what is done to it, or nothing.
func ownedBy(o object) string {
	owners, _ := o.at("metadata", "ownerReferences").([]any)
	for _, x := range owners {
		if asMap(x)["controller"] == true {
			return fmt.Sprintf("%v %v", asMap(x)["kind"], asMap(x)["name"])
		}
	}
	return ""
}

// writtenBy is who last wrote an object and when, in words; empty if that is not known.
func writtenBy(o metav1.Object) string {
	at, by := snapshot.Changed(o)
	if by == "" {
		return ""
	}
	return fmt.Sprintf("%s last wrote it %s", by, stamp(at))
}
