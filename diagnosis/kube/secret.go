package kube

import (
	"cmp"
	"sort"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// SecretNamed is what may be known of a Secret, or nil. Absence proves nothing unless SecretsSeen.
func SecretNamed(s *snapshot.Snapshot, namespace, name string) *snapshot.Secret {
	i := sort.Search(len(s.Secrets), func(i int) bool {
		return cmp.Or(cmp.Compare(s.Secrets[i].Namespace, namespace), cmp.Compare(s.Secrets[i].Name, name)) >= 0
	})
	if i < len(s.Secrets) && s.Secrets[i].Namespace == namespace && s.Secrets[i].Name == name {
		return &s.Secrets[i]
	}
	return nil
}

// SecretsOf are the names of the Secrets that a pod's containers take variables or files from, each once.
func SecretsOf(p *corev1.Pod) []string {
	var out finding.Gathered[string]
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		for _, e := range c.EnvFrom {
			if e.SecretRef != nil {
				out.Add(e.SecretRef.Name)
			}
		}
		for _, e := range c.Env {
			if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
				out.Add(e.ValueFrom.SecretKeyRef.Name)
			}
		}
	}
	for i := range p.Spec.Volumes {
		if v := p.Spec.Volumes[i].Secret; v != nil {
			out.Add(v.SecretName)
		}
	}
	return out.List
}

// SecretHint names the namespace's Secrets that look like the one that is missing, and where else one of that name is: nothing where
// Secrets were not read.
func SecretHint(s *snapshot.Snapshot, namespace, name string) string {
	if !s.SecretsSeen || SecretNamed(s, namespace, name) != nil {
		return ""
	}
	var here []string
	elsewhere := ""
	for i := range s.Secrets {
		switch x := &s.Secrets[i]; {
		case x.Namespace == namespace:
			here = append(here, x.Name)
		case x.Name == name && elsewhere == "":
			elsewhere = x.Namespace
		}
	}
	if like := Nearest(name, here); len(like) > 0 {
		return DidYouMean(like)
	}
	if elsewhere != "" {
		return " (there is one in namespace " + elsewhere + ")"
	}
	return ""
}
