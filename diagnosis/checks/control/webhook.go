package control

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hooks"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about admission webhooks.
const (
	WebhookServiceMissing = "WebhookServiceMissing"
	WebhookNoEndpoints    = "WebhookNoEndpoints"
	WebhookPortMissing    = "WebhookPortMissing"
	WebhookCAExpired      = "WebhookCAExpired"
	WebhookFailing        = "WebhookFailing"
	WebhookCatchesItself  = "WebhookCatchesItself"
)

var webhookCodes = []finding.Code{
	{Code: WebhookInjects, Severity: incident.Critical, Root: true,
		Meaning: "A mutating webhook puts into pods a container that their workload's template does not have, and that container works nowhere.",
		Next: "Correct what the webhook injects (its own configuration, often a ConfigMap beside it); until then, exempt the namespace " +
			"or the pods.",
		Example: "MutatingWebhookConfiguration injector puts container proxy into pods of Deployment cart and 2 other workloads, where it does " +
			"not start: no such image or tag"},
	{Code: WebhookServiceMissing, Severity: incident.Critical, Root: true, Detail: Webhooks{}, Trouble: finding.WebhookTrouble,
		RestsOn: []incident.Resource{finding.Services},
		Meaning: "An admission webhook's Service does not exist, so the API server refuses what the webhook should judge.",
		Next:    "If what installed it is gone, delete the webhook configuration; otherwise install its Service again.",
		Example: "ValidatingWebhookConfiguration policy calls Service policy/policy-webhook, which does not exist: creating pods is refused in " +
			"every namespace"},
	{Code: WebhookNoEndpoints, Severity: incident.Critical, Root: true, Detail: Webhooks{}, Trouble: finding.WebhookTrouble,
		RestsOn: []incident.Resource{finding.Services},
		Meaning: "Nothing answers behind an admission webhook's Service, so the API server refuses what the webhook should judge.",
		Next:    "Bring its pods back. If it holds up its own pods: delete the webhook configuration, or exempt its namespace, until they run.",
		Example: "ValidatingWebhookConfiguration policy: its Service policy/policy-webhook has no ready endpoint: creating pods is refused in " +
			"every namespace but kube-system"},
	{Code: WebhookPortMissing, Severity: incident.Critical, Root: true, Detail: Webhooks{}, Trouble: finding.WebhookTrouble,
		RestsOn: []incident.Resource{finding.Services},
		Meaning: "An admission webhook calls a port that its Service does not have.",
		Next:    "Correct clientConfig.service.port, or the Service's ports.",
		Example: "MutatingWebhookConfiguration inject calls port 443 of Service mesh/injector, which has 8443: creating pods is refused in shop"},
	{Code: WebhookCAExpired, Severity: incident.Critical, Root: true, Detail: Webhooks{}, Trouble: finding.WebhookTrouble,
		Meaning: "The certificates by which the API server knows an admission webhook have expired, or do so within 14 days.",
		Next:    "Renew the webhook's certificate and write the new CA into clientConfig.caBundle (cert-manager's ca-injector does so).",
		Example: "MutatingWebhookConfiguration inject: its CA certificate injector-ca expired on 2026-01-01: creating pods is refused in shop"},
	{Code: WebhookFailing, Severity: incident.Critical, Root: true, Detail: Webhooks{}, Trouble: finding.WebhookTrouble,
		Meaning: "The API server cannot get an answer from an admission webhook, and refuses what the webhook should judge.",
		Next:    "Read the error: a time-out is the webhook's or the network's, x509 is its certificate. Look at its pods' log.",
		Example: `ValidatingWebhookConfiguration policy: calls fail: context deadline exceeded`},
	{Code: WebhookCatchesItself, Severity: incident.Info, Detail: Webhooks{},
		Meaning: "An admission webhook judges the pods that serve it: if they all stop, none can be created again.",
		Example: "ValidatingWebhookConfiguration policy judges the pods of its own namespace policy"},
}

// checkWebhooks reports each configuration once for each thing that is wrong with it.
func checkWebhooks(s *snapshot.Snapshot, r *finding.Report) {
	checkInjected(s, r)
	all := hooks.Of(s)
	if len(all) == 0 {
		return
	}
	refusals := webhookRefusals(s)
	w := webhooks{s: s, r: r, found: map[string]*finding.Finding{}}
	for i := range all {
		h := &all[i]
		if len(h.Rules) == 0 {
			continue // it is asked about nothing
		}
		marked := r.MayPass(finding.Lasts(finding.Settling, h.Made))
		w.look(h, refusals[h.Name])
		marked()
	}
}

type webhooks struct {
	s     *snapshot.Snapshot
	r     *finding.Report
	found map[string]*finding.Finding
}

