package checks

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// gathered are values in the order in which they came, each once. The zero value is empty.
type gathered[T comparable] struct {
	list []T
	has  map[T]bool
}

// add takes up values that it has not got yet.
func (g *gathered[T]) add(more ...T) {
	for _, x := range more {
		if g.has[x] {
			continue
		}
		if g.has == nil {
			g.has = map[T]bool{}
		}
		g.has[x], g.list = true, append(g.list, x)
	}
}

// union adds to a few values those that are not among them; where many are added one by one, gather them.
func union[T comparable](into, more []T) []T {
	for _, x := range more {
		if !slices.Contains(into, x) {
			into = append(into, x)
		}
	}
	return into
}

// addPod adds a pod to those that the finding is about, once.
func (f *Finding) addPod(p *corev1.Pod) {
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
