package kube

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// PodsOf are the pods that an object controls itself, by name: those of a ReplicaSet rather than of its Deployment.
func PodsOf(s *snapshot.Snapshot, controller incident.Object) []*corev1.Pod {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[incident.Object][]*corev1.Pod {
		pods := map[incident.Object][]*corev1.Pod{}
		for i := range s.Pods {
			p := &s.Pods[i]
			if c := metav1.GetControllerOf(p); c != nil {
				o := snapshot.ObjectOf(c.Kind, p.Namespace, c.Name)
				pods[o] = append(pods[o], p)
			}
		}
		return pods
	})[controller]
}

// PodsOfWorkload are the pods that belong to a workload in the end, by name.
func PodsOfWorkload(s *snapshot.Snapshot, workload incident.Object) []*corev1.Pod {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[incident.Object][]*corev1.Pod {
		pods := map[incident.Object][]*corev1.Pod{}
		for i := range s.Pods {
			o := s.WorkloadOf(&s.Pods[i])
			pods[o] = append(pods[o], &s.Pods[i])
		}
		return pods
	})[workload]
}
