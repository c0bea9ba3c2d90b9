package kube

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// MountOf is the innermost mount that holds a path, with its volume; nil where it is the image's.
func MountOf(p *corev1.Pod, c *corev1.Container, file string) (*corev1.VolumeMount, *corev1.Volume) {
	var best *corev1.VolumeMount
	for i := range c.VolumeMounts {
		m := &c.VolumeMounts[i]
		at := strings.TrimSuffix(m.MountPath, "/")
		if (file == at || strings.HasPrefix(file, at+"/")) && (best == nil || len(m.MountPath) > len(best.MountPath)) {
			best = m
		}
	}
	if best == nil {
		return nil, nil
	}
	for i := range p.Spec.Volumes {
		if v := &p.Spec.Volumes[i]; v.Name == best.Name {
			return best, v
		}
	}
	return nil, nil
}
