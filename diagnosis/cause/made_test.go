package cause

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// What a custom resource has made is no certain root while that is not named: it may be what it asks for.
func TestMadeByACustomResource(t *testing.T) {
	yes := true
	s := &snapshot.Snapshot{
		Customs: []unstructured.Unstructured{{Object: map[string]any{"apiVersion": "example.com/v1", "kind": "Database",
			"metadata": map[string]any{"name": "orders", "namespace": "shop"}}}},
		StatefulSets: []appsv1.StatefulSet{
			{ObjectMeta: metav1.ObjectMeta{Name: "orders", Namespace: "shop",
				OwnerReferences: []metav1.OwnerReference{{Kind: "Database", Name: "orders", Controller: &yes}}}},
			{ObjectMeta: metav1.ObjectMeta{Name: "alone", Namespace: "shop"}},
		},
	}
	s.Index()
	made, alone := snapshot.ObjectOf("StatefulSet", "shop", "orders"), snapshot.ObjectOf("StatefulSet", "shop", "alone")
	for _, x := range []struct {
		name string
		root finding.Finding
		want bool
	}{
		{"made", finding.Finding{Finding: incident.Finding{Object: made}}, true},
		{"made, and its maker is named", finding.Finding{Finding: incident.Finding{Object: made},
			Fault: []incident.Object{made, snapshot.ObjectOf("Database", "shop", "orders")}}, false},
		{"its own setting is what is wrong", finding.Finding{Finding: incident.Finding{Object: made}, Final: true}, false},
		{"made by nobody", finding.Finding{Finding: incident.Finding{Object: alone}}, false},
	} {
		if got := (&candidate{root: &x.root}).made(s); got != x.want {
			t.Errorf("%s: %v, want %v", x.name, got, x.want)
		}
	}
}
