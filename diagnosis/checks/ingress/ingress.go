package ingress

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Checks look at what lets people in: Ingresses, Gateways, and the certificates that they show.
var Checks = []finding.Check{
	{Name: "ingresses", Codes: slices.Concat(ingressCodes, takenCodes, referenceCodes), Run: checkHosts},
	{Name: "ingress classes", Codes: classCodes, Run: checkDefaultClass},
	{Name: "gateways", Codes: gatewayCodes, Run: checkGateways},
	{Name: "certificates", Codes: tlsCodes, Run: checkTLS},
}

// The codes of findings about Ingresses.
const (
	IngressBackendMissing = "IngressBackendMissing"
	IngressPortMissing    = "IngressPortMissing"
	IngressClassMissing   = "IngressClassMissing"
	IngressNoController   = "IngressNoController"
	IngressConflict       = "IngressConflict"
	IngressSecretMissing  = "IngressSecretMissing"
	IngressCertificate    = "IngressCertificate"
	IngressReloadFails    = "IngressReloadFails"
)

var ingressCodes = []finding.Code{
	{Code: IngressBackendMissing, Severity: incident.Critical, Root: true,
		RestsOn: []incident.Resource{finding.Services},
		Meaning: "An Ingress sends a path to a Service that does not exist; who asks for it gets an error (503, or 404).",
		Next:    "Correct the Service's name in the Ingress, or create the Service.",
		Example: "Ingress shop/web sends shop.example.com/ to Service wbe, which does not exist (there is web)"},
	{Code: IngressPortMissing, Severity: incident.Critical, Root: true,
		Meaning: "An Ingress sends a path to a port that the Service does not have.",
		Next:    "Correct the port in the Ingress, or add it to the Service.",
		Example: "Ingress shop/web sends shop.example.com/ to port 8080 of Service web, which it does not have (there is http=80)"},
	{Code: IngressClassMissing, Severity: incident.Warning, Root: true,
		RestsOn: []incident.Resource{finding.IngressClasses},
		Meaning: "No controller serves an Ingress: the class that it names does not exist, or it names none and no class is the default.",
		Next:    "Name a class that exists (kubectl get ingressclass) in spec.ingressClassName.",
		Example: "Ingress shop/web names IngressClass ngnix, which does not exist (there is nginx)"},
	{Code: IngressNoController, Severity: incident.Critical,
		RestsOn: []incident.Resource{finding.Pods, finding.Ingresses, finding.IngressClasses},
		Meaning: "An IngressClass is used, but no pod of its controller is ready, so nothing answers for its Ingresses.",
		Next:    "Look at the controller's pods.",
		Example: "IngressClass nginx has no controller: Deployment ingress-nginx/ingress-nginx-controller is scaled to 0"},
	{Code: IngressConflict, Severity: incident.Warning, Root: true,
		Meaning: "Two Ingresses of one class claim the same host and path for different backends; the controller picks one of them.",
		Next:    "Give one of them another host or path, or delete it.",
		Example: "Ingresses shop/web and old/web both claim shop.example.com/ (class nginx), for different Services"},
	{Code: IngressSecretMissing, Severity: incident.Warning, Root: true,
		Meaning: "The TLS Secret that an Ingress names does not exist; browsers get the controller's own certificate and warn.",
		Next:    "Create the Secret, or correct its name in spec.tls.",
		Example: "Ingress shop/web needs TLS Secret web-tsl, which does not exist (there is web-tls)"},
	{Code: IngressCertificate, Severity: incident.Warning, Root: true,
		Meaning: "An Ingress serves a host with a certificate that is for other names, so that browsers warn.",
		Next:    "Ask for a certificate with the names that the Ingress serves, or correct spec.tls.",
		Example: "Ingress shop/web serves shop.example.org with a certificate that is for shop.example.com (Secret web-tls)"},
	{Code: IngressReloadFails, Severity: incident.Critical, Root: true,
		Meaning: "The ingress controller cannot take up its new configuration, for one Ingress makes it invalid. It serves the old one, and no " +
			"change of any Ingress has an effect.",
		Next: "Correct the annotation or take it away; let the controller's admission webhook refuse such Ingresses, and keep snippets off " +
			"(allow-snippet-annotations).",
		Example: `Ingress shop/web keeps Deployment ingress-nginx-controller from taking up any change of Ingresses: unknown directive "more_set_header" (annotation nginx.ingress.kubernetes.io/configuration-snippet)`},
}