func (w *webhooks) look(h *hooks.Hook, refused []incident.Evidence) {
	o, port, inside := h.Service()
	v := w.s.Service(o.Namespace, o.Name)
	known := inside && !finding.NotSeen(w.s, "services", o.Namespace)
	blocked := blocks(h, w.s)
	there, soon := true, finding.Term{}
	if v != nil {
		there, soon = answers(w.s, v)
	}
	switch {
	case known && v == nil:
		w.note(h, WebhookServiceMissing, o, fmt.Sprintf("calls Service %s/%s, which does not exist", o.Namespace, o.Name), blocked, refused).
			Cite(finding.SeenAPI(h.Config, "webhooks["+h.Name+"].clientConfig.service", h.Made, o.Namespace+"/"+o.Name))
	case known && v.Spec.Type != corev1.ServiceTypeExternalName &&
		!slices.ContainsFunc(v.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == port }):
		w.note(h, WebhookPortMissing, o, fmt.Sprintf("calls port %d of Service %s/%s, which has %s", port, o.Namespace, o.Name, portWords(v)),
			blocked, refused).
			Cite(finding.SeenAPI(h.Config, "webhooks["+h.Name+"].clientConfig.service.port", h.Made, fmt.Sprint(port)),
				finding.SeenAPI(o, "spec.ports", time.Time{}, portWords(v)))
	case known && !there:
		f := w.note(h, WebhookNoEndpoints, o, fmt.Sprintf("its Service %s/%s has no ready endpoint", o.Namespace, o.Name), blocked, refused)
		f.Cite(finding.SeenAPI(h.Config, "webhooks["+h.Name+"]", h.Made, fmt.Sprintf("calls Service %s/%s, failurePolicy %s", o.Namespace, o.Name,
			failurePolicy(h))), kube.SliceEvidence(w.s, v))
		if h.Fail && catchesItself(h, w.s, v) {
			f.Severity = incident.Critical
			f.Because = f.Title + ". It judges its own namespace as well, so its own pods cannot be created either"
			if slices.ContainsFunc(refused, func(e incident.Evidence) bool { return e.Object.Namespace == o.Namespace }) {
				f.Refs = nil // what should stand behind it waits for the webhook itself
			}
		}
	case expired(h, w, o, blocked, refused):
	case len(refused) > 0 && h.Fail:
		why := callError(refused[0].Excerpt)
		f := w.note(h, WebhookFailing, o, "calls fail: "+why, blocked, refused)
		if strings.Contains(why, "deadline exceeded") || strings.Contains(why, "imeout") {
			f.Cite(finding.SeenAPI(h.Config, "webhooks["+h.Name+"].timeoutSeconds", h.Made, fmt.Sprintf("%d s", h.Timeout)))
		}
	case known && h.Fail && catchesItself(h, w.s, v):
		f := w.note(h, WebhookCatchesItself, o, "judges the pods of its own namespace "+o.Namespace, "", nil)
		f.Cite(finding.SeenAPI(h.Config, "webhooks["+h.Name+"]", h.Made, "failurePolicy Fail, rules for pods, namespaceSelector matches "+
			o.Namespace))
	}
	if known && !soon.Over(w.s.At) {
		w.notYet(h, v, soon, refused)
	}
}

// notYet tells of a webhook whose Service will have an endpoint in a moment: beside what counts of it without that, for this passes.
func (w *webhooks) notYet(h *hooks.Hook, v *corev1.Service, soon finding.Term, refused []incident.Evidence) {
	o := kube.ServiceObject(v)
	f := w.r.Find(WebhookNoEndpoints, h.Config, fmt.Sprintf("%s: its Service %s/%s has no ready endpoint as yet", finding.Short(h.Config),
		v.Namespace, v.Name))
	f.Refs, f.Detail, f.Severity = []incident.Object{o}, Webhooks{[]string{h.Name}}, incident.Info
	if h.Fail {
		f.Severity = incident.Warning
	}
	f.Cite(finding.SeenAPI(h.Config, "webhooks["+h.Name+"]", h.Made, fmt.Sprintf("calls Service %s/%s, failurePolicy %s", v.Namespace, v.Name,
		failurePolicy(h))), kube.SliceEvidence(w.s, v)).Cite(refused[:min(len(refused), finding.ShownPods)]...)
	if f.MayPassWithin(soon); len(refused) == 0 {
		f.NotYetWithin(soon, w.s.At)
	}
}

// Webhooks is the detail of findings about a configuration's webhooks.
type Webhooks struct {
	Names []string // of those that the finding is about
}

