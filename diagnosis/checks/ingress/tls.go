package ingress

import (
	"fmt"
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

// The codes of findings about certificates in Secrets.
const (
	TLSSecretExpired = "TLSSecretExpired"
	TLSSecretExpires = "TLSSecretExpires"
	TLSSecretInvalid = "TLSSecretInvalid"
)

var tlsCodes = []finding.Code{
	{Code: TLSSecretExpired, Severity: incident.Critical, Root: true,
		Meaning: "The certificate in a TLS Secret that is in use has expired: clients refuse it.",
		Next:    "Renew it; if cert-manager should have, look at the Certificate and its CertificateRequests.",
		Example: "The certificate of Secret shop/web-tls (web.example.com) expired on 2026-01-01; Ingress web uses it"},
	{Code: TLSSecretExpires, Severity: incident.Warning, Root: true,
		Meaning: "The certificate in a TLS Secret that is in use expires soon, and nobody has renewed it.",
		Next:    "Renew it; if cert-manager should have, look at the Certificate and its CertificateRequests.",
		Example: "The certificate of Secret shop/web-tls (web.example.com) expires on 2026-01-08, in 6d2h; Ingress web uses it"},
	{Code: TLSSecretInvalid, Severity: incident.Critical, Root: true,
		Meaning: "The certificate and the key in a TLS Secret do not belong together, or the certificate cannot be read.",
		Next:    "Put the certificate and its own key into the Secret, the certificate first in tls.crt.",
		Example: "Secret shop/web-tls: its key does not belong to its certificate (web.example.com); Ingress web uses it"},
}

// checkTLS looks at the Secrets, where they may be read, and at what logs say of those that pods mount.
func checkTLS(s *snapshot.Snapshot, r *finding.Report) {
	var users map[incident.Object]secretUsers
	for i := range s.Secrets {
		x := &s.Secrets[i]
		c := x.Certificate
		if c == nil || sound(s, c) {
			continue
		}
		if users == nil {
			users = usersOfSecrets(s)
		}
		o := snapshot.ObjectOf("Secret", x.Namespace, x.Name)
		reportCertificate(s, r, o, c, users[o])
	}
	checkMismatchLogs(s, r)
}

func sound(s *snapshot.Snapshot, c *snapshot.Certificate) bool {
	return c.Error == "" && (c.KeyMatches == nil || *c.KeyMatches) && c.NotAfter.Sub(s.At) > expiryWarning(c)
}

// expiryWarning is how long before its end a certificate is spoken of: two weeks, but those that live shortly are renewed late.
func expiryWarning(c *snapshot.Certificate) time.Duration {
	life := c.NotAfter.Sub(c.NotBefore)
	return min(finding.NearExpiry.For, time.Duration(float64(life)*finding.CertificateShare.Share()))
}

// secretUsers is who uses a Secret.
type secretUsers struct {
	by   finding.Gathered[incident.Object]
	pods []*corev1.Pod
}

var gatewayKind = schema.GroupKind{Group: snapshot.GatewayGroup, Kind: "Gateway"}

func usersOfSecrets(s *snapshot.Snapshot) map[incident.Object]secretUsers {
	users := map[incident.Object]secretUsers{}
	add := func(namespace, name string, by incident.Object, p *corev1.Pod) {
		o := snapshot.ObjectOf("Secret", namespace, name)
		u := users[o]
		u.by.Add(by)
		if p != nil {
			u.pods = append(u.pods, p)
		}
		users[o] = u
	}
	for i := range s.Ingresses {
		g := &s.Ingresses[i]
		for _, t := range g.Spec.TLS {
			if t.SecretName != "" {
				add(g.Namespace, t.SecretName, snapshot.ObjectOf("Ingress", g.Namespace, g.Name), nil)
			}
		}
	}
	for _, g := range s.CustomsOf(gatewayKind) {
		for _, ref := range gatewaySecrets(g) {
			add(ref[0], ref[1], snapshot.CustomObject(g), nil)
		}
	}
	for i := range s.Pods {
		p := &s.Pods[i]
		if kube.HasEnded(p) {
			continue
		}
		for _, name := range secretsMounted(p) {
			add(p.Namespace, name, s.WorkloadOf(p), p)
		}
	}
	return users
}

// gatewaySecrets is the namespaces and names of the Secrets that a Gateway's listeners refer to.
func gatewaySecrets(g *unstructured.Unstructured) [][2]string {
	var out [][2]string
	listeners, _, _ := unstructured.NestedSlice(g.Object, "spec", "listeners")
	for _, l := range listeners {
		m, ok := l.(map[string]any)
		if !ok {
			continue
		}
		refs, _, _ := unstructured.NestedSlice(m, "tls", "certificateRefs")
		for _, ref := range refs {
			r, ok := ref.(map[string]any)
			if !ok {
				continue
			}
			name, _ := r["name"].(string)
			namespace, _ := r["namespace"].(string)
			if namespace == "" {
				namespace = g.GetNamespace()
			}
			if kind, _ := r["kind"].(string); name != "" && (kind == "" || kind == "Secret") {
				out = append(out, [2]string{namespace, name})
			}
		}
	}
	return out
}

func secretsMounted(p *corev1.Pod) []string {
	var out []string
	for i := range p.Spec.Volumes {
		v := &p.Spec.Volumes[i]
		if v.Secret != nil {
			out = append(out, v.Secret.SecretName)
		}
		if v.Projected != nil {
			for _, src := range v.Projected.Sources {
				if src.Secret != nil {
					out = append(out, src.Secret.Name)
				}
			}
		}
	}
	return out
}

func reportCertificate(s *snapshot.Snapshot, r *finding.Report, o incident.Object, c *snapshot.Certificate, u secretUsers) {
	name := fmt.Sprintf("%s/%s", o.Namespace, o.Name)
	code, title, expired := TLSSecretInvalid, "", false
	switch {
	case c.Error != "":
		title = fmt.Sprintf("Secret %s: its certificate cannot be read: %s", name, finding.OneLine(c.Error, 80))
	case c.KeyMatches != nil && !*c.KeyMatches:
		title = fmt.Sprintf("Secret %s: its key does not belong to its certificate (%s)", name, certificateFor(c))
	case !c.NotAfter.After(s.At):
		code, expired = TLSSecretExpired, true
		title = fmt.Sprintf("The certificate of Secret %s (%s) expired on %s", name, certificateFor(c), c.NotAfter.UTC().Format(time.DateOnly))
	case len(u.by.List) == 0:
		return
	default:
		code = TLSSecretExpires
		title = fmt.Sprintf("The certificate of Secret %s (%s) expires on %s, in %s", name, certificateFor(c),
			c.NotAfter.UTC().Format(time.DateOnly), finding.Duration(c.NotAfter.Sub(s.At)))
	}
	if len(u.by.List) > 0 {
		title += "; " + finding.Short(u.by.List[0]) + " uses it"
	}
	f := r.Find(code, o, title)
	f.Pods, f.Refs = u.pods, u.by.List
	if expired {
		f.Since = c.NotAfter
	}
	if len(u.by.List) == 0 {
		f.Severity = incident.Info
	}
	words := fmt.Sprintf("for %s, issued by %s, valid %s to %s", certificateFor(c), finding.OneLine(c.Issuer, 80),
		c.NotBefore.UTC().Format(time.DateOnly), c.NotAfter.UTC().Format(time.DateOnly))
	if c.Error != "" {
		words = "cannot be read: " + c.Error
	}
	f.Cite(finding.SeenAPI(o, "data[tls.crt]", time.Time{}, words))
	for _, by := range u.by.List[:min(len(u.by.List), finding.ShownPods)] {
		f.Cite(finding.SeenAPI(by, "spec", time.Time{}, "uses Secret "+o.Name))
	}
}

func certificateFor(c *snapshot.Certificate) string {
	if len(c.Names) > 0 {
		return finding.ListWords(c.Names, 2)
	}
	return finding.OneLine(c.Subject, 80)
}

// checkMismatchLogs takes a program's word for a pair that does not fit, where its pod mounts but one Secret that it can mean.
func checkMismatchLogs(s *snapshot.Snapshot, r *finding.Report) {
	found := map[incident.Object]*finding.Finding{}
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || kube.Healthy(p) {
			continue
		}
		for _, f := range readings.Of(s, l).Facts {
			if f.Kind != logs.TLSFailed || !strings.Contains(f.Line, "private key does not match") &&
				!strings.Contains(f.Line, "key values mismatch") {
				continue
			}
			secrets := secretsMounted(p)
			slices.Sort(secrets)
			if secrets = slices.Compact(secrets); len(secrets) != 1 {
				continue
			}
			o := snapshot.ObjectOf("Secret", p.Namespace, secrets[0])
			if slices.ContainsFunc(r.Findings, func(x *finding.Finding) bool { return x.Object == o && x.Code == TLSSecretInvalid }) &&
				found[o] == nil {
				continue // it was read
			}
			x := found[o]
			if x == nil {
				w := s.WorkloadOf(p)
				x = r.Find(TLSSecretInvalid, o, fmt.Sprintf("Secret %s/%s: its key does not belong to its certificate; %s says so and uses no other",
					o.Namespace, o.Name, finding.Short(w)))
				x.Refs = []incident.Object{w}
				found[o] = x
			}
			x.AddPod(p)
			x.Cite(finding.SeenLog(p, l.Container, l.Previous, f.Line))
		}
	}
}
