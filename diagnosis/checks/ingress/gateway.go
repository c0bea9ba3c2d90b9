package ingress

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about the Gateway API.
const (
	GatewayClassMissing = "GatewayClassMissing"
	GatewayNotReady     = "GatewayNotReady"
	RouteParentMissing  = "RouteParentMissing"
	RouteBackendMissing = "RouteBackendMissing"
	RouteRefused        = "RouteRefused"
)

var gatewayCodes = []finding.Code{
	{Code: GatewayClassMissing, Severity: incident.Critical, Root: true,
		Meaning: "The GatewayClass that a Gateway names does not exist, or no controller has accepted it: nobody serves the Gateway.",
		Next:    "Name a class that exists (kubectl get gatewayclass), or install its controller.",
		Example: "Gateway infra/public names GatewayClass istoi, which does not exist (there is istio)"},
	{Code: GatewayNotReady, Severity: incident.Critical, Root: true,
		Meaning: "A Gateway, or one of its listeners, is not accepted or not programmed: what arrives there goes nowhere.",
		Next:    "Read the condition's reason; often a certificate or an address is missing.",
		Example: "Gateway infra/public: listener https is not ready (ResolvedRefs is False, InvalidCertificateRef): certificate " +
			"infra/web-tls not found"},
	{Code: RouteParentMissing, Severity: incident.Critical, Root: true,
		Meaning: "A route attaches to a Gateway, or to a listener of one, that does not exist, so nothing reaches it.",
		Next:    "Correct the route's parentRefs, or create the Gateway.",
		Example: "HTTPRoute shop/web attaches to Gateway infra/pubilc, which does not exist (there is public)"},
	{Code: RouteBackendMissing, Severity: incident.Critical, Root: true,
		RestsOn: []incident.Resource{finding.Services},
		Meaning: "A route sends traffic to a Service, or to a port of one, that does not exist; who asks for it gets an error (500).",
		Next:    "Correct the route's backendRefs, or create the Service.",
		Example: "HTTPRoute shop/web sends traffic to Service shop/wbe, which does not exist (there is web)"},
	{Code: RouteRefused, Severity: incident.Critical, Root: true,
		Meaning: "A Gateway does not accept a route, or cannot resolve what it refers to.",
		Next:    "Read the condition's reason: the listener's allowedRoutes and hostname, or a ReferenceGrant that is missing.",
		Example: "HTTPRoute shop/web is not accepted by Gateway infra/public (NotAllowedByListeners): No listeners included by this parent ref " +
			"allowed this attachment."},
}

// routeKinds are the kinds of routes; all have parentRefs, and rules with backendRefs.
var routeKinds = []string{"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"}

func gatewayGroupKind(kind string) schema.GroupKind {
	return schema.GroupKind{Group: snapshot.GatewayGroup, Kind: kind}
}

// gatewayObject is as much of a Gateway API object, of any version, as the checks need.
type gatewayObject struct {
	metav1.ObjectMeta `json:"metadata"`
	Kind              string `json:"kind"`
	Spec              struct {
		GatewayClassName string `json:"gatewayClassName"`
		Listeners        []struct {
			Name string `json:"name"`
			Port int32  `json:"port"`
		} `json:"listeners"`
		ParentRefs []gatewayRef `json:"parentRefs"`
		Rules      []struct {
			BackendRefs []gatewayRef `json:"backendRefs"`
		} `json:"rules"`
	} `json:"spec"`
	Status struct {
		Conditions []metav1.Condition `json:"conditions"`
		Listeners  []struct {
			Name       string             `json:"name"`
			Conditions []metav1.Condition `json:"conditions"`
		} `json:"listeners"`
		Parents []struct {
			ParentRef  gatewayRef         `json:"parentRef"`
			Conditions []metav1.Condition `json:"conditions"`
		} `json:"parents"`
	} `json:"status"`
}

