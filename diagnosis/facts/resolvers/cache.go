package resolvers

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Caches are the DNS caches of nodes: DaemonSets on the host network beside the cluster's DNS that take a Corefile from a ConfigMap, as
// NodeLocal DNSCache does. Their pods' names, addresses and labels differ from one installer to the next.
func Caches(s *snapshot.Snapshot) []Resolver {
	type key struct{}
	return snapshot.Once(s, key{}, func() []Resolver {
		d, _ := Find(s)
		var out []Resolver
		of := map[incident.Object]int{}
		for i := range s.Pods {
			p := &s.Pods[i]
			if p.Namespace != DNSNamespace || !p.Spec.HostNetwork || kube.HasEnded(p) || slices.Contains(d.Pods, p) {
				continue
			}
			w := s.WorkloadOf(p)
			if n, ok := of[w]; ok {
				out[n].Pods = append(out[n].Pods, p)
				continue
			}
			if w.Kind != "DaemonSet" || w == d.Workload {
				continue
			}
			if c := corefileTaken(s, &p.Spec); c != nil {
				of[w] = len(out)
				out = append(out, Resolver{Pods: []*corev1.Pod{p}, Workload: w, Replicas: 1, Spec: &p.Spec, Config: c})
			}
		}
		return out
	})
}

// corefileTaken is the ConfigMap of a pod's volumes that holds a Corefile; nil without one.
func corefileTaken(s *snapshot.Snapshot, spec *corev1.PodSpec) *corev1.ConfigMap {
	for i := range spec.Volumes {
		v := spec.Volumes[i].ConfigMap
		if v == nil {
			continue
		}
		if c := s.ConfigMap(DNSNamespace, v.Name); c != nil && (c.Data["Corefile"] != "" || strings.Contains(c.Data["Corefile.base"],
			"forward ")) {
			return c
		}
	}
	return nil
}

// Text is the Corefile, as it stands in the ConfigMap.
func (d Resolver) Text() string {
	if d.Config == nil {
		return ""
	}
	if text := d.Config.Data["Corefile"]; text != "" {
		return text
	}
	return d.Config.Data["Corefile.base"]
}

// Servers are the pods that answer names for pods on the nodes: of the cluster's DNS, and of the nodes' caches.
func Servers(s *snapshot.Snapshot, nodes []string) []*corev1.Pod {
	d, _ := Find(s)
	out := slices.Clone(d.Pods)
	for _, c := range Caches(s) {
		for _, p := range c.Pods {
			if len(nodes) == 0 || slices.Contains(nodes, p.Spec.NodeName) {
				out = append(out, p)
			}
		}
	}
	return out
}
