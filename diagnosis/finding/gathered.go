package finding

import (
	corev1 "k8s.io/api/core/v1"
)

// Gathered are values in the order in which they came, each once. The zero value is empty.
type Gathered[T comparable] struct {
	List []T
	has  map[T]bool
}

// Add takes up values that it has not got yet.
func (g *Gathered[T]) Add(more ...T) {
	for _, x := range more {
		if g.has[x] {
			continue
		}
		if g.has == nil {
			g.has = map[T]bool{}
		}
		g.has[x], g.List = true, append(g.List, x)
	}
}

// AddPod adds a pod to those that the finding is about, once.
func (f *Finding) AddPod(p *corev1.Pod) {
	if f.hasPod == nil || len(f.hasPod) != len(f.Pods) {
		f.hasPod = make(map[*corev1.Pod]bool, len(f.Pods)+1)
		for _, q := range f.Pods {
			f.hasPod[q] = true
		}
	}
	if !f.hasPod[p] {
		f.hasPod[p], f.Pods = true, append(f.Pods, p)
	}
}
