package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// draftWaiting restarts those that wait for their next try, unless they come back by themselves.
func draftWaiting(_ context.Context, r *Recovery, q request) (draft, error) {
	out := draft{many: "restart %d workloads that wait since DNS was down", why: "DNS answers again. Each is restarted only if it " +
		"does not come back by itself."}
	for _, o := range explained(q) {
		if resolvers.AnswersNames(q.s, o) {
			continue
		}
		s := restingOn("it could not resolve a name while DNS was down, and waits for its next try", restart(o, q.d.At))
		s.Unless = r.o.Patience
		out.steps = append(out.steps, s)
		out.title = fmt.Sprintf("restart %s, which waits since DNS was down", inWords(o))
	}
	if len(out.steps) == 0 {
		return no("nothing that waits can be restarted; the kubelet tries again within five minutes")
	}
	return out, nil
}

// draftPodDNS lets a pod template ask the cluster's DNS first. A server of its own that is silent goes, where the cluster's is asked
// already.
func draftPodDNS(ctx context.Context, r *Recovery, q request) (draft, error) {
	o, err := aboutKind(q, template...)
	if err != nil {
		return draft{}, err
	}
	now, err := r.asIs(ctx, o)
	if err != nil {
		return draft{}, err
	}
	at := podSpec(incident.Step{Target: incident.Target{Object: o}})
	spec := object(asMap(now.clone().at(at...)))
	policy, onHost := spec.text("dnsPolicy"), spec["hostNetwork"] == true
	want := string(corev1.DNSClusterFirst)
	if onHost {
		want = string(corev1.DNSClusterFirstWithHostNet)
	}
	if policy != want && (policy != "" || onHost) {
		return oneStep(setTo("SetPodField", o, want, "field", "dnsPolicy"), fmt.Sprintf("let %s ask the cluster's DNS", inWords(o)),
			fmt.Sprintf("With dnsPolicy %s the kubelet puts the cluster's DNS, which knows the Services, before the servers of a dnsConfig.",
				want))
	}
	config := object(asMap(spec["dnsConfig"]))
	servers, _ := config["nameservers"].([]any)
	var silent []string
	servers = slices.DeleteFunc(slices.Clone(servers), func(v any) bool {
		server, _ := v.(string)
		is := slices.ContainsFunc(calls.Failing(q.s), func(c calls.Call) bool {
			m := calls.AskedServer.FindStringSubmatch(c.Need.Line)
			return q.s.WorkloadOf(c.Pod) == o && m != nil && m[1] == server && c.Need.Unanswered()
		})
		if is {
			silent = append(silent, server)
		}
		return is
	})
	if len(silent) == 0 {
		return no("the dnsPolicy of %s asks the cluster's DNS, and no server of its dnsConfig is known to be silent", inWords(o))
	}
	var value any
	if config["nameservers"] = servers; len(servers) == 0 {
		delete(config, "nameservers")
	}
	if len(config) > 0 {
		value = map[string]any(config)
	}
	return oneStep(setTo("SetDNSConfig", o, value), fmt.Sprintf("let %s no longer ask %s for names", inWords(o), strings.Join(silent, ", ")),
		"It does not answer, as the program's log says; the cluster's DNS stays.")
}

// draftDNSService makes the Service of the cluster's DNS again, or a second one, at the address that pods ask.
func draftDNSService(_ context.Context, _ *Recovery, q request) (draft, error) {
	d, ok := resolvers.Find(q.s)
	if !ok || len(d.Pods) == 0 {
		return no("no pod of the cluster's DNS is seen that the Service could select")
	}
	address := askedAddress(q)
	if address == "" {
		return no("no log says at which address pods ask for names; make Service %s/%s with the address that the kubelets hand out "+
			"(clusterDNS in their configuration)", dnsNamespace, dnsService)
	}
	o := incident.Object{Kind: "Service", Namespace: dnsNamespace, Name: dnsService}
	selector := map[string]string{resolvers.DNSLabel: resolvers.DNSName}
	meta := map[string]any{"name": o.Name, "namespace": o.Namespace, "labels": asAny(selector)}
	title := fmt.Sprintf("make Service %s/%s at %s", o.Namespace, o.Name, address)
	if d.Service != nil {
		o.Name = d.Service.Name + "-as-asked"
		selector = d.Service.Spec.Selector
		meta = map[string]any{"name": o.Name, "namespace": o.Namespace}
		title = fmt.Sprintf("let the cluster's DNS answer at %s as well", address)
	}
	ports := namePorts(d)
	if len(ports) == 0 {
		return no("at which port the pods of the cluster's DNS answer is not known: they declare none")
	}
	return oneStep(setTo(MakeObject, o, map[string]any{"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": map[string]any{
		"clusterIP": address, "selector": asAny(selector), "ports": ports}}), title,
		fmt.Sprintf("%s is where pods ask, as their logs say; the labels and ports are those of the DNS pods.", address))
}

// askedAddress is the only address that pods ask in vain for names which are not the cluster's DNS'; "" if there is none or several.
func askedAddress(q request) string {
	asked := map[string]bool{}
	for _, c := range calls.Failing(q.s) {
		m := calls.AskedServer.FindStringSubmatch(c.Need.Line)
		if m != nil && resolvers.UsesClusterDNS(c.Pod) && c.Need.Unanswered() && m[1] != resolvers.NodeLocalDNS &&
			!strings.HasPrefix(m[1], "127.") && (c.Pod.Spec.DNSConfig == nil || len(c.Pod.Spec.DNSConfig.Nameservers) == 0) {
			asked[m[1]] = true
		}
	}
	if v := resolvers.Service(q.s); v != nil {
		delete(asked, v.Spec.ClusterIP)
	}
	if len(asked) != 1 {
		return ""
	}
	for a := range asked {
		return a
	}
	return ""
}

// namePorts are the ports of a Service at which names are asked for: those of the one there is, or by what its pods declare.
func namePorts(d resolvers.Resolver) []any {
	var out []any
	add := func(name string, port int32, target any, protocol corev1.Protocol) {
		out = append(out, map[string]any{"name": name, "port": int64(port), "targetPort": target,
			"protocol": string(kube.ProtocolOf(protocol))})
	}
	if d.Service != nil {
		for _, p := range d.Service.Spec.Ports {
			add(p.Name, p.Port, jsonPort(kube.TargetPort(p)), p.Protocol)
		}
		return out
	}
	for _, c := range d.Pods[0].Spec.Containers {
		for _, p := range c.Ports {
			if p.ContainerPort == 53 && p.Name != "" { // the port of DNS, which is what pods ask at
				add(p.Name, p.ContainerPort, p.Name, p.Protocol)
			}
		}
	}
	return out
}