// checkHosts looks at Ingresses, and at who else asks for their hosts.
func checkHosts(s *snapshot.Snapshot, r *finding.Report) {
	checkIngresses(s, r)
	checkTaken(s, r)
}

func checkIngresses(s *snapshot.Snapshot, r *finding.Report) {
	if len(s.Ingresses) == 0 {
		return
	}
	for i := range s.Ingresses {
		g := &s.Ingresses[i]
		if g.DeletionTimestamp != nil {
			continue
		}
		marked := r.MayPass(finding.Lasts(finding.Settling, g.CreationTimestamp.Time))
		checkBackends(s, r, g)
		checkIngressClass(s, r, g)
		checkIngressTLS(s, r, g)
		marked()
	}
	checkRouteClaims(s, r)
	checkIngressControllers(s, r)
	checkIngressReload(s, r)
	checkReferences(s, r)
}

func ingressObject(g *networkingv1.Ingress) incident.Object {
	return snapshot.ObjectOf("Ingress", g.Namespace, g.Name)
}

// checkBackends reports each Service that is missing, or lacks the port, once for an Ingress.
func checkBackends(s *snapshot.Snapshot, r *finding.Report, g *networkingv1.Ingress) {
	if finding.NotSeen(s, "services", g.Namespace) {
		return
	}
	told := map[networkingv1.IngressServiceBackend]bool{}
	for _, x := range kube.RoutesOf(g) {
		b := x.Backend.Service
		if b == nil || told[*b] {
			continue
		}
		told[*b] = true
		o := ingressObject(g)
		v := s.Service(g.Namespace, b.Name)
		switch {
		case v == nil && b.Port.Name == useAnnotation:
		case v == nil:
			f := r.Find(IngressBackendMissing, o, fmt.Sprintf("Ingress %s/%s sends %s to Service %s, which does not exist%s", g.Namespace, g.Name, x,
				b.Name,
				kube.DidYouMean(kube.Nearest(b.Name, kube.ServicesIn(s, g.Namespace)))))
			f.Since = g.CreationTimestamp.Time
			f.Cite(finding.SeenAPI(o, x.Field, time.Time{}, "service "+b.Name+", port "+backendPort(b.Port)))
		case v.Spec.Type != corev1.ServiceTypeExternalName && len(v.Spec.Ports) > 0 && !hasBackendPort(v, b.Port):
			f := r.Find(IngressPortMissing, o, fmt.Sprintf("Ingress %s/%s sends %s to port %s of Service %s, which it does not have%s", g.Namespace,
				g.Name, x, backendPort(b.Port), b.Name,
				kube.DidYouMean(kube.ServicePorts(v))))
			f.Since = g.CreationTimestamp.Time
			f.Cite(finding.SeenAPI(o, x.Field, time.Time{}, "service "+b.Name+", port "+backendPort(b.Port)),
				finding.SeenAPI(kube.ServiceObject(v), "spec.ports", time.Time{}, "has "+strings.Join(kube.ServicePorts(v), ", ")))
		}
	}
}

// useAnnotation is the port by which the AWS controller's Ingresses refer to an action in an annotation, not to a Service.
const useAnnotation = "use-annotation"

func hasBackendPort(v *corev1.Service, p networkingv1.ServiceBackendPort) bool {
	return p.Name == useAnnotation || slices.ContainsFunc(v.Spec.Ports, func(have corev1.ServicePort) bool {
		return p.Name != "" && have.Name == p.Name || p.Name == "" && have.Port == p.Number
	})
}

