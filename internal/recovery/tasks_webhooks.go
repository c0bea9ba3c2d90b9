package recovery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hooks"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// blamedHooks are the webhooks of the configurations that a cause blames.
func blamedHooks(q request) []hooks.Hook {
	var out []hooks.Hook
	for _, h := range hooks.Of(q.s) {
		if slices.Contains(q.cause.Objects, h.Config) {
			out = append(out, h)
		}
	}
	return out
}

// draftUnguard lets pass what webhooks should judge that cannot be asked, until they can.
func draftUnguard(ctx context.Context, r *Recovery, q request) (draft, error) {
	silent := map[string]bool{} // that do not answer, as the API server's words say
	for i := range q.s.Events {
		for _, name := range kube.WebhooksIn(q.s.Events[i].Message) {
			silent[name] = silent[name] || strings.Contains(q.s.Events[i].Message, "failed calling webhook")
		}
	}
	for _, m := range refusing(q) {
		for _, name := range kube.WebhooksIn(m) {
			silent[name] = silent[name] || strings.Contains(m, "failed calling webhook")
		}
	}
	for _, o := range ofKind(q.cause.Objects, "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration") {
		var names, guards []string
		for _, h := range blamedHooks(q) {
			if h.Config == o && h.Fail && (silent[h.Name] || unserved(q.s, &h)) {
				names, guards = append(names, h.Name), append(guards, judges(&h)...)
			}
		}
		if len(names) == 0 {
			continue
		}
		live, err := r.asItIs(ctx, o)
		if err != nil || live == nil {
			return draft{no: o.String() + " is not there any more"}, err
		}
		if by := ownedBy(live); by != "" {
			return no("%s belongs to %s, which would put it back; change it there", o, by)
		}
		policies := map[string]any{}
		for _, name := range names {
			policies[name] = string(admissionv1.Ignore)
		}
		slices.Sort(guards)
		return single(restingOn("the webhooks that the API server cannot ask", setTo(SetFailurePolicy, o, policies)),
			fmt.Sprintf("let pass what webhook %s should judge, as long as it does not answer",
				strings.Join(names, ", ")), fmt.Sprintf("It cannot be asked, and so all is refused that it should judge: %s. Until it can be asked "+
				"again, "+
				"these pass unjudged; then undo this.", strings.Join(slices.Compact(guards), "; ")))
	}
	return no("no webhook that refuses what it cannot judge is at fault")
}

// unserved says whether nothing can answer for a webhook: its Service is not there, or has no ready endpoint.
func unserved(s *snapshot.Snapshot, h *hooks.Hook) bool {
	o, port, inside := h.Service()
	if !inside || s.NotSeenIn("services", o.Namespace) {
		return false
	}
	v := s.Service(o.Namespace, o.Name)
	if v == nil {
		return true
	}
	n, _ := kube.EndpointsOf(s, o.Namespace, o.Name)
	return n == 0 && !s.NotSeenIn("endpointslices.discovery.k8s.io", o.Namespace) ||
		!slices.ContainsFunc(v.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == port })
}

// judges is what a webhook is asked about: "create pods".
func judges(h *hooks.Hook) []string {
	var out []string
	for _, r := range h.Rules {
		var verbs []string
		for _, op := range r.Operations {
			verbs = append(verbs, strings.ToLower(string(op)))
		}
		out = append(out, strings.Join(verbs, ", ")+" "+strings.Join(r.Resources, ", "))
	}
	return out
}

// servedBy are the Services that are to answer for what a cause blames: webhooks, and APIs that other servers serve.
func servedBy(q request) []incident.Object {
	out := ofKind(q.cause.Objects, "Service")
	for _, h := range blamedHooks(q) {
		if o, _, ok := h.Service(); ok {
			out = append(out, o)
		}
	}
	for _, o := range ofKind(q.cause.Objects, "APIService") {
		if a := q.s.Custom(o); a != nil {
			if ns, name, ok := kube.APIServiceTarget(a); ok {
				out = append(out, snapshot.ObjectOf("Service", ns, name))
			}
		}
	}
	return slices.Compact(out)
}

// draftServerScaleUp gives a Service its pods back whose workload is scaled to zero.
func draftServerScaleUp(ctx context.Context, r *Recovery, q request) (draft, error) {
	for _, o := range servedBy(q) {
		v := q.s.Service(o.Namespace, o.Name)
		if v == nil || len(v.Spec.Selector) == 0 {
			continue
		}
		for _, t := range kube.TemplatesIn(q.s, o.Namespace) {
			if !switchedOff(q.s, t.Object) || !kube.Matches(v.Spec.Selector, t.Labels) {
				continue
			}
			n, from, err := r.replicasBefore(ctx, q.s, t.Object)
			if err != nil {
				return draft{}, err
			}
			if n == 0 { // all is refused until one answers
				n, from = 1, "Nothing tells how many pods it had; one is the least that answers, and more can be set before this is approved."
			}
			return single(restingOn(from, setTo("Scale", t.Object, int64(n))),
				fmt.Sprintf("scale %s/%s up to %d", t.Object.Namespace, t.Object.Name, n),
				fmt.Sprintf("%s is to answer, and its %s is scaled to zero. %s", inWords(o), inWords(t.Object), from))
		}
	}
	if q.cause.Code == "HPANoMetrics" {
		return no("what should give the metrics is not installed, runs and does not know them, or fails for a reason of its own; see which, " +
			"by kubectl " +
			"get apiservices, and install it or correct the metric")
	}
	return no("no workload that is scaled to zero stands behind it")
}

// draftWebhookPort gives a Service the port at which a webhook calls it.
func draftWebhookPort(ctx context.Context, r *Recovery, q request) (draft, error) {
	for _, h := range blamedHooks(q) {
		o, port, ok := h.Service()
		v := q.s.Service(o.Namespace, o.Name)
		if !ok || v == nil || slices.ContainsFunc(v.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == port }) {
			continue
		}
		if len(v.Spec.Ports) != 1 || v.Spec.Type != "" && v.Spec.Type != corev1.ServiceTypeClusterIP {
			return no("%s has %d ports, so which of them webhook %s means is not known; correct clientConfig.service.port", o, len(v.Spec.Ports),
				h.Name)
		}
		live, err := r.asItIs(ctx, o)
		if err != nil || live == nil {
			return draft{no: o.String() + " is not there any more"}, err
		}
		ports, _ := live.clone().at("spec", "ports").([]any)
		only := asMap(ports[0])
		why := fmt.Sprintf("Webhook %s calls port %d, and %s has %d alone.", h.Name, port, inWords(o), v.Spec.Ports[0].Port)
		if name, _ := only["name"].(string); name != "" { // several ports need names
			also := maps.Clone(only)
			also["name"], also["port"] = "webhook", int64(port)
			if only["targetPort"] == nil {
				also["targetPort"] = only["port"]
			}
			ports = append(ports, also)
			why += " It gets that port too, to the same port of its pods."
		} else {
			if only["targetPort"] == nil {
				only["targetPort"] = only["port"]
			}
			only["port"] = int64(port)
			why += " That becomes its port, to the same port of its pods; who calls it at the other one does so in vain then."
		}
		return single(restingOn("the port that webhook "+h.Name+" calls (clientConfig.service.port)", setTo("SetServicePorts", o, ports)),
			fmt.Sprintf("give Service %s/%s port %d", o.Namespace, o.Name, port), why)
	}
	return no("no webhook calls a port that its Service lacks")
}