// gatewayRef is a reference to a Gateway or a Service; Group and Kind have defaults that depend on where it stands.
type gatewayRef struct {
	Group       *string `json:"group"`
	Kind        *string `json:"kind"`
	Name        string  `json:"name"`
	Namespace   string  `json:"namespace"`
	SectionName string  `json:"sectionName"`
	Port        *int64  `json:"port"`
}

// is says whether the reference is to a kind, which is the one meant where none is named.
func (x gatewayRef) is(group, kind string) bool {
	return (x.Group == nil || *x.Group == group) && (x.Kind == nil || *x.Kind == kind)
}

func (x gatewayRef) in(namespace string) string {
	if x.Namespace != "" {
		return x.Namespace
	}
	return namespace
}

func (g *gatewayObject) object() incident.Object {
	return snapshot.ObjectOf(g.Kind, g.Namespace, g.Name)
}

// gatewayObjects reads the objects of a kind; what does not have its form is left out.
func gatewayObjects(s *snapshot.Snapshot, kind string) []*gatewayObject {
	var out []*gatewayObject
	for _, u := range s.CustomsOf(gatewayGroupKind(kind)) {
		if g, ok := readGatewayObject(u); ok {
			out = append(out, g)
		}
	}
	return out
}

func readGatewayObject(u *unstructured.Unstructured) (*gatewayObject, bool) {
	var g gatewayObject
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &g)
	return &g, err == nil && g.Name != ""
}

func checkGateways(s *snapshot.Snapshot, r *finding.Report) {
	if len(s.Customs) == 0 {
		return
	}
	gateways := gatewayObjects(s, "Gateway")
	checkGatewayClasses(s, r, gateways)
	for _, kind := range routeKinds {
		for _, route := range gatewayObjects(s, kind) {
			if route.DeletionTimestamp == nil {
				marked := r.MayPass(finding.Lasts(finding.Settling, route.CreationTimestamp.Time))
				checkRoute(s, r, route, gateways)
				marked()
			}
		}
	}
}

func checkGatewayClasses(s *snapshot.Snapshot, r *finding.Report, gateways []*gatewayObject) {
	classes, refused := map[string]*gatewayObject{}, map[*gatewayObject]*finding.Finding{}
	for _, c := range gatewayObjects(s, "GatewayClass") {
		classes[c.Name] = c
	}
	young := func(g *gatewayObject) bool { return kube.Newly(s, g.CreationTimestamp.Time) }
	old := slices.DeleteFunc(slices.Clone(gateways), young)
	for _, g := range append(old, slices.DeleteFunc(slices.Clone(gateways), func(g *gatewayObject) bool { return !young(g) })...) {
		if g.DeletionTimestamp != nil || young(g) && refused[classes[g.Spec.GatewayClassName]] != nil {
			continue // a young one changes nothing of what is said of its class
		}
		checkGatewayOf(s, r, g, classes, refused)
	}
}

// checkGatewayOf looks at a Gateway's class, and then at itself.
func checkGatewayOf(s *snapshot.Snapshot, r *finding.Report, g *gatewayObject, classes map[string]*gatewayObject,
	refused map[*gatewayObject]*finding.Finding) {
	defer r.MayPass(finding.Lasts(finding.Settling, g.CreationTimestamp.Time))()
	class, ok := classes[g.Spec.GatewayClassName]
	switch {
	case !ok && !finding.NotSeen(s, "gatewayclasses.gateway.networking.k8s.io", "") && s.Namespace == "":
		f := r.Find(GatewayClassMissing, g.object(), fmt.Sprintf("Gateway %s/%s names GatewayClass %s, which does not exist%s", g.Namespace,
			g.Name, g.Spec.GatewayClassName,
			kube.DidYouMean(nearOrAll(g.Spec.GatewayClassName, slices.Sorted(maps.Keys(classes))))))
		f.Since = g.CreationTimestamp.Time
		f.Cite(finding.SeenAPI(f.Object, "spec.gatewayClassName", time.Time{}, fmt.Sprintf("%q", g.Spec.GatewayClassName)))
		return
	case ok && conditionRefuses(gatewayCondition(class.Status.Conditions, "Accepted")) != "":
		c := gatewayCondition(class.Status.Conditions, "Accepted")
		f := refused[class]
		if f == nil {
			f = r.Find(GatewayClassMissing, class.object(), fmt.Sprintf("GatewayClass %s, which Gateway %s/%s names, is not accepted %s",
				class.Name, g.Namespace, g.Name, conditionRefuses(c)))
			f.Since = c.LastTransitionTime.Time
			f.Cite(conditionSeen(class, "status", c))
			refused[class] = f
		}
		f.Refs = append(f.Refs, g.object())
		return
	}
	checkGateway(s, r, g)
}

