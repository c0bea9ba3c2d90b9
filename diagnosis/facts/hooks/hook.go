package hooks

import (
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Hook is a webhook of either kind.
type Hook struct {
	Config  incident.Object
	Name    string
	Fail    bool // what it should judge is refused while it cannot be asked
	Client  admissionv1.WebhookClientConfig
	Rules   []admissionv1.RuleWithOperations
	Scope   Scope
	Timeout int32 // seconds
	Made    time.Time
}

// Of lists the admission webhooks, those that validate first.
func Of(s *snapshot.Snapshot) []Hook {
	var out []Hook
	fails := func(p *admissionv1.FailurePolicyType) bool { return p == nil || *p == admissionv1.Fail }
	seconds := func(n *int32) int32 {
		if n == nil {
			return 10
		}
		return *n
	}
	for i := range s.ValidatingWebhooks {
		c := &s.ValidatingWebhooks[i]
		for j := range c.Webhooks {
			w := &c.Webhooks[j]
			out = append(out, Hook{snapshot.ObjectOf("ValidatingWebhookConfiguration", "", c.Name), w.Name, fails(w.FailurePolicy), w.ClientConfig,
				w.Rules,
				Scope{w.NamespaceSelector, w.ObjectSelector}, seconds(w.TimeoutSeconds), c.CreationTimestamp.Time})
		}
	}
	for i := range s.MutatingWebhooks {
		c := &s.MutatingWebhooks[i]
		for j := range c.Webhooks {
			w := &c.Webhooks[j]
			out = append(out, Hook{snapshot.ObjectOf("MutatingWebhookConfiguration", "", c.Name), w.Name, fails(w.FailurePolicy), w.ClientConfig,
				w.Rules,
				Scope{w.NamespaceSelector, w.ObjectSelector}, seconds(w.TimeoutSeconds), c.CreationTimestamp.Time})
		}
	}
	return out
}

// Service is the Service that the webhook calls, and its port; ok is false for one that lies outside the cluster.
func (h *Hook) Service() (o incident.Object, port int32, ok bool) {
	c := h.Client.Service
	if c == nil {
		return o, 0, false
	}
	port = 443
	if c.Port != nil {
		port = *c.Port
	}
	return snapshot.ObjectOf("Service", c.Namespace, c.Name), port, true
}

// Scope is the namespaces and objects that a webhook is asked about.
type Scope struct {
	Namespaces, Objects *metav1.LabelSelector
}
