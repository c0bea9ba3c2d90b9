package kube

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// NetworkPods are the pods on a node that give the others their network: those that put a network plugin's configuration or program where the
// runtime looks for it, and kube-proxy.
func NetworkPods(s *snapshot.Snapshot, node string) []*corev1.Pod {
	var out []*corev1.Pod
	for _, p := range s.PodsOn(node) {
		if p.Spec.HostNetwork && (installsNetwork(p) || p.Labels["k8s-app"] == "kube-proxy" || p.Labels["component"] == "kube-proxy") {
			out = append(out, p)
		}
	}
	return out
}

// installsNetwork says whether a pod mounts the runtime's folders for network plugins.
func installsNetwork(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool {
		return v.HostPath != nil && (strings.Contains(v.HostPath.Path, "cni/net.d") || strings.Contains(v.HostPath.Path, "cni/bin"))
	})
}
