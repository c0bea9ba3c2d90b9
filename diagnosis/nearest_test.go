package diagnosis

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/applog"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/circumstance"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/events"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// What stands near fills the places that a proof leaves, and those of suspicions that name nothing new.
func TestBeforehandFillsTheFirstThreePlaces(t *testing.T) {
	api := snapshot.ObjectOf("StatefulSet", "shop", "api")
	settings, node := snapshot.ObjectOf("ConfigMap", "shop", "settings"), snapshot.ObjectOf("Node", "", "n1")
	s := &snapshot.Snapshot{At: time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), Nodes: []corev1.Node{{}, {}}, Pods: []corev1.Pod{{
		ObjectMeta: metav1.ObjectMeta{Name: "api-0", Namespace: "shop",
			OwnerReferences: []metav1.OwnerReference{{Kind: "StatefulSet", Name: "api", Controller: new(true)}}},
		Spec: corev1.PodSpec{NodeName: "n1", Volumes: []corev1.Volume{{VolumeSource: corev1.VolumeSource{
			ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}}}},
	}}}
	for i, n := range []string{"n1", "n2"} {
		s.Nodes[i].Name = n
		s.Nodes[i].Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	}
	s.Index()
	about := func(code string) *finding.Finding {
		return &finding.Finding{Finding: incident.Finding{ID: "F1", Code: code, Object: api}, Workload: api, Pods: []*corev1.Pod{&s.Pods[0]}}
	}
	caused := func(c incident.Confidence) []incident.Cause {
		return []incident.Cause{{Confidence: c, Objects: []incident.Object{api}, Explains: []string{"F1"}}}
	}
	suspicion := func(code string, o incident.Object) incident.Suspicion {
		return incident.Suspicion{Code: code, Objects: []incident.Object{o}}
	}
	type objects = []incident.Object
	db := snapshot.ObjectOf("Deployment", "shop", "db")
	said, another := suspicion(events.EventUnexplained, api), suspicion(applog.LogErrorsRepeat, db)
	for name, c := range map[string]struct {
		causes    []incident.Cause
		had       []incident.Suspicion
		suspected []*finding.Finding
		want      objects // of the suspicions, in order
	}{
		"behind a cause that may be":       {causes: caused(incident.Possible), want: objects{settings, node}},
		"not behind proof":                 {causes: caused(incident.Certain)},
		"before what repeats the cause":    {caused(incident.Likely), []incident.Suspicion{said, said}, nil, objects{settings, node, api}},
		"behind what names something else": {caused(incident.Likely), []incident.Suspicion{said, another}, nil, objects{db, settings, api}},
		"behind a suspicion alone": {nil, []incident.Suspicion{said}, []*finding.Finding{about(events.EventUnexplained)},
			objects{api, settings, node}},
		"not behind a change alone": {nil, []incident.Suspicion{suspicion(circumstance.RecentChange, settings)},
			[]*finding.Finding{about(circumstance.RecentChange)}, objects{settings}},
	} {
		d := &incident.Diagnosis{At: s.At, Causes: c.causes, Suspicions: c.had}
		beforehand(s, d, []*finding.Finding{about(applog.LogErrorsRepeat)}, c.suspected, nil)
		var got []incident.Object
		for _, x := range d.Suspicions {
			got = append(got, x.Objects[0])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