// nearOrAll are the names that look alike, or a few of all if none does.
func nearOrAll(name string, names []string) []string {
	if alike := kube.Nearest(name, names); len(alike) > 0 {
		return alike
	}
	return names[:min(len(names), 3)]
}

func gatewayCondition(list []metav1.Condition, t string) *metav1.Condition {
	for i := range list {
		if list[i].Type == t {
			return &list[i]
		}
	}
	return nil
}

// conditionRefuses says how a condition refuses, "(Reason): message"; "" if it does not. One that is still Pending passes by itself, or is
// somebody else's to report.
func conditionRefuses(c *metav1.Condition) string {
	if c == nil || c.Status == metav1.ConditionTrue || c.Status == metav1.ConditionUnknown && c.Reason == "" {
		return ""
	}
	words := "(" + c.Reason + ")"
	if c.Message != "" {
		words += ": " + strings.TrimRight(c.Message, ".")
	}
	return words
}

func conditionSeen(g *gatewayObject, where string, c *metav1.Condition) incident.Evidence {
	return finding.SeenAPI(g.object(), where+".conditions["+c.Type+"]", c.LastTransitionTime.Time,
		strings.TrimSpace(string(c.Status)+" "+c.Reason+": "+c.Message))
}

// checkGateway reports the listener that is not well, or else the Gateway itself.
func checkGateway(s *snapshot.Snapshot, r *finding.Report, g *gatewayObject) {
	found := false
	for _, l := range g.Status.Listeners {
		for _, t := range []string{"ResolvedRefs", "Accepted", "Programmed", "Conflicted"} {
			c := gatewayCondition(l.Conditions, t)
			bad := conditionRefuses(c) != ""
			if t == "Conflicted" {
				bad = c != nil && c.Status == metav1.ConditionTrue
			}
			if !bad {
				continue
			}
			f := r.Find(GatewayNotReady, g.object(), fmt.Sprintf("Gateway %s/%s: listener %s is not ready (%s is %s, %s): %s", g.Namespace, g.Name,
				l.Name, t, c.Status, c.Reason, strings.TrimRight(c.Message, ".")))
			f.Since, f.Final = c.LastTransitionTime.Time, slices.Contains(settled, c.Reason)
			f.Cite(conditionSeen(g, "status.listeners["+l.Name+"]", c))
			if !f.MayPass(finding.Settling, f.Since).Early(s.At) {
				found = true
				break
			}
		}
	}
	if found {
		return
	}
	for _, t := range []string{"Accepted", "Programmed", "Scheduled", "Ready"} {
		c := gatewayCondition(g.Status.Conditions, t)
		if words := conditionRefuses(c); words != "" {
			f := r.Find(GatewayNotReady, g.object(), fmt.Sprintf("Gateway %s/%s is not ready: %s is %s %s", g.Namespace, g.Name, t, c.Status, words))
			f.Since = c.LastTransitionTime.Time
			f.Cite(conditionSeen(g, "status", c))
			normal := finding.Lasts(finding.Settling, f.Since).Max(finding.Lasts(finding.SlowIngress, g.CreationTimestamp.Time))
			if f.MayPassWithin(normal); c.Status == metav1.ConditionUnknown {
				f.NotYetWithin(normal, s.At)
			}
			if !f.Early(s.At) {
				return
			}
		}
	}
}
