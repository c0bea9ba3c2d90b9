package snapshot

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// AcceptAnnotation is the annotation by which an object says which findings about it are accepted. Of custom resources it is kept, and
// with it those that end in TrackingAnnotation, by which what delivers an object marks it as its own, and those that end in
// DefaultAnnotation, by which an object is marked as the default of its kind; no other is.
const (
	AcceptAnnotation   = "paramedic-bot.github.io/accept"
	TrackingAnnotation = "/tracking-id"
	DefaultAnnotation  = "/is-default-class"
)

// Annotated is an object that has an annotation.
type Annotated struct {
	Object incident.Object
	Value  string
	By     string // the field manager that last wrote the object; empty if none is known
}

// Annotated lists the objects that have the annotation, kind by kind, by namespace and name.
func (s *Snapshot) Annotated(annotation string) []Annotated {
	var out []Annotated
	for _, k := range Kinds {
		k.Each(s, func(o metav1.Object) {
			if value, ok := o.GetAnnotations()[annotation]; ok {
				_, by := Changed(o)
				out = append(out, Annotated{ObjectOf(k.Name, o.GetNamespace(), o.GetName()), value, by})
			}
		})
	}
	for i := range s.Customs {
		o := &s.Customs[i]
		if value, ok := o.GetAnnotations()[annotation]; ok {
			_, by := Changed(o)
			out = append(out, Annotated{CustomObject(o), value, by})
		}
	}
	return out
}

// each visits the objects of a list.
func each[T any](list []T, visit func(metav1.Object)) {
	for i := range list {
		if m, err := meta.Accessor(&list[i]); err == nil {
			visit(m)
		}
	}
}
