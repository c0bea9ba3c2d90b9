package recovery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// serviceOf is the Service that a cause is about.
func serviceOf(q request) (*corev1.Service, incident.Object, error) {
	o, err := aboutKind(q, "Service")
	if err != nil {
		return nil, o, err
	}
	v := q.s.Service(o.Namespace, o.Name)
	if v == nil {
		return nil, o, unfit("%s does not exist", inWords(o))
	}
	return v, o, nil
}

// draftSelector takes the labels from the workload that the check found nearest.
func draftSelector(_ context.Context, _ *Recovery, q request) (draft, error) {
	v, o, err := serviceOf(q)
	switch {
	case err != nil:
		return draft{}, err
	case len(v.Spec.Selector) == 0:
		return no("Service %s has no selector; who wrote its EndpointSlices has to correct them, or give it a selector", v.Name)
	case len(kube.Selected(q.s, v.Namespace, v.Spec.Selector)) > 0:
		return no("Service %s selects pods; what keeps them from being ready is another cause", v.Name)
	}
	templates := kube.TemplatesIn(q.s, v.Namespace)
	fits := slices.IndexFunc(templates, func(t kube.Template) bool { return kube.Matches(v.Spec.Selector, t.Labels) })
	if fits >= 0 {
		return no("Service %s fits %s, which has no pods; the Service is right", v.Name, inWords(templates[fits].Object))
	}
	near, ok := kube.NearestTemplate(v.Name, v.Spec.Selector, templates)
	ok = ok && (near.Object.Name == v.Name || kube.Slipped(v.Spec.Selector, near.Labels))
	selector := corrected(v.Spec.Selector, near.Labels)
	i := slices.IndexFunc(templates, func(t kube.Template) bool { return kube.Matches(dnsLabels, t.Labels) })
	if v == resolvers.Service(q.s) && i >= 0 {
		near, selector, ok = templates[i], dnsLabels, true // what all of them have, whatever else they are called
	}
	if !ok {
		return no("no workload in namespace %s has labels like %s; which pods are meant is not known", v.Namespace,
			kube.LabelWords(v.Spec.Selector))
	}
	if selector == nil {
		return no("the labels of %s do not tell its pods from those of others", inWords(near.Object))
	}
	for _, t := range templates {
		if t.Object != near.Object && kube.Matches(selector, t.Labels) {
			return no("%s would fit %s as well as %s", kube.LabelWords(selector), inWords(t.Object), inWords(near.Object))
		}
	}
	return oneStep(setTo("SetServiceSelector", o, asAny(selector)),
		fmt.Sprintf("let Service %s select the pods of %s", v.Name, inWords(near.Object)),
		fmt.Sprintf("The labels are those in the pod template of %s.", inWords(near.Object)))
}

