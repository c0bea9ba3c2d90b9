package control

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// NamespaceTerminating is the code of findings about namespaces.
const NamespaceTerminating = "NamespaceTerminating"

var namespaceCodes = []finding.Code{
	{Code: NamespaceTerminating, Severity: incident.Warning, Root: true, Detail: HeldNamespace{},
		Meaning: "A namespace was deleted long ago and is still there: an API does not answer, or a finalizer waits for a controller " +
			"that is gone.",
		Next: "Bring the API or the controller back. Only if it is gone for good, remove the finalizer by hand from what is named.",
		Example: "Namespace shop-old has been terminating for 2h3m: finalizer example.com/protect holds Widget w1, and no workload of " +
			"example runs"},
}

func checkNamespaces(s *snapshot.Snapshot, r *finding.Report) {
	for i := range s.Namespaces {
		n := &s.Namespaces[i]
		if n.DeletionTimestamp == nil {
			continue
		}
		o := snapshot.ObjectOf("Namespace", "", n.Name)
		h := holdUp(s, n)
		f := r.Find(NamespaceTerminating, o, fmt.Sprintf("Namespace %s has been terminating for %s: %s", n.Name,
			finding.Duration(s.At.Sub(n.DeletionTimestamp.Time)), h.why))
		f.Since, f.Detail, f.Refs = n.DeletionTimestamp.Time, h.detail, h.refs
		f.Cite(finding.SeenAPI(o, "metadata.deletionTimestamp", f.Since, "deleted "+finding.Clock(f.Since))).Cite(h.seen...)
		f.NotYet(finding.SlowNamespace, f.Since, s.At)
	}
}

// HeldNamespace is the detail of NamespaceTerminating: what the namespace controller says is in the way.
type HeldNamespace struct {
	APIs []schema.GroupVersion // that do not answer, so that what is in the namespace cannot be listed
	Pods bool                  // pods are left in it
}

var apiVersion = regexp.MustCompile(`([a-z0-9.-]+)/(v[0-9][a-z0-9]*)`)

// heldBack reads the messages of the namespace's conditions (pkg/controller/namespace/deletion).
func heldBack(messages ...string) HeldNamespace {
	var h HeldNamespace
	for _, said := range messages {
		for _, m := range apiVersion.FindAllStringSubmatch(said, -1) {
			h.APIs = finding.Union(h.APIs, []schema.GroupVersion{{Group: m[1], Version: m[2]}})
		}
		h.Pods = h.Pods || strings.Contains(said, "pods. has ")
	}
	return h
}

// HeldBy are the APIs that keep a namespace from going, as its conditions have it.
func HeldBy(n *corev1.Namespace) []schema.GroupVersion {
	var out []schema.GroupVersion
	for _, c := range n.Status.Conditions {
		if c.Status == corev1.ConditionTrue {
			out = finding.Union(out, heldBack(c.Message).APIs)
		}
	}
	return out
}

// held is why a namespace does not go.
type held struct {
	why    string
	detail HeldNamespace
	refs   []incident.Object
	seen   []incident.Evidence
}

func holdUp(s *snapshot.Snapshot, n *corev1.Namespace) held {
	o := snapshot.ObjectOf("Namespace", "", n.Name)
	var h held
	said := func(t corev1.NamespaceConditionType) string {
		for _, c := range n.Status.Conditions {
			if c.Type == t && c.Status == corev1.ConditionTrue {
				h.seen = append(h.seen, finding.SeenAPI(o, "status.conditions["+string(t)+"]", c.LastTransitionTime.Time, c.Reason+": "+c.Message))
				return c.Message
			}
		}
		return ""
	}
	discovery, finalizers, content, failure := said(corev1.NamespaceDeletionDiscoveryFailure), said(corev1.NamespaceFinalizersRemaining),
		said(corev1.NamespaceContentRemaining), said(corev1.NamespaceDeletionContentFailure)
	h.detail = heldBack(discovery, finalizers, content, failure)
	switch {
	case discovery != "":
		h.why = "what is in it cannot be listed: " + finding.ShortMessage(afterColon(discovery))
	case finalizers != "":
		h.finalized(s, n, finalizers, content)
	case failure != "":
		h.why = finding.ShortMessage(failure)
	case content != "":
		h.why = "there is still " + finding.ShortMessage(afterColon(content))
	case len(n.Finalizers) > 0:
		h.seen = append(h.seen, finding.SeenAPI(o, "metadata.finalizers", time.Time{}, strings.Join(n.Finalizers, ", ")))
		h.why = fmt.Sprintf("its own finalizer %s is not removed", n.Finalizers[0]) + h.controller(s, n.Finalizers[0])
	default:
		h.why = "nothing says why; does the controller-manager run?"
	}
	return h
}

