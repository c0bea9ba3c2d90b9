package control

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// ConversionFails is the code of a kind whose objects cannot be turned from one version into another.
const ConversionFails = "ConversionFails"

var conversionCodes = []finding.Code{
	{Code: ConversionFails, Severity: incident.Warning, Root: true, Detail: Conversion{}, RestsOn: []incident.Resource{finding.Services},
		Meaning: "The webhook that turns a custom resource's objects from one version of their API into another does not answer. Whoever asks " +
			"for another version than the stored one gets an error: the kind's own controller, whoever deletes a namespace, and the garbage " +
			"collector, which then collects nothing at all.",
		Next: "Bring the webhook's Service and pods back, or correct spec.conversion. If what served it is gone for good, delete the " +
			"CustomResourceDefinition, or set spec.conversion.strategy to None.",
		Example: "CustomResourceDefinition widgets.example.com: its conversion webhook calls Service widgets/webhook, which does not exist: " +
			"no Widget can be listed in another version than it is stored in"},
}

// Conversion is the detail of ConversionFails.
type Conversion struct {
	Group, Kind string
	Hearers     []incident.Object // whose logs tell of it
}

// conversionSaid are the API server's words for it (apiextensions-apiserver, pkg/apiserver/conversion).
var conversionSaid = regexp.MustCompile(`conversion webhook for ([a-z0-9.-]+)/v\w+, Kind=(\w+) failed: (.*)`)

// heardOf is what somebody was told of a kind that cannot be converted.
type heardOf struct {
	why  string
	who  []incident.Object
	seen []incident.Evidence
}

// checkConversions looks at the conversion webhooks of the kinds that there are, and at what others were told of them.
func checkConversions(s *snapshot.Snapshot, r *finding.Report) {
	heard := heardConversions(s)
	done := map[schema.GroupKind]bool{}
	for _, d := range s.CustomsOf(snapshot.DefinitionKind) {
		k := schema.GroupKind{Group: kube.StringAt(d.Object, "spec", "group"), Kind: kube.StringAt(d.Object, "spec", "names", "kind")}
		done[k] = true
		why, soon, refs, seen := conversionTrouble(s, d)
		h := heard[k]
		if why == "" && h != nil {
			why = "its conversion webhook fails: " + h.why
		}
		if why != "" {
			f := reportConversion(r, snapshot.CustomObject(d), k, why, h, refs, seen).MayPassWithin(soon)
			// the definition names a Service that is not there, and somebody has met its absence
			f.Final = h != nil && len(refs) > 0 && s.Service(refs[0].Namespace, refs[0].Name) == nil
		}
	}
	for k, h := range heard {
		if !done[k] {
			o := snapshot.ObjectOf(snapshot.DefinitionKind.Kind, "", strings.ToLower(k.Kind)+"s."+k.Group) // most plurals are regular
			reportConversion(r, o, k, "its conversion webhook fails: "+h.why, h, nil, nil)
		}
	}
}

func reportConversion(r *finding.Report, o incident.Object, k schema.GroupKind, why string, h *heardOf, refs []incident.Object,
	seen []incident.Evidence) *finding.Finding {
	f := r.Find(ConversionFails, o, finding.OneLine(fmt.Sprintf("%s: %s: no %s can be listed in another version than it is stored in",
		finding.Short(o), why, k.Kind), finding.MaxTitle))
	d := Conversion{Group: k.Group, Kind: k.Kind}
	f.Refs = refs
	f.Cite(seen...)
	if h != nil {
		d.Hearers = h.who
		f.Cite(h.seen...)
	}
	f.Detail = d
	return f
}

