package snapshot

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Of a custom resource's annotations the one that accepts is kept, and no other; of all kinds it is found.
func TestAnnotationsThatAcceptAreKept(t *testing.T) {
	notes := map[string]string{AcceptAnnotation: "X", "example.com/api-key": "s3cret"}
	custom := unstructured.Unstructured{Object: map[string]any{"apiVersion": "longhorn.io/v1beta2", "kind": "Volume",
		"metadata": map[string]any{"namespace": "storage", "name": "v1"}}}
	custom.SetAnnotations(notes)
	bare := *custom.DeepCopy()
	bare.SetAnnotations(map[string]string{"example.com/api-key": "s3cret"})
	bare.SetName("v2")
	SlimCustom(&custom)
	SlimCustom(&bare)
	if diff := cmp.Diff(map[string]string{AcceptAnnotation: "X"}, custom.GetAnnotations()); diff != "" || len(bare.GetAnnotations()) > 0 {
		t.Errorf("kept of a custom resource: %s, and %v", diff, bare.GetAnnotations())
	}
	s := &Snapshot{Customs: []unstructured.Unstructured{custom, bare},
		Nodes: []corev1.Node{{ObjectMeta: metav1.ObjectMeta{Name: "n1", Annotations: notes}}, {ObjectMeta: metav1.ObjectMeta{Name: "n2"}}}}
	s.Index()
	var found []incident.Object
	for _, a := range s.Annotated(AcceptAnnotation) {
		found = append(found, a.Object)
	}
	if diff := cmp.Diff([]incident.Object{ObjectOf("Node", "", "n1"), ObjectOf("Volume", "storage", "v1")}, found); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
