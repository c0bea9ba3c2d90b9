package control

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about APIServices.
const (
	APIServiceUnavailable = "APIServiceUnavailable"
	APIServiceTakenOver   = "APIServiceTakenOver"
)

var apiServiceCodes = []finding.Code{
	{Code: APIServiceUnavailable, Severity: incident.Critical, Root: true, Detail: UnavailableAPI{},
		Meaning: "An API that another server answers for does not work: its requests fail, and no namespace can be deleted meanwhile.",
		Next:    "Bring its Service and pods back; if what served it is gone for good, delete the APIService.",
		Example: "APIService v1beta1.metrics.k8s.io is unavailable: Service kube-system/metrics-server has no ready endpoint (MissingEndpoints)"},
	{Code: APIServiceTakenOver, Severity: incident.Warning, Root: true,
		Meaning: "An API for metrics was changed, and whoever serves it since does not know the metrics that HorizontalPodAutoscalers ask it " +
			"for. A cluster has one server for each such API.",
		Next: "Let one of the two serve it: point spec.service back at the server that knows the metrics, and keep the other from " +
			"installing its APIService (with Helm, a value of its chart).",
		Example: "APIService v1beta1.external.metrics.k8s.io was changed at 09:12:00 UTC (helm), and Service " +
			"datadog/datadog-cluster-agent-metrics-api, which answers for it, does not know what HorizontalPodAutoscaler keda-hpa-worker asks for"},
}

func checkAPIServices(s *snapshot.Snapshot, r *finding.Report) {
	checkTakenOver(s, r)
	for _, a := range s.CustomsOf(kube.APIServiceKind) {
		c := customCondition(a, "Available")
		if c["status"] != "False" {
			continue
		}
		o := snapshot.CustomObject(a)
		ns, name, _ := kube.APIServiceTarget(a)
		var starting finding.Term
		if v := s.Service(ns, name); v != nil {
			unknown := false
			if starting, unknown = podproblem.Starting(s, v); unknown {
				continue
			}
		}
		f := r.Find(APIServiceUnavailable, o, fmt.Sprintf("APIService %s is unavailable: %s (%s)", a.GetName(), unavailableWhy(s, c, ns, name),
			c["reason"]))
		f.Since, f.Detail = conditionTime(c), UnavailableAPI{groupVersion(a)}
		if name != "" {
			f.Refs = []incident.Object{snapshot.ObjectOf("Service", ns, name)}
		}
		if group, _, _ := unstructured.NestedString(a.Object, "spec", "group"); group == "metrics.k8s.io" ||
			strings.HasSuffix(group, ".metrics.k8s.io") {
			f.Severity = incident.Warning // what runs goes on running
		}
		f.Cite(finding.SeenAPI(o, "status.conditions[Available]", f.Since, c["reason"]+": "+c["message"]))
		if v := s.Service(ns, name); v != nil {
			f.Cite(kube.SliceEvidence(s, v))
		} else {
			f.Final = c["reason"] == "ServiceNotFound" && !finding.NotSeen(s, finding.Services, ns) // both say that it is not there
		}
		f.MayPass(finding.Settling, f.Since).NotYetWithin(starting, s.At)
		f.UnlessWithin(finding.Lasts(finding.LongStart, f.Since), s.At, finding.Pods, finding.Services)
	}
}

// UnavailableAPI is the detail of APIServiceUnavailable.
type UnavailableAPI struct {
	API schema.GroupVersion
}

func groupVersion(a *unstructured.Unstructured) schema.GroupVersion {
	group, _, _ := unstructured.NestedString(a.Object, "spec", "group")
	version, _, _ := unstructured.NestedString(a.Object, "spec", "version")
	return schema.GroupVersion{Group: group, Version: version}
}

func unavailableWhy(s *snapshot.Snapshot, c map[string]string, namespace, name string) string {
	switch c["reason"] {
	case "ServiceNotFound":
		var names []string
		for i := range s.Services {
			if s.Services[i].Namespace == namespace {
				names = append(names, s.Services[i].Name)
			}
		}
		return fmt.Sprintf("Service %s/%s does not exist%s", namespace, name, kube.DidYouMean(kube.Nearest(name, names)))
	case "MissingEndpoints", "EndpointsNotFound":
		return fmt.Sprintf("Service %s/%s has no ready endpoint", namespace, name)
	}
	return finding.ShortMessage(c["message"])
}

// customCondition is a condition of a custom object, as strings; nil if it has none of the type.
func customCondition(o *unstructured.Unstructured, kind string) map[string]string {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, x := range list {
		m, ok := x.(map[string]any)
		if !ok || m["type"] != kind {
			continue
		}
		c := map[string]string{}
		for k, v := range m {
			if text, ok := v.(string); ok {
				c[k] = text
			}
		}
		return c
	}
	return nil
}

func conditionTime(c map[string]string) time.Time {
	t, err := time.Parse(time.RFC3339, c["lastTransitionTime"])
	if err != nil {
		return time.Time{}
	}
	return t
}