// conversionTrouble is why a definition's conversion webhook cannot answer; "" where it may, or is never asked.
func conversionTrouble(s *snapshot.Snapshot, d *unstructured.Unstructured) (why string, soon finding.Term, refs []incident.Object,
	seen []incident.Evidence) {
	versions, _, _ := unstructured.NestedSlice(d.Object, "spec", "versions")
	client, _, _ := unstructured.NestedMap(d.Object, "spec", "conversion", "webhook", "clientConfig")
	ns, name := kube.StringAt(client, "service", "namespace"), kube.StringAt(client, "service", "name")
	if len(versions) < 2 || kube.StringAt(d.Object, "spec", "conversion", "strategy") != "Webhook" || name == "" ||
		finding.NotSeen(s, "services", ns) {
		return "", soon, nil, nil
	}
	v, o := s.Service(ns, name), snapshot.ObjectOf("Service", ns, name)
	port := int64(443)
	if p, ok, _ := unstructured.NestedInt64(client, "service", "port"); ok {
		port = p
	}
	there := true
	if v != nil {
		there, soon = answers(s, v)
	}
	switch {
	case v == nil:
		why = fmt.Sprintf("its conversion webhook calls Service %s/%s, which does not exist", ns, name)
		soon = finding.Lasts(finding.Settling, d.GetCreationTimestamp().Time)
	case v.Spec.Type != corev1.ServiceTypeExternalName &&
		!slices.ContainsFunc(v.Spec.Ports, func(p corev1.ServicePort) bool { return int64(p.Port) == port }):
		why = fmt.Sprintf("its conversion webhook calls port %d of Service %s/%s, which has %s", port, ns, name, portWords(v))
	case !there:
		why = fmt.Sprintf("its conversion webhook's Service %s/%s has no ready endpoint", ns, name)
		seen = append(seen, kube.SliceEvidence(s, v))
	default:
		return "", soon, nil, nil
	}
	crd := snapshot.CustomObject(d)
	return why, soon, []incident.Object{o}, append([]incident.Evidence{finding.SeenAPI(crd, "spec.conversion.webhook.clientConfig.service",
		time.Time{}, ns+"/"+name)}, seen...)
}

// heardConversions is what logs and messages tell of kinds that cannot be converted, and still do.
func heardConversions(s *snapshot.Snapshot) map[schema.GroupKind]*heardOf {
	out := map[schema.GroupKind]*heardOf{}
	note := func(text string, who incident.Object, seen ...incident.Evidence) {
		m := conversionSaid.FindStringSubmatch(text)
		if m == nil {
			return
		}
		k := schema.GroupKind{Group: m[1], Kind: m[2]}
		h := out[k]
		if h == nil {
			h = &heardOf{why: finding.ShortMessage(innermost(m[3]))}
			out[k] = h
		}
		if len(h.seen) < finding.ShownPods {
			h.seen = append(h.seen, seen...)
		}
		if !who.IsZero() {
			h.who = finding.Union(h.who, []incident.Object{who})
		}
	}
	for i := range s.Logs {
		l := &s.Logs[i]
		line := logs.LastWith(l.Text, "conversion webhook for ")
		p := s.Pod(l.Namespace, l.Pod)
		if line == "" || p == nil {
			continue
		}
		if at := readings.Moment(logs.StampOf(line), s.At); at.IsZero() || s.At.Sub(at) < finding.RecentError.For || l.Previous {
			note(line, s.WorkloadOf(p), finding.SeenLog(p, l.Container, l.Previous, strings.TrimSpace(line)))
		}
	}
	for i := range s.Events {
		if e := &s.Events[i]; strings.Contains(e.Message, "conversion webhook for ") &&
			s.At.Sub(snapshot.EventTime(e).Time) < finding.RecentRefusal.For {
			note(e.Message, incident.Object{}, finding.SeenEvent(e))
		}
	}
	for _, n := range s.NotSeen {
		note(n.Why, incident.Object{})
	}
	return out
}

// innermost is the last of errors that introduce one another: what was wrong with the call, without the call.
func innermost(said string) string {
	if i := strings.Index(said, `": `); i > 0 && strings.HasPrefix(said, "Post ") {
		said = said[i+3:]
	}
	return said
}
