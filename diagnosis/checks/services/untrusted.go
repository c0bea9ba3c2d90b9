package services

import (
	"fmt"
	"slices"
	"time"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CertificateUntrusted is the code of a certificate that callers do not trust.
const CertificateUntrusted = "CertificateUntrusted"

var untrustedCodes = []finding.Code{
	{Code: CertificateUntrusted, Severity: incident.Critical, Root: true,
		Meaning: "Callers do not trust the certificate that a Service or an Ingress serves: it is for other names, has expired, or is of an " +
			"authority that they don't know.",
		Next: "Compare the names, the dates and the issuer of the certificate with the host that is called, and with what the caller trusts.",
		Example: "Service shop/pay serves a certificate that Deployment api does not trust (Secret pay-tls, for pay.old.svc): x509: " +
			"certificate is valid for pay.old.svc, not pay.shop.svc"},
}

// server is who serves a host in the cluster, with the Secrets that its certificate may be in.
type server struct {
	o       incident.Object
	secrets []*snapshot.Secret
}

// checkUntrusted follows complaints of a certificate to whom serves it. Where no Secret shows that what the log says is so, it is a
// suspicion.
func checkUntrusted(s *snapshot.Snapshot, r *finding.Report) {
	c := calls.Callers{S: s, R: r, Found: map[string]*finding.Finding{}}
	for _, well := range []bool{false, true} {
		if well {
			c = c.Well()
		}
		for _, by := range calls.Untrusted(s, well) {
			if x, ok := serverOf(s, by); ok && !servesTheOld(c, by, x) {
				reportUntrusted(c, by, x)
			}
		}
	}
}

// serverOf is the Service that is called, or the Ingress that has the host.
func serverOf(s *snapshot.Snapshot, by calls.Call) (server, bool) {
	if v := s.Service(by.Service.Namespace, by.Service.Name); v != nil {
		x := server{o: by.Service}
		for _, p := range kube.Selected(s, v.Namespace, v.Spec.Selector) {
			for _, name := range kube.SecretsOf(p) {
				x.add(kube.SecretNamed(s, p.Namespace, name))
			}
		}
		return x, true
	}
	host := calls.TrustedHost(by.Need)
	for i := range s.Ingresses {
		g := &s.Ingresses[i]
		if !slices.ContainsFunc(g.Spec.Rules, func(r networkingv1.IngressRule) bool { return r.Host != "" && kube.Covers(r.Host, host) }) {
			continue
		}
		x := server{o: snapshot.ObjectOf("Ingress", g.Namespace, g.Name)}
		for _, t := range g.Spec.TLS {
			if len(t.Hosts) == 0 || slices.ContainsFunc(t.Hosts, func(h string) bool { return kube.Covers(h, host) }) {
				x.add(kube.SecretNamed(s, g.Namespace, t.SecretName))
			}
		}
		return x, true
	}
	return server{}, false
}

func (x *server) add(secret *snapshot.Secret) {
	if secret != nil && secret.Certificate != nil && !slices.Contains(x.secrets, secret) {
		x.secrets = append(x.secrets, secret)
	}
}

func reportUntrusted(c calls.Callers, by calls.Call, x server) {
	in, host := "", calls.TrustedHost(by.Need)
	var shown *snapshot.Secret
	if len(x.secrets) == 1 {
		cert := x.secrets[0].Certificate
		in = fmt.Sprintf(" (Secret %s, for %s)", x.secrets[0].Name, finding.FirstFew(kube.CertificateNames(cert)))
		if cert.Error == "" && (!cert.NotAfter.After(c.S.At) || !kube.CertificateFor(cert, host)) {
			shown = x.secrets[0]
		}
	}
	where := fmt.Sprintf("%s %s/%s", x.o.Kind, x.o.Namespace, x.o.Name)
	f := c.Find(CertificateUntrusted, x.o, "", by, fmt.Sprintf("%s serves a certificate that %s does not trust%s: %s", where,
		finding.Short(c.S.WorkloadOf(by.Pod)), in, finding.ShortMessage(by.Need.Says)))
	f.Fault = []incident.Object{x.o}
	for _, secret := range x.secrets {
		o := snapshot.ObjectOf("Secret", secret.Namespace, secret.Name)
		f.Refs = finding.Union(f.Refs, []incident.Object{o})
	}
	if shown == nil {
		f.Suspected()
		return
	}
	o := snapshot.ObjectOf("Secret", shown.Namespace, shown.Name)
	f.Fault, f.Since = []incident.Object{o, x.o}, shown.Changed
	f.Cite(finding.SeenAPI(o, "data[tls.crt]", time.Time{}, fmt.Sprintf("for %s, valid %s to %s",
		finding.ListWords(kube.CertificateNames(shown.Certificate), 4), shown.Certificate.NotBefore.UTC().Format(time.DateOnly),
		shown.Certificate.NotAfter.UTC().Format(time.DateOnly))))
}
