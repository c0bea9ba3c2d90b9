package ingress

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// issuerAnnotations are those by which cert-manager is asked to write an Ingress' Secret, which takes it a while.
var issuerAnnotations = []string{"cert-manager.io/cluster-issuer", "cert-manager.io/issuer", "kubernetes.io/tls-acme"}

// checkIngressTLS compares the TLS Secrets that an Ingress names with those that there are, where they may be seen, or else with what the
// controller's log says.
func checkIngressTLS(s *snapshot.Snapshot, r *finding.Report, g *networkingv1.Ingress) {
	asked := slices.ContainsFunc(issuerAnnotations, func(a string) bool { return g.Annotations[a] != "" })
	told := map[string]bool{}
	for i, t := range g.Spec.TLS {
		if t.SecretName == "" || told[t.SecretName] {
			continue
		}
		told[t.SecretName] = true
		field := fmt.Sprintf("spec.tls[%d].secretName", i)
		secret := secretOf(s, g.Namespace, t.SecretName)
		if secret == nil {
			marked := func() {}
			if asked {
				marked = r.NotYet(finding.Lasts(finding.SlowIssuer, g.CreationTimestamp.Time), s.At)
			}
			reportSecretMissing(s, r, g, t.SecretName, field)
			marked()
			continue
		}
		checkNames(r, g, t, secret, field)
	}
}

func secretOf(s *snapshot.Snapshot, namespace, name string) *snapshot.Secret {
	i, ok := slices.BinarySearchFunc(s.Secrets, name, func(x snapshot.Secret, name string) int {
		return cmp.Or(cmp.Compare(x.Namespace, namespace), cmp.Compare(x.Name, name))
	})
	if !ok {
		return nil
	}
	return &s.Secrets[i]
}

func reportSecretMissing(s *snapshot.Snapshot, r *finding.Report, g *networkingv1.Ingress, name, field string) {
	o := ingressObject(g)
	seen := finding.SeenAPI(o, field, time.Time{}, name)
	hint := ""
	var said incident.Evidence
	if s.SecretsSeen && (s.Namespace == "" || s.Namespace == g.Namespace) {
		var there []string
		for i := range s.Secrets {
			if s.Secrets[i].Namespace == g.Namespace && s.Secrets[i].Type == "kubernetes.io/tls" {
				there = append(there, s.Secrets[i].Name)
			}
		}
		hint = kube.DidYouMean(kube.Nearest(name, there))
	} else if said = controllerSays(s, g, name); said.Excerpt == "" {
		return
	}
	f := r.Find(IngressSecretMissing, o, fmt.Sprintf("Ingress %s/%s needs TLS Secret %s, which does not exist%s", g.Namespace, g.Name, name,
		hint)).Cite(seen, said).Absent(hint)
	f.Refs = []incident.Object{snapshot.ObjectOf("Secret", g.Namespace, name)}
	f.Since = g.CreationTimestamp.Time
}

// controllerSays finds the line in which an ingress controller says that it misses a Secret, or the event by which it does.
func controllerSays(s *snapshot.Snapshot, g *networkingv1.Ingress, name string) incident.Evidence {
	absent := func(text string) bool {
		return strings.Contains(text, "not found") || strings.Contains(text, "does not exist")
	}
	full := g.Namespace + "/" + name
	for _, e := range s.EventsOf(ingressObject(g)) {
		if strings.Contains(e.Message, full) && absent(e.Message) {
			return finding.SeenEvent(e)
		}
	}
	for i := range s.Logs {
		l := &s.Logs[i]
		at := strings.LastIndex(l.Text, full)
		if at < 0 {
			continue
		}
		start := strings.LastIndexByte(l.Text[:at], '\n') + 1
		line, _, _ := strings.Cut(l.Text[start:], "\n")
		secret := strings.Contains(strings.ToLower(line), "secret") || strings.Contains(line, "SSL")
		if p := s.Pod(l.Namespace, l.Pod); p != nil && secret && absent(line) {
			return finding.SeenLog(p, l.Container, l.Previous, finding.OneLine(line, finding.MaxLine))
		}
	}
	return incident.Evidence{}
}

// checkNames compares a certificate's names with the hosts that the Ingress serves by it. Its dates are its Secret's affair.
func checkNames(r *finding.Report, g *networkingv1.Ingress, t networkingv1.IngressTLS, secret *snapshot.Secret, field string) {
	c := secret.Certificate
	if c == nil || c.Error != "" {
		return
	}
	hosts := t.Hosts
	if len(hosts) == 0 {
		for _, x := range g.Spec.Rules {
			hosts = append(hosts, x.Host)
		}
	}
	names := kube.CertificateNames(c)
	var others []string
	for _, h := range hosts {
		if h != "" && !slices.ContainsFunc(names, func(name string) bool { return kube.Covers(name, h) }) {
			others = append(others, h)
		}
	}
	if len(others) == 0 {
		return
	}
	o, so := ingressObject(g), snapshot.ObjectOf("Secret", secret.Namespace, secret.Name)
	f := r.Find(IngressCertificate, o, fmt.Sprintf("Ingress %s/%s serves %s with a certificate that is for %s (Secret %s)", g.Namespace,
		g.Name, finding.FirstFew(others), finding.FirstFew(names), secret.Name))
	f.Fault, f.Refs = []incident.Object{so, o}, []incident.Object{so}
	f.Cite(finding.SeenAPI(so, "data[tls.crt]", time.Time{}, "for "+strings.Join(names, ", ")),
		finding.SeenAPI(o, field, time.Time{}, secret.Name+" for "+strings.Join(hosts, ", ")))
}
