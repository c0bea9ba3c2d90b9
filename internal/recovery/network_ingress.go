package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// draftIngressRules corrects each backend of an Ingress' rules that leads to no Service, or to a port that the Service does not have.
func draftIngressRules(ctx context.Context, r *Recovery, q request) (draft, error) {
	o, err := aboutKind(q, "Ingress")
	if err != nil {
		return draft{}, err
	}
	now, err := r.asIs(ctx, o)
	if err != nil {
		return draft{}, err
	}
	rules, _ := now.clone().at("spec", "rules").([]any)
	var told []string
	for _, rule := range rules {
		paths, _ := object(asMap(rule)).at("http", "paths").([]any)
		for _, p := range paths {
			b := object(asMap(object(asMap(p)).at("backend", "service")))
			if len(b) == 0 {
				continue
			}
			what, err := correctBackend(q.s, o.Namespace, b)
			if err != nil {
				return draft{}, err
			}
			if what != "" && !slices.Contains(told, what) {
				told = append(told, what)
			}
		}
	}
	if len(told) == 0 {
		return no("no rule of %s is wrong; its default backend has to be corrected by hand", inWords(o))
	}
	return oneStep(setTo("SetIngressRules", o, rules), fmt.Sprintf("let %s send to %s", inWords(o), strings.Join(told, ", ")),
		fmt.Sprintf("That is what namespace %s has of Services and their ports.", o.Namespace))
}

// correctBackend corrects a backend in place, and says to what; "" where it is right.
func correctBackend(s *snapshot.Snapshot, namespace string, b object) (string, error) {
	name := b.text("name")
	v := s.Service(namespace, name)
	if v == nil {
		near, ok := nearName(name, kube.ServicesIn(s, namespace))
		if !ok {
			return "", unfit("no Service in namespace %s has a name like %s, or more than one has; correct the Ingress by hand, or make the "+
				"Service", namespace, name)
		}
		b["name"], v = near, s.Service(namespace, near)
	}
	port := asMap(b["port"])
	portName, _ := port["name"].(string)
	portNumber, _ := port["number"].(int64)
	if v.Spec.Type == corev1.ServiceTypeExternalName || slices.ContainsFunc(v.Spec.Ports, func(p corev1.ServicePort) bool {
		return portName != "" && p.Name == portName || portName == "" && int64(p.Port) == portNumber
	}) {
		if v.Name == name {
			return "", nil
		}
		return "Service " + v.Name, nil
	}
	to, ok := backendPort(v, portName, portNumber)
	if !ok {
		return "", unfit("which port of Service %s is meant is not known; it has %s", v.Name, strings.Join(kube.ServicePorts(v), ", "))
	}
	if portName != "" && to.Name != "" {
		port["name"] = to.Name
	} else {
		delete(port, "name")
		port["number"] = int64(to.Port)
	}
	return fmt.Sprintf("port %d of Service %s", to.Port, v.Name), nil
}

// backendPort is the port that was meant: the one whose name is nearly the one given, that leads to the number given, or the only one.
func backendPort(v *corev1.Service, name string, number int64) (corev1.ServicePort, bool) {
	var names []string
	var leads []corev1.ServicePort
	for _, p := range v.Spec.Ports {
		names = append(names, p.Name)
		if number != 0 && int64(kube.TargetPort(p).IntVal) == number {
			leads = append(leads, p)
		}
	}
	if near, ok := nearName(name, names); ok && name != "" {
		return v.Spec.Ports[slices.Index(names, near)], true
	}
	switch {
	case len(leads) == 1:
		return leads[0], true
	case len(v.Spec.Ports) == 1:
		return v.Spec.Ports[0], true
	}
	return corev1.ServicePort{}, false
}

func draftIngressClass(_ context.Context, _ *Recovery, q request) (draft, error) {
	o, err := aboutKind(q, "Ingress")
	if err != nil {
		return draft{}, err
	}
	g := ingressNamed(q.s, o)
	if g == nil {
		return no("%s is not there any more", inWords(o))
	}
	var names []string
	for i := range q.s.IngressClasses {
		names = append(names, q.s.IngressClasses[i].Name)
	}
	to, why := "", ""
	switch {
	case g.Spec.IngressClassName != nil:
		near, ok := nearName(*g.Spec.IngressClassName, names)
		if !ok {
			return no("no IngressClass has a name like %s, or more than one has; name one that there is, or install its controller",
				*g.Spec.IngressClassName)
		}
		to, why = near, fmt.Sprintf("IngressClass %s exists and %s does not.", near, *g.Spec.IngressClassName)
	case len(names) == 1:
		to, why = names[0], fmt.Sprintf("%s is the only IngressClass of the cluster.", names[0])
	default:
		return no("the cluster has %d IngressClasses, and which is meant is not known", len(names))
	}
	return oneStep(setTo("SetIngressClass", o, to), fmt.Sprintf("give %s the class %s", inWords(o), to), why)
}

func ingressNamed(s *snapshot.Snapshot, o incident.Object) *networkingv1.Ingress {
	i := slices.IndexFunc(s.Ingresses, func(g networkingv1.Ingress) bool { return g.Namespace == o.Namespace && g.Name == o.Name })
	if i < 0 {
		return nil
	}
	return &s.Ingresses[i]
}

