package kube

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// rootCA is the ConfigMap that the control plane puts into every namespace, and every pod takes it from there.
const rootCA = "kube-root-ca.crt"

// TakenFrom lists what a pod takes its configuration, its storage and its rights from, each once: ConfigMaps, Secrets, claims, and its
// account.
func TakenFrom(p *corev1.Pod) []incident.Object {
	var out finding.Gathered[incident.Object]
	add := func(kind, name string) {
		if name != "" && name != rootCA {
			out.Add(snapshot.ObjectOf(kind, p.Namespace, name))
		}
	}
	add("ServiceAccount", p.Spec.ServiceAccountName)
	for i := range p.Spec.Volumes {
		inVolume(&p.Spec.Volumes[i], add)
	}
	for _, x := range p.Spec.ImagePullSecrets {
		add("Secret", x.Name)
	}
	for _, list := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		for i := range list {
			inEnvironment(&list[i], add)
		}
	}
	return out.List
}

func inVolume(v *corev1.Volume, add func(kind, name string)) {
	if v.ConfigMap != nil {
		add("ConfigMap", v.ConfigMap.Name)
	}
	if v.Secret != nil {
		add("Secret", v.Secret.SecretName)
	}
	if v.PersistentVolumeClaim != nil {
		add("PersistentVolumeClaim", v.PersistentVolumeClaim.ClaimName)
	}
	if v.Projected == nil {
		return
	}
	for _, from := range v.Projected.Sources {
		if from.ConfigMap != nil {
			add("ConfigMap", from.ConfigMap.Name)
		}
		if from.Secret != nil {
			add("Secret", from.Secret.Name)
		}
	}
}

func inEnvironment(c *corev1.Container, add func(kind, name string)) {
	for _, e := range c.EnvFrom {
		if e.ConfigMapRef != nil {
			add("ConfigMap", e.ConfigMapRef.Name)
		}
		if e.SecretRef != nil {
			add("Secret", e.SecretRef.Name)
		}
	}
	for _, e := range c.Env {
		if v := e.ValueFrom; v != nil && v.ConfigMapKeyRef != nil {
			add("ConfigMap", v.ConfigMapKeyRef.Name)
		} else if v != nil && v.SecretKeyRef != nil {
			add("Secret", v.SecretKeyRef.Name)
		}
	}
}
