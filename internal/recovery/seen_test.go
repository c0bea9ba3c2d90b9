package recovery

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// A word counts as seen wherever it stands in a text, not where it is the name of a field.
func TestWordsAreFoundInWhatWasSeen(t *testing.T) {
	s := &snapshot.Snapshot{
		Pods: []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: "web-1", Labels: map[string]string{"tier/front": "x"}}}},
		ConfigMaps: []corev1.ConfigMap{{Data: map[string]string{"host": "db.shop.svc:5432"},
			BinaryData: map[string][]byte{"b": []byte("raw bytes")}}},
	}
	all := seen{[]any{&incident.Diagnosis{Causes: []incident.Cause{{Title: "no such host db-2"}}}, s}, map[string]bool{}}
	for range 2 { // what is known already, too
		got := all.lacks([]string{"web-1", "metadata", "db-2", "db.shop", "tier/front", "raw bytes", "evil.example"})
		if want := []string{"metadata", "evil.example"}; !slices.Equal(got, want) {
			t.Errorf("lacks %q, want %q", got, want)
		}
	}
}