// draftDefaultClass leaves the class as the default that most Ingresses have, the oldest if several do.
func draftDefaultClass(_ context.Context, _ *Recovery, q request) (draft, error) {
	var marked []*networkingv1.IngressClass
	used := map[string]int{}
	for i := range q.s.IngressClasses {
		if c := &q.s.IngressClasses[i]; c.Annotations[networkingv1.AnnotationIsDefaultIngressClass] == "true" {
			marked = append(marked, c)
		}
	}
	for i := range q.s.Ingresses {
		if name := q.s.Ingresses[i].Spec.IngressClassName; name != nil {
			used[*name]++
		}
	}
	if len(marked) < 2 {
		return no("no more than one IngressClass is marked as the default")
	}
	slices.SortStableFunc(marked, func(a, b *networkingv1.IngressClass) int {
		if n := used[b.Name] - used[a.Name]; n != 0 {
			return n
		}
		return a.CreationTimestamp.Compare(b.CreationTimestamp.Time)
	})
	stays := marked[0]
	why := fmt.Sprintf("%s stays: more Ingresses name it than any of the others.", stays.Name)
	if used[stays.Name] == used[marked[1].Name] {
		why = fmt.Sprintf("%s stays, the oldest of those that most Ingresses name.", stays.Name)
	}
	out := draft{title: fmt.Sprintf("leave IngressClass %s as the only default", stays.Name), why: why}
	for _, c := range marked[1:] {
		o := incident.Object{Kind: "IngressClass", Name: c.Name}
		out.steps = append(out.steps, restingOn(asSource(why), setTo("SetDefaultClass", o, "false")))
	}
	return out, nil
}

// draftIngressTLS lets the Ingresses that serve a Secret which is not there, is not for their hosts or has ended serve another that is
// good.
func draftIngressTLS(ctx context.Context, r *Recovery, q request) (draft, error) {
	out := draft{many: "let %d Ingresses serve a valid certificate"}
	for i := range q.s.Ingresses {
		g := &q.s.Ingresses[i]
		o := snapshot.ObjectOf("Ingress", g.Namespace, g.Name)
		tls, to, err := r.goodTLS(ctx, q, g)
		if err != nil {
			return draft{}, err
		}
		if to != nil {
			out.title = fmt.Sprintf("let %s serve the certificate of Secret %s", inWords(o), to.Name)
			out.why = fmt.Sprintf("Secret %s/%s is for %s and valid until %s.", to.Namespace, to.Name,
				strings.Join(kube.CertificateNames(to.Certificate), ", "), stamp(to.Certificate.NotAfter))
			out.steps = append(out.steps, restingOn(asSource(out.why), setTo("SetIngressTLS", o, tls)))
		}
	}
	if len(out.steps) == 0 {
		return no("no other TLS Secret is seen that is valid and for the same hosts; renew the certificate (with cert-manager: look at its " +
			"Certificate and CertificateRequests), or put the right pair into the Secret")
	}
	return out, nil
}

// goodTLS is an Ingress' spec.tls in which a Secret at fault is replaced by the only one that serves its hosts; nil where there is none.
func (r *Recovery) goodTLS(ctx context.Context, q request, g *networkingv1.Ingress) ([]any, *snapshot.Secret, error) {
	o := snapshot.ObjectOf("Ingress", g.Namespace, g.Name)
	var to *snapshot.Secret
	var at []int
	for i, t := range g.Spec.TLS {
		named := snapshot.ObjectOf("Secret", g.Namespace, t.SecretName)
		about := slices.Contains(q.cause.Objects, named) || slices.Contains(q.cause.Objects, o)
		if t.SecretName == "" || !about || serves(q.s, kube.SecretNamed(q.s, g.Namespace, t.SecretName), hostsOf(g, t)) {
			continue
		}
		x := certificateFor(q.s, g.Namespace, t.SecretName, hostsOf(g, t))
		if x == nil || to != nil && to != x {
			return nil, nil, nil
		}
		to, at = x, append(at, i)
	}
	if to == nil {
		return nil, nil, nil
	}
	now, err := r.asIs(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	list, _ := now.clone().at("spec", "tls").([]any)
	for _, i := range at {
		if i < len(list) {
			asMap(list[i])["secretName"] = to.Name
		}
	}
	return list, to, nil
}

// hostsOf are the hosts that an Ingress serves by an entry of its spec.tls.
func hostsOf(g *networkingv1.Ingress, t networkingv1.IngressTLS) []string {
	if len(t.Hosts) > 0 {
		return t.Hosts
	}
	var hosts []string
	for _, rule := range g.Spec.Rules {
		if rule.Host != "" {
			hosts = append(hosts, rule.Host)
		}
	}
	return hosts
}

// certificateFor is the only other Secret of a namespace that serves the hosts, or else the one of nearly the same name; nil if there is
// none.
func certificateFor(s *snapshot.Snapshot, namespace, not string, hosts []string) *snapshot.Secret {
	var fit []*snapshot.Secret
	var names []string
	for i := range s.Secrets {
		x := &s.Secrets[i]
		if x.Namespace == namespace && x.Name != not && x.Type == string(corev1.SecretTypeTLS) && serves(s, x, hosts) {
			fit, names = append(fit, x), append(names, x.Name)
		}
	}
	if len(fit) == 1 {
		return fit[0]
	}
	if near, ok := nearName(not, names); ok {
		return fit[slices.Index(names, near)]
	}
	return nil
}

// serves says whether a Secret's certificate is valid, its key belongs to it, and it is for all of the hosts.
func serves(s *snapshot.Snapshot, x *snapshot.Secret, hosts []string) bool {
	if x == nil || x.Certificate == nil || len(hosts) == 0 {
		return false
	}
	c := x.Certificate
	return c.Error == "" && (c.KeyMatches == nil || *c.KeyMatches) && c.NotAfter.After(s.At) && !c.NotBefore.After(s.At) &&
		!slices.ContainsFunc(hosts, func(h string) bool { return !kube.CertificateFor(c, h) })
}
