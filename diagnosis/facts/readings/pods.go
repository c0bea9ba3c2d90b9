package readings

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// PodsWithLogs are the pods whose logs were read, in the logs' order, each once.
func PodsWithLogs(s *snapshot.Snapshot) []*corev1.Pod {
	var pods []*corev1.Pod
	for i := range s.Logs {
		p := s.Pod(s.Logs[i].Namespace, s.Logs[i].Pod)
		if p != nil && (len(pods) == 0 || pods[len(pods)-1] != p) {
			pods = append(pods, p)
		}
	}
	return pods
}