// corrected is a selector in which what differs from the labels is as they have it: the value of the same key, or the key of the same
// value. A label that they have nothing for goes; nil if none is left.
func corrected(selector, labels map[string]string) map[string]string {
	out := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(selector)) {
		if have, ok := labels[k]; ok {
			out[k] = have
			continue
		}
		for _, other := range slices.Sorted(maps.Keys(labels)) {
			if labels[other] == selector[k] {
				out[other] = labels[other]
				break
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func asAny(m map[string]string) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

// draftNarrow tells the pods of the workload at fault, which the Service should not have, from all others that it selects.
func draftNarrow(_ context.Context, _ *Recovery, q request) (draft, error) {
	v, o, err := serviceOf(q)
	if err != nil {
		return draft{}, err
	}
	var meant, others []*corev1.Pod
	for _, p := range kube.Selected(q.s, v.Namespace, v.Spec.Selector) {
		if slices.Contains(q.cause.Objects, q.s.WorkloadOf(p)) {
			others = append(others, p)
		} else {
			meant = append(meant, p)
		}
	}
	if len(meant) == 0 || len(others) == 0 {
		return no("the pods that Service %s means are not told from the others", v.Name)
	}
	w := q.s.WorkloadOf(meant[0])
	key, value, ok := strings.Cut(kube.OwnLabel(meant, others), "=")
	i := slices.IndexFunc(kube.TemplatesIn(q.s, v.Namespace), func(t kube.Template) bool { return t.Object == w && t.Labels[key] == value })
	if !ok || i < 0 {
		return no("no label that their template gives them tells the pods of %s from those of %s; give them one of their own", inWords(w),
			inWords(q.s.WorkloadOf(others[0])))
	}
	selector := maps.Clone(v.Spec.Selector)
	selector[key] = value
	return oneStep(setTo("SetServiceSelector", o, asAny(selector)),
		fmt.Sprintf("let Service %s/%s select only pods with %s=%s", v.Namespace, v.Name, key, value),
		fmt.Sprintf("%s=%s is in the pod template of %s, and no pod of %s has it.", key, value, inWords(w), inWords(q.s.WorkloadOf(others[0]))))
}

// draftServicePort corrects the ports that no pod has, where the pods have but one that can be meant.
func draftServicePort(ctx context.Context, r *Recovery, q request) (draft, error) {
	v, o, err := serviceOf(q)
	if err != nil {
		return draft{}, err
	}
	now, err := r.asIs(ctx, o)
	if err != nil {
		return draft{}, err
	}
	ports, _ := now.clone().at("spec", "ports").([]any)
	if len(ports) != len(v.Spec.Ports) {
		return no("Service %s has changed since it was looked at", v.Name)
	}
	if len(v.Spec.Selector) == 0 {
		return portOfSlice(q.s, v, o, ports)
	}
	pods := kube.Selected(q.s, v.Namespace, v.Spec.Selector)
	if len(pods) == 0 {
		return no("Service %s has no pods of which the ports are known", v.Name)
	}
	var told []string
	for i, port := range v.Spec.Ports {
		target := kube.TargetPort(port)
		if declared(pods[0], target, port.Protocol) || len(v.Spec.Ports) > 1 && kube.MayHavePort(pods[0], target, port.Protocol) {
			continue
		}
		p := asMap(ports[i])
		if other := kube.OtherProtocol(pods[0], target, port.Protocol); other != "" {
			p["protocol"] = string(other)
			told = append(told, fmt.Sprintf("port %d by %s", port.Port, other))
			continue
		}
		to, ok := meantPort(pods[0], port, len(v.Spec.Ports))
		if !ok {
			return no("which port of its pods port %d of Service %s means is not known: they declare %s", port.Port, v.Name,
				finding.ListWords(portsOf(pods[0], port), 6))
		}
		p["targetPort"] = jsonPort(to)
		told = append(told, fmt.Sprintf("port %d to %s", port.Port, to.String()))
	}
	if len(told) == 0 {
		return no("every port of Service %s is one that its pods have", v.Name)
	}
	return oneStep(setTo("SetServicePorts", o, ports), fmt.Sprintf("let Service %s/%s send %s", v.Namespace, v.Name, strings.Join(told, ", ")),
		fmt.Sprintf("That is what the containers of %s declare.", inWords(q.s.WorkloadOf(pods[0]))))
}

func declared(p *corev1.Pod, target intstr.IntOrString, protocol corev1.Protocol) bool {
	ports, _ := kube.DeclaredPorts(p, protocol)
	return slices.ContainsFunc(ports, func(c corev1.ContainerPort) bool {
		return target.Type == intstr.String && c.Name == target.StrVal || target.Type == intstr.Int && c.ContainerPort == target.IntVal
	})
}

func portsOf(p *corev1.Pod, port corev1.ServicePort) []string {
	ports, _ := kube.DeclaredPorts(p, port.Protocol)
	if len(ports) == 0 {
		return []string{"none"}
	}
	return kube.ContainerPorts(ports, kube.TargetPort(port).Type)
}

// meantPort is the port of a pod that a Service's port can mean: the one whose name is nearly that of the target, or is that of the
// Service's port, or the only one of a Service that has but one.
func meantPort(p *corev1.Pod, port corev1.ServicePort, beside int) (intstr.IntOrString, bool) {
	ports, _ := kube.DeclaredPorts(p, port.Protocol)
	target := kube.TargetPort(port)
	as := func(c corev1.ContainerPort) (intstr.IntOrString, bool) {
		if c.Name != "" && target.Type == intstr.String {
			return intstr.FromString(c.Name), true
		}
		return intstr.FromInt32(c.ContainerPort), true
	}
	var names []string
	for _, c := range ports {
		if c.Name != "" {
			names = append(names, c.Name)
		}
	}
	if near, ok := nearName(target.StrVal, names); ok && target.Type == intstr.String {
		return intstr.FromString(near), true
	}
	for _, c := range ports {
		if c.Name != "" && c.Name == port.Name {
			return as(c)
		}
	}
	if len(ports) == 1 && beside == 1 {
		return as(ports[0])
	}
	return intstr.IntOrString{}, false
}

func jsonPort(p intstr.IntOrString) any {
	if p.Type == intstr.String {
		return p.StrVal
	}
	return int64(p.IntVal)
}

// portOfSlice gives the only port of a Service without a selector the name that its EndpointSlice has for the only one of its own.
func portOfSlice(s *snapshot.Snapshot, v *corev1.Service, o incident.Object, ports []any) (draft, error) {
	written := s.EndpointSlicesOf(v.Namespace, v.Name)
	if len(written) != 1 || len(written[0].Ports) != 1 || len(ports) != 1 {
		return no("which port of the EndpointSlices of Service %s is meant is not known; give both the same name", v.Name)
	}
	have, name := written[0].Ports[0], ""
	if have.Name != nil {
		name = *have.Name
	}
	p := asMap(ports[0])
	if p["name"] = name; name == "" {
		delete(p, "name")
	}
	if have.Protocol != nil {
		p["protocol"] = string(*have.Protocol)
	}
	return oneStep(setTo("SetServicePorts", o, ports),
		fmt.Sprintf("let port %d of Service %s/%s be called as in its EndpointSlice", v.Spec.Ports[0].Port, v.Namespace, v.Name),
		fmt.Sprintf("EndpointSlice %s calls it %q (%s).", written[0].Name, name, kube.ProtocolOf(v.Spec.Ports[0].Protocol)))
}

func draftUnready(_ context.Context, _ *Recovery, q request) (draft, error) {
	v, o, err := serviceOf(q)
	if err != nil {
		return draft{}, err
	}
	if v.Spec.PublishNotReadyAddresses {
		return no("Service %s does name pods that are not ready", v.Name)
	}
	return oneStep(setTo("SetServiceField", o, true, "field", "publishNotReadyAddresses"),
		fmt.Sprintf("let Service %s/%s name its pods before they are ready", v.Namespace, v.Name),
		"Its pods ask for each other's names to become ready. Whoever else asks is told pods that are not ready as well.")
}

func draftLeaveNode(_ context.Context, _ *Recovery, q request) (draft, error) {
	v, o, err := serviceOf(q)
	if err != nil {
		return draft{}, err
	}
	if v.Spec.InternalTrafficPolicy == nil || *v.Spec.InternalTrafficPolicy != corev1.ServiceInternalTrafficPolicyLocal {
		return no("Service %s does send to other nodes", v.Name)
	}
	return oneStep(setTo("SetServiceField", o, string(corev1.ServiceInternalTrafficPolicyCluster), "field", "internalTrafficPolicy"),
		fmt.Sprintf("let Service %s/%s send to pods on every node", v.Namespace, v.Name),
		"Cluster is what the API server takes where nobody names a policy, and the only other one.")
}

// draftExternalName is for a name in the cluster: outside it, nobody knows which one was meant.
func draftExternalName(_ context.Context, _ *Recovery, q request) (draft, error) {
	v, o, err := serviceOf(q)
	if err != nil {
		return draft{}, err
	}
	inside, ok := kube.ServiceOf(q.s, v.Spec.ExternalName, v.Namespace)
	if !ok {
		return no("%s is not a name of the cluster; whoever gives out that name knows what it should be", v.Spec.ExternalName)
	}
	others := slices.DeleteFunc(slices.Clone(kube.ServicesIn(q.s, inside.Namespace)), func(n string) bool { return n == v.Name })
	near, ok := nearName(inside.Name, others)
	rest, found := strings.CutPrefix(strings.ToLower(v.Spec.ExternalName), inside.Name+".")
	if !ok || !found {
		return no("no Service in namespace %s has a name like %s", inside.Namespace, inside.Name)
	}
	return oneStep(setTo("SetServiceField", o, near+"."+rest, "field", "externalName"),
		fmt.Sprintf("let Service %s/%s stand for Service %s/%s", v.Namespace, v.Name, inside.Namespace, near),
		fmt.Sprintf("Service %s/%s exists and %s does not.", inside.Namespace, near, inside.Name))
}
