package storage

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestKubeletRoot(t *testing.T) {
	for path, want := range map[string]string{
		"/var/lib/kubelet/plugins_registry":      "/var/lib/kubelet",
		"/var/lib/k0s/kubelet/plugins_registry/": "/var/lib/k0s/kubelet",
		"/var/lib/kubelet/plugins/csi-nfs":       "",
		"/plugins_registry":                      "",
	} {
		t.Run(path, func(t *testing.T) {
			spec := &corev1.PodSpec{Volumes: []corev1.Volume{{Name: "x", VolumeSource: corev1.VolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: path}}}}}
			if got, _ := kubeletRoot(spec); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
