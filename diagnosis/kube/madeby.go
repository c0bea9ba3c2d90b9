package kube

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// MadeBy are the pods that an object has made, by itself or through workloads that it owns: those of a database's custom resource, say.
func MadeBy(s *snapshot.Snapshot, o incident.Object) []*corev1.Pod { return madeBy(s)[o] }

// madeBy are the pods by every object that they belong to, however far up.
func madeBy(s *snapshot.Snapshot) map[incident.Object][]*corev1.Pod {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[incident.Object][]*corev1.Pod {
		above := OwnersOf(s)
		out := map[incident.Object][]*corev1.Pod{}
		for i := range s.Pods {
			p := &s.Pods[i]
			o := s.WorkloadOf(p)
			for range mostOwners {
				out[o] = append(out[o], p)
				if o = above[o]; o.IsZero() {
					break
				}
			}
		}
		return out
	})
}

// mostOwners bounds how far up owners are followed.
const mostOwners = 6

// OwnersOf are the controllers of workloads, autoscalers, Services and custom resources, by what they control.
func OwnersOf(s *snapshot.Snapshot) map[incident.Object]incident.Object {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[incident.Object]incident.Object {
		out := map[incident.Object]incident.Object{}
		add := func(kind string, o metav1.Object) {
			if c := metav1.GetControllerOf(o); c != nil {
				owned := snapshot.ObjectOf(kind, o.GetNamespace(), o.GetName())
				owner := snapshot.ObjectOf(c.Kind, o.GetNamespace(), c.Name)
				if owner != owned {
					out[owned] = owner
				}
			}
		}
		for kind, o := range Workloads(s) {
			add(kind, o)
		}
		for i := range s.Jobs {
			add("Job", &s.Jobs[i])
		}
		for i := range s.HPAs {
			add("HorizontalPodAutoscaler", &s.HPAs[i])
		}
		for i := range s.Services {
			add("Service", &s.Services[i])
		}
		for i := range s.Customs {
			add(s.Customs[i].GetKind(), &s.Customs[i])
		}
		return out
	})
}
