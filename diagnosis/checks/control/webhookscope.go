package control

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hooks"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func selects(sel *metav1.LabelSelector, l map[string]string) bool {
	if sel == nil {
		return true // the API's default for webhooks is everything
	}
	x, err := metav1.LabelSelectorAsSelector(sel)
	return err == nil && x.Matches(labels.Set(l))
}

// namespaceLabels are a namespace's, with the one that the API server gives each.
func namespaceLabels(n *corev1.Namespace) map[string]string {
	if n.Labels[corev1.LabelMetadataName] == n.Name {
		return n.Labels
	}
	l := map[string]string{corev1.LabelMetadataName: n.Name}
	for k, v := range n.Labels {
		l[k] = v
	}
	return l
}

// blocks says in words what the webhook is asked about: "creating pods in every namespace but kube-system".
func blocks(h *hooks.Hook, s *snapshot.Snapshot) string {
	var verbs, resources []string
	for _, rule := range h.Rules {
		for _, op := range rule.Operations {
			verbs = finding.Union(verbs, []string{operationWords(op)})
		}
		for _, res := range rule.Resources {
			resources = finding.Union(resources, []string{resourceWords(res, rule.APIGroups)})
		}
	}
	if len(verbs) > 1 && slices.Contains(verbs, "changing") {
		verbs = []string{"changing"}
	}
	if slices.Contains(resources, "everything") {
		resources = []string{"everything"}
	}
	return finding.ListWords(verbs, 3) + " " + finding.ListWords(resources, 3) + where(h, s)
}

func operationWords(op admissionv1.OperationType) string {
	switch op {
	case admissionv1.Create:
		return "creating"
	case admissionv1.Update:
		return "updating"
	case admissionv1.Delete:
		return "deleting"
	case admissionv1.Connect:
		return "connecting to"
	}
	return "changing"
}

func resourceWords(resource string, groups []string) string {
	switch {
	case resource == "*" || resource == "*/*":
		if len(groups) == 1 && groups[0] != "*" {
			if groups[0] == "" {
				return "everything of the core API"
			}
			return "everything of " + groups[0]
		}
		return "everything"
	case len(groups) == 1 && strings.Contains(groups[0], "."):
		return resource + "." + groups[0]
	}
	return resource
}

// where is the namespaces that the webhook is asked about.
func where(h *hooks.Hook, s *snapshot.Snapshot) string {
	if len(s.Namespaces) == 0 || s.Namespace != "" {
		if h.Scope.Namespaces == nil || len(h.Scope.Namespaces.MatchLabels)+len(h.Scope.Namespaces.MatchExpressions) == 0 {
			return " in every namespace"
		}
		return " in namespaces with " + metav1.FormatLabelSelector(h.Scope.Namespaces)
	}
	var in, out []string
	for i := range s.Namespaces {
		n := &s.Namespaces[i]
		if selects(h.Scope.Namespaces, namespaceLabels(n)) {
			in = append(in, n.Name)
		} else {
			out = append(out, n.Name)
		}
	}
	switch {
	case len(out) == 0:
		return " in every namespace"
	case len(in) == 0:
		return ", though in no namespace that there is,"
	case len(out) <= 3 && len(out) < len(in):
		return " in every namespace but " + finding.ListWords(out, 3)
	}
	return " in " + finding.ListWords(in, 3)
}

// catchesItself says whether the webhook is asked about the creation of the pods behind its own Service.
func catchesItself(h *hooks.Hook, s *snapshot.Snapshot, v *corev1.Service) bool {
	if v == nil || len(v.Spec.Selector) == 0 || !judgesPods(h) || !selects(h.Scope.Objects, v.Spec.Selector) {
		return false
	}
	for i := range s.Namespaces {
		if n := &s.Namespaces[i]; n.Name == v.Namespace {
			return selects(h.Scope.Namespaces, namespaceLabels(n))
		}
	}
	return false
}

// expired reports a CA bundle none of whose certificates is valid any longer, or will be in two weeks.
func expired(h *hooks.Hook, w *webhooks, service incident.Object, blocked string, refused []incident.Evidence) bool {
	last := newestCertificate(h.Client.CABundle)
	if last == nil || last.NotAfter.Sub(w.s.At) > finding.NearExpiry.For {
		return false
	}
	what := fmt.Sprintf("its CA certificate %s expires on %s", certificateName(last), last.NotAfter.UTC().Format(time.DateOnly))
	gone := last.NotAfter.Before(w.s.At)
	if gone {
		what = strings.Replace(what, "expires on", "expired on", 1)
	} else {
		blocked = ""
	}
	f := w.note(h, WebhookCAExpired, service, what, blocked, refused)
	f.Cite(finding.SeenAPI(h.Config, "webhooks["+h.Name+"].clientConfig.caBundle", time.Time{}, "notAfter "+
		last.NotAfter.UTC().Format(time.RFC3339)))
	if gone {
		f.Since = finding.Earlier(f.Since, last.NotAfter)
		if h.Fail && slices.ContainsFunc(refused, func(e incident.Evidence) bool { return strings.Contains(e.Excerpt, "x509") }) {
			f.Severity = incident.Critical
		}
	}
	return true
}

// newestCertificate is the certificate of a PEM bundle that lasts longest, or nil if there is none that can be read.
func newestCertificate(bundle []byte) *x509.Certificate {
	var last *x509.Certificate
	for range 64 {
		var block *pem.Block
		if block, bundle = pem.Decode(bundle); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err == nil && (last == nil || c.NotAfter.After(last.NotAfter)) {
			last = c
		}
	}
	return last
}

func certificateName(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return finding.OneLine(c.Subject.CommonName, 64)
	}
	return finding.OneLine(c.Subject.String(), 64)
}