func afterColon(message string) string {
	if _, after, ok := strings.Cut(message, ": "); ok {
		return after
	}
	return message
}

// finalized names the finalizer, what it holds, and who should remove it.
func (h *held) finalized(s *snapshot.Snapshot, n *corev1.Namespace, finalizers, content string) {
	finalizer, _, _ := strings.Cut(afterColon(finalizers), " in ")
	what := ""
	for i := range s.Customs {
		c := &s.Customs[i]
		if c.GetNamespace() == n.Name && c.GetDeletionTimestamp() != nil && slices.Contains(c.GetFinalizers(), finalizer) {
			o := snapshot.CustomObject(c)
			if what == "" {
				what = finding.Short(o)
			}
			if len(h.refs) < 4 {
				h.refs = append(h.refs, o)
				h.seen = append(h.seen, finding.SeenAPI(o, "metadata.finalizers", c.GetDeletionTimestamp().Time, strings.Join(c.GetFinalizers(), ", ")))
			}
		}
	}
	if what == "" {
		what = strings.TrimSuffix(finding.ShortMessage(afterColon(content)), " resource instances")
		if what == "" {
			what = "what is in it"
		}
	}
	h.why = fmt.Sprintf("finalizer %s holds %s", finalizer, what) + h.controller(s, finalizer)
}

// controller says whether the workload that should remove a finalizer is to be seen. Those of Kubernetes itself need none.
func (h *held) controller(s *snapshot.Snapshot, finalizer string) string {
	domain, _, ok := strings.Cut(finalizer, "/")
	if !ok || strings.HasSuffix(domain, "kubernetes.io") || domain == "kubernetes" || s.Namespace != "" ||
		finding.NotSeen(s, "deployments.apps", "") {
		return ""
	}
	of, sound := operatorOf(s, domain)
	if of.IsZero() {
		return fmt.Sprintf(", and no workload named after %s runs", domain)
	}
	h.refs = append(h.refs, of)
	return fmt.Sprintf(", which %s %s/%s should remove; it %s", of.Kind, of.Namespace, of.Name, sound)
}

// withoutRegistry leaves the registry's host out of an image's reference: whose registry it is does not say what runs.
func withoutRegistry(image string) string {
	host, rest, ok := strings.Cut(image, "/")
	if ok && (strings.ContainsAny(host, ".:") || host == "localhost") {
		return rest
	}
	return image
}

// operatorOf finds the workload that is named after a domain, or lives in a namespace that is, or runs an image of it.
func operatorOf(s *snapshot.Snapshot, domain string) (of incident.Object, sound string) {
	var parts []string
	for _, p := range strings.Split(domain, ".") {
		if len(p) >= 4 && !slices.Contains(kube.PlainParts, p) {
			parts = append(parts, p)
		}
	}
	named := func(namespace, name string, t *corev1.PodSpec) bool {
		return slices.ContainsFunc(parts, func(p string) bool {
			return strings.Contains(name, p) || strings.Contains(namespace, p) ||
				slices.ContainsFunc(t.Containers, func(c corev1.Container) bool { return strings.Contains(withoutRegistry(c.Image), p) })
		})
	}
	for i := range s.Deployments {
		if d := &s.Deployments[i]; named(d.Namespace, d.Name, &d.Spec.Template.Spec) {
			return snapshot.ObjectOf("Deployment", d.Namespace, d.Name), kube.OfReplicas(d.Status.AvailableReplicas, kube.Replicas(d.Spec.Replicas))
		}
	}
	for i := range s.StatefulSets {
		if d := &s.StatefulSets[i]; named(d.Namespace, d.Name, &d.Spec.Template.Spec) {
			return snapshot.ObjectOf("StatefulSet", d.Namespace, d.Name), kube.OfReplicas(d.Status.ReadyReplicas, kube.Replicas(d.Spec.Replicas))
		}
	}
	return incident.Object{}, ""
}
