package recovery

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
)

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
	return oneStep(setTo("SetHostAliases", o, value), fmt.Sprintf("take the names of Services out of the hosts entries of %s", inWords(o)),
		join(gone[0], "The cluster's DNS knows it."))
}