func backendPort(p networkingv1.ServiceBackendPort) string {
	if p.Name != "" {
		return fmt.Sprintf("%q", p.Name)
	}
	return fmt.Sprint(p.Number)
}

// claim is an Ingress' word that a host and path are its own.
type claim struct {
	ingress *networkingv1.Ingress
	route   kube.Route
}

// checkRouteClaims reports Ingresses that claim the same, unless they lead to the same place or stand behind different addresses.
func checkRouteClaims(s *snapshot.Snapshot, r *finding.Report) {
	type key struct{ class, host, path, pathType string }
	first := map[key]claim{}
	told := map[[2]*networkingv1.Ingress]bool{}
	for i := range s.Ingresses {
		g := &s.Ingresses[i]
		if sharesOnPurpose(g) || g.DeletionTimestamp != nil {
			continue
		}
		for _, x := range kube.RoutesOf(g) {
			if x.Field == "spec.defaultBackend" {
				continue
			}
			k := key{classOf(s, g), x.Host, x.Path, x.PathType}
			before, ok := first[k]
			if !ok {
				first[k] = claim{g, x}
				continue
			}
			pair := [2]*networkingv1.Ingress{before.ingress, g}
			if before.ingress == g || told[pair] || !sameAddress(before.ingress, g) || sameBackend(before, claim{g, x}) {
				continue
			}
			told[pair] = true
			older, newer := before.ingress, g
			if newer.CreationTimestamp.Before(&older.CreationTimestamp) {
				older, newer = newer, older
			}
			class := ""
			if k.class != "" {
				class = " (class " + k.class + ")"
			}
			f := r.Find(IngressConflict, ingressObject(newer), fmt.Sprintf("Ingresses %s/%s and %s/%s both claim %s%s, for different Services",
				older.Namespace, older.Name, newer.Namespace, newer.Name, x, class))
			f.Fault = []incident.Object{ingressObject(newer), ingressObject(older)}
			f.Since = newer.CreationTimestamp.Time
			f.Cite(finding.SeenAPI(ingressObject(older), before.route.Field, older.CreationTimestamp.Time, before.route.String()+" to "+
				backendWords(before.route.Backend)),
				finding.SeenAPI(ingressObject(newer), x.Field, newer.CreationTimestamp.Time, x.String()+" to "+backendWords(x.Backend)))
		}
	}
}

// sharesOnPurpose knows the annotations by which controllers let Ingresses share a host and path.
func sharesOnPurpose(g *networkingv1.Ingress) bool {
	for _, a := range []string{"nginx.ingress.kubernetes.io/canary", "nginx.org/mergeable-ingress-type",
		"alb.ingress.kubernetes.io/group.name", "traefik.ingress.kubernetes.io/router.priority",
		"traefik.ingress.kubernetes.io/router.entrypoints", "haproxy.org/route-acl"} {
		if v, ok := g.Annotations[a]; ok && v != "false" {
			return true
		}
	}
	return false
}

func sameBackend(a, b claim) bool {
	x, y := a.route.Backend.Service, b.route.Backend.Service
	return a.ingress.Namespace == b.ingress.Namespace && x != nil && y != nil && *x == *y
}

// sameAddress says that two Ingresses are reached at one address, as far as their status tells: some controllers give each its own.
func sameAddress(a, b *networkingv1.Ingress) bool {
	x, y := a.Status.LoadBalancer.Ingress, b.Status.LoadBalancer.Ingress
	return len(x) == 0 || len(y) == 0 || slices.ContainsFunc(x, func(p networkingv1.IngressLoadBalancerIngress) bool {
		return slices.ContainsFunc(y, func(q networkingv1.IngressLoadBalancerIngress) bool {
			return p.IP == q.IP && p.Hostname == q.Hostname
		})
	})
}

func backendWords(b *networkingv1.IngressBackend) string {
	switch {
	case b.Service != nil:
		return "Service " + b.Service.Name + ":" + backendPort(b.Service.Port)
	case b.Resource != nil:
		return b.Resource.Kind + " " + b.Resource.Name
	}
	return "nothing"
}
