package ingress

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// settled are the reasons of the Gateway API by which a route or a listener is refused for what it says itself, or what its Gateway says,
// with nothing behind that: no ReferenceGrant lets it, no listener takes it, its certificate is not there.
var settled = []string{"RefNotPermitted", "NotAllowedByListeners", "NoMatchingListenerHostname", "NoMatchingParent",
	"InvalidCertificateRef", "HostnameConflict", "ProtocolConflict", "UnsupportedProtocol", "InvalidRouteKinds"}

func checkRoute(s *snapshot.Snapshot, r *finding.Report, route *gatewayObject, gateways []*gatewayObject) {
	backends := checkRouteBackends(s, r, route)
	missing := checkRouteParents(s, r, route, gateways)
	for _, p := range route.Status.Parents {
		for _, t := range []string{"Accepted", "ResolvedRefs"} {
			c := gatewayCondition(p.Conditions, t)
			words := conditionRefuses(c)
			if words == "" || t == "ResolvedRefs" && backends || t == "Accepted" && missing {
				continue
			}
			parent := snapshot.ObjectOf("Gateway", p.ParentRef.in(route.Namespace), p.ParentRef.Name)
			does := "is not accepted by"
			if t == "ResolvedRefs" {
				does = "has references that cannot be resolved, says"
			}
			f := r.Find(RouteRefused, route.object(), fmt.Sprintf("%s %s/%s %s Gateway %s/%s %s", route.Kind, route.Namespace, route.Name, does,
				parent.Namespace, parent.Name, words))
			f.Since, f.Refs = c.LastTransitionTime.Time, []incident.Object{parent}
			f.Final = slices.Contains(settled, c.Reason)
			f.Cite(conditionSeen(route, "status.parents["+p.ParentRef.Name+"]", c))
			if !f.MayPass(finding.Settling, f.Since).Early(s.At) {
				break
			}
		}
	}
}

// checkRouteParents reports parents that are not there, and says whether one is missing.
func checkRouteParents(s *snapshot.Snapshot, r *finding.Report, route *gatewayObject, gateways []*gatewayObject) bool {
	if finding.NotSeen(s, "gateways.gateway.networking.k8s.io", "") {
		return false
	}
	missing := false
	for i, p := range route.Spec.ParentRefs {
		namespace := p.in(route.Namespace)
		if !p.is(snapshot.GatewayGroup, "Gateway") || s.Namespace != "" && namespace != s.Namespace {
			continue
		}
		at := slices.IndexFunc(gateways, func(g *gatewayObject) bool { return g.Namespace == namespace && g.Name == p.Name })
		var title, seen string
		switch {
		case at < 0:
			var names []string
			for _, g := range gateways {
				switch {
				case g.Namespace == namespace:
					names = append(names, g.Name)
				case g.Name == p.Name:
					names = append(names, g.Namespace+"/"+g.Name)
				}
			}
			title = fmt.Sprintf("attaches to Gateway %s/%s, which does not exist%s", namespace, p.Name, kube.DidYouMean(kube.Nearest(p.Name, names)))
			seen = namespace + "/" + p.Name
		case p.SectionName != "" && !slices.Contains(listenersOf(gateways[at]), p.SectionName):
			title = fmt.Sprintf("attaches to listener %s of Gateway %s/%s, which it does not have%s", p.SectionName, namespace, p.Name,
				kube.DidYouMean(listenersOf(gateways[at])))
			seen = "sectionName " + p.SectionName
		default:
			continue
		}
		missing = true
		f := r.Find(RouteParentMissing, route.object(), fmt.Sprintf("%s %s/%s %s", route.Kind, route.Namespace, route.Name, title))
		f.Since = route.CreationTimestamp.Time
		f.Cite(finding.SeenAPI(f.Object, fmt.Sprintf("spec.parentRefs[%d]", i), time.Time{}, seen))
	}
	return missing
}

func listenersOf(g *gatewayObject) []string {
	var names []string
	for _, l := range g.Spec.Listeners {
		names = append(names, l.Name)
	}
	return names
}

// checkRouteBackends reports Services, and ports of them, that are not there, and says whether one is missing.
func checkRouteBackends(s *snapshot.Snapshot, r *finding.Report, route *gatewayObject) bool {
	if finding.NotSeen(s, "services", "") {
		return false
	}
	missing := false
	told := map[string]bool{}
	for i, rule := range route.Spec.Rules {
		for j, b := range rule.BackendRefs {
			namespace := b.in(route.Namespace)
			if !b.is("", "Service") || b.Name == "" || s.Namespace != "" && namespace != s.Namespace {
				continue
			}
			v := s.Service(namespace, b.Name)
			var title string
			switch {
			case v == nil:
				title = fmt.Sprintf("sends traffic to Service %s/%s, which does not exist%s", namespace, b.Name,
					kube.DidYouMean(kube.Nearest(b.Name, kube.ServicesIn(s, namespace))))
			case b.Port != nil && v.Spec.Type != corev1.ServiceTypeExternalName && !kube.HasPort(v, fmt.Sprint(*b.Port)):
				title = fmt.Sprintf("sends traffic to port %d of Service %s/%s, which it does not have%s", *b.Port, namespace, b.Name,
					kube.DidYouMean(kube.ServicePorts(v)))
			default:
				continue
			}
			missing = true
			if told[title] {
				continue
			}
			told[title] = true
			f := r.Find(RouteBackendMissing, route.object(), fmt.Sprintf("%s %s/%s %s", route.Kind, route.Namespace, route.Name, title))
			f.Since = route.CreationTimestamp.Time
			seen := "Service " + namespace + "/" + b.Name
			if b.Port != nil {
				seen += fmt.Sprintf(", port %d", *b.Port)
			}
			f.Cite(finding.SeenAPI(f.Object, fmt.Sprintf("spec.rules[%d].backendRefs[%d]", i, j), time.Time{}, seen))
		}
	}
	return missing
}
