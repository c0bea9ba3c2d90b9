package recovery

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// source is a ConfigMap that a container takes settings from, or one key of it.
type source struct{ name, key string }

// configured are the ConfigMaps that a container takes variables or files from.
func configured(s *snapshot.Snapshot, p *corev1.Pod, container string) []source {
	var out []source
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		if c.Name != container {
			continue
		}
		for _, e := range c.Env {
			if e.ValueFrom != nil && e.ValueFrom.ConfigMapKeyRef != nil {
				out = append(out, source{e.ValueFrom.ConfigMapKeyRef.Name, e.ValueFrom.ConfigMapKeyRef.Key})
			}
		}
		for _, f := range c.EnvFrom {
			if f.ConfigMapRef != nil {
				out = append(out, source{name: f.ConfigMapRef.Name})
			}
		}
		for _, m := range c.VolumeMounts {
			for _, v := range p.Spec.Volumes {
				if v.Name == m.Name && v.ConfigMap != nil {
					out = append(out, source{name: v.ConfigMap.Name})
				}
			}
		}
	}
	return out
}

// keysOf are a ConfigMap's keys in order, or the one that is named.
func keysOf(m *corev1.ConfigMap, key string) []string {
	if key != "" {
		return []string{key}
	}
	return slices.Sorted(maps.Keys(m.Data))
}

// draftHostAliases takes the names of Services out of a template's hosts entries where the address is not the Service's: DNS knows them.
func draftHostAliases(ctx context.Context, r *Recovery, q request) (draft, error) {
	o, err := aboutKind(q, template...)
	if err != nil {
		return draft{}, err
	}
	now, err := r.asIs(ctx, o)
	if err != nil {
		return draft{}, err
	}
	list, _ := now.clone().at(podSpec(setTo("SetHostAliases", o, nil), "hostAliases")...).([]any)
	var left []any
	var gone []string
	for _, e := range list {
		m := asMap(e)
		ip, _ := m["ip"].(string)
		names, _ := m["hostnames"].([]any)
		names = slices.DeleteFunc(names, func(n any) bool {
			name, _ := n.(string)
			service, _ := kube.ServiceOf(q.s, name, o.Namespace)
			v := q.s.Service(service.Namespace, service.Name)
			misleads := v != nil && v.Spec.ClusterIP != "" && v.Spec.ClusterIP != corev1.ClusterIPNone && v.Spec.ClusterIP != ip &&
				!slices.Contains(v.Spec.ClusterIPs, ip)
			if misleads {
				gone = append(gone, fmt.Sprintf("%s is Service %s/%s at %s, not %s.", name, v.Namespace, v.Name, v.Spec.ClusterIP, ip))
			}
			return misleads
		})
		if m["hostnames"] = names; len(names) > 0 {
			left = append(left, m)
		}
	}
	if len(gone) == 0 {
		return no("no hosts entry of %s has the name of a Service and another address", inWords(o))
	}
	var value any
	if len(left) > 0 {
		value = left
	}
	return one(setTo("SetHostAliases", o, value), fmt.Sprintf("take the names of Services out of the hosts entries of %s", inWords(o)),
		join(gone[0], "The cluster's DNS knows it."))
}