// note begins the configuration's finding of the code, or adds to it. One that refuses nothing yet is a warning; with failurePolicy
// Ignore it stops nobody.
func (w *webhooks) note(h *hooks.Hook, code string, service incident.Object, what, blocked string,
	refused []incident.Evidence) *finding.Finding {
	id := code + "\x00" + h.Config.String() + "\x00" + service.String()
	f := w.found[id]
	if f == nil {
		f = w.r.Find(code, h.Config, fmt.Sprintf("%s %s%s", finding.Short(h.Config), strings.TrimSpace(what), consequence(h.Fail, blocked)))
		if strings.HasPrefix(what, "its ") || strings.HasPrefix(what, "calls fail") {
			f.Title = finding.OneLine(fmt.Sprintf("%s: %s%s", finding.Short(h.Config), what, consequence(h.Fail, blocked)), finding.MaxTitle)
		}
		f.Severity, f.Refs = incident.Info, []incident.Object{service}
		w.found[id] = f
	}
	d, _ := finding.DetailOf[Webhooks](f)
	f.Detail = Webhooks{append(d.Names, h.Name)}
	switch {
	case code == WebhookCatchesItself:
	case h.Fail && len(refused) > 0:
		f.Severity = incident.Critical
	case h.Fail && f.Severity == incident.Info:
		f.Severity = incident.Warning
	}
	for i, e := range refused {
		if i < finding.ShownPods {
			f.Cite(e)
		}
		f.Since = finding.Earlier(f.Since, e.Time)
	}
	return f
}

func consequence(fail bool, blocked string) string {
	switch {
	case blocked == "":
		return ""
	case fail:
		return ": " + blocked + " is refused"
	}
	return "; failurePolicy Ignore lets " + blocked + " pass unjudged"
}

func failurePolicy(h *hooks.Hook) string {
	if h.Fail {
		return string(admissionv1.Fail)
	}
	return string(admissionv1.Ignore)
}

func portWords(v *corev1.Service) string {
	var out []string
	for _, p := range v.Spec.Ports {
		out = append(out, fmt.Sprint(p.Port))
	}
	if len(out) == 0 {
		return "no port"
	}
	return strings.Join(out, ", ")
}

// answers says whether a Service has a ready endpoint, or may have until when: it is new, or its pods are only just starting.
func answers(s *snapshot.Snapshot, v *corev1.Service) (bool, finding.Term) {
	if v.Spec.Type == corev1.ServiceTypeExternalName {
		return true, finding.Term{}
	}
	endpoints := s.EndpointSlicesOf(v.Namespace, v.Name)
	for _, e := range endpoints {
		for i := range e.Endpoints {
			if ready := e.Endpoints[i].Conditions.Ready; ready == nil || *ready {
				return true, finding.Term{}
			}
		}
	}
	pods := s.PodsSelected(v.Namespace, v.Spec.Selector)
	if len(endpoints) == 0 && (finding.NotSeen(s, "endpointslices.discovery.k8s.io", v.Namespace) && len(v.Spec.Selector) == 0 ||
		len(v.Spec.Selector) > 0 && finding.NotSeen(s, finding.Pods, v.Namespace) ||
		slices.ContainsFunc(pods, kube.IsReady)) {
		return true, finding.Term{}
	}
	soon, unknown := podproblem.OnlyStarting(s, pods)
	soon = soon.Max(finding.Lasts(finding.Settling, v.CreationTimestamp.Time))
	return unknown || !soon.Over(s.At), soon
}

var failedCall = regexp.MustCompile(`failed calling webhook "([^"]+)"`)

// webhookRefusals is what events and conditions say of webhooks that could not be asked, by webhook.
func webhookRefusals(s *snapshot.Snapshot) map[string][]incident.Evidence {
	out := map[string][]incident.Evidence{}
	add := func(message string, e incident.Evidence) {
		if m := failedCall.FindStringSubmatch(message); m != nil {
			out[m[1]] = append(out[m[1]], e)
		}
	}
	for i := range s.Events {
		if e := &s.Events[i]; strings.Contains(e.Message, "failed calling webhook") &&
			s.At.Sub(snapshot.EventTime(e).Time) < finding.RecentRefusal.For {
			seen := finding.SeenEvent(e)
			seen.Time = kube.BeganAt(e).UTC()
			add(e.Message, seen)
		}
	}
	for i := range s.Deployments {
		d := &s.Deployments[i]
		if c := kube.DeploymentCondition(d, appsv1.DeploymentReplicaFailure); c != nil && c.Status == corev1.ConditionTrue &&
			strings.Contains(c.Message, "failed calling webhook") {
			add(c.Message, finding.SeenAPI(snapshot.ObjectOf("Deployment", d.Namespace, d.Name), "status.conditions[ReplicaFailure]",
				c.LastTransitionTime.Time, c.Message))
		}
	}
	return out
}

// callError is the end of the API server's words: why the call failed.
func callError(message string) string {
	if _, after, ok := strings.Cut(message, "failed to call webhook: "); ok {
		message = after
	}
	return finding.ShortMessage(message)
}
