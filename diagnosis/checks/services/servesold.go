package services

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// endedAt is when the certificate ended that a caller was shown, in the words of many TLS libraries.
var endedAt = regexp.MustCompile(`(?i)(?:is after|not ?after:?|expired (?:on|at)|until)\s+(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)`)

// servesTheOld reports pods that still show the certificate of before: the caller was shown one that has ended, what the Secret holds now
// has not, and their programs started before it was renewed. Many servers read their certificate at the start alone.
func servesTheOld(c calls.Callers, by calls.Call, x server) bool {
	ended, ok := endOfShown(by.Need.Line, c.S.At)
	v := c.S.Service(x.o.Namespace, x.o.Name)
	if !ok || x.o.Kind != "Service" || v == nil {
		return false
	}
	pods, secret := olderThanSecret(c.S, v)
	if len(pods) == 0 {
		return false
	}
	validTo := validUntil(c.S, secret)
	if !validTo.IsZero() && (!validTo.After(c.S.At) || !validTo.After(ended)) {
		return false
	}
	o, w := snapshot.ObjectOf("Secret", secret.Namespace, secret.Name), c.S.WorkloadOf(pods[0])
	f := c.Shown().Find(CertificateUntrusted, x.o, "old", by, fmt.Sprintf("%s still serves the certificate of before, which expired at %s: "+
		"Secret %s was renewed at %s, and its pods have run since before that", finding.Short(w), ended.UTC().Format(time.RFC3339), secret.Name,
		secret.Changed.UTC().Format(time.RFC3339)))
	f.Fault, f.Refs, f.Since = []incident.Object{w}, finding.Union(f.Refs, []incident.Object{o, x.o}), ended
	f.Next = "Restart " + finding.Short(w) + ", or let it read its certificate again (many servers do so on SIGHUP): the new one lies in " +
		"its Secret."
	says := "valid to " + validTo.UTC().Format(time.RFC3339)
	if f.Final = !validTo.IsZero(); !f.Final { // it may have been written anew for something else
		f.AtMost, says = incident.Likely, "written anew"
	}
	f.Cite(finding.SeenAPI(o, "data[tls.crt]", secret.Changed, says), finding.SeenAPI(finding.PodObject(pods[0]),
		"status.containerStatuses.state.running.startedAt", pods[0].CreationTimestamp.Time, "before the Secret was renewed"))
	return true
}

// olderThanSecret are the pods behind a Service that run since before the certificate was written which they mount, and its Secret; none
// where they mount several.
func olderThanSecret(s *snapshot.Snapshot, v *corev1.Service) ([]*corev1.Pod, *snapshot.Secret) {
	var out []*corev1.Pod
	var secret *snapshot.Secret
	for _, p := range kube.Selected(s, v.Namespace, v.Spec.Selector) {
		for _, name := range kube.SecretsOf(p) {
			have := kube.SecretNamed(s, p.Namespace, name)
			if have == nil || have.Type != string(corev1.SecretTypeTLS) {
				continue
			}
			if secret != nil && secret != have {
				return nil, nil
			}
			if secret = have; startedBefore(p, have.Changed) {
				out = append(out, p)
			}
		}
	}
	return out, secret
}

// validUntil is until when the certificate in a Secret is valid: as it says itself, or as the custom resource says that it is issued for;
// zero if neither is seen.
func validUntil(s *snapshot.Snapshot, secret *snapshot.Secret) time.Time {
	if secret.Certificate != nil && secret.Certificate.Error == "" {
		return secret.Certificate.NotAfter
	}
	for i := range s.Customs {
		o := s.Customs[i].Object
		spec, _ := o["spec"].(map[string]any)
		status, _ := o["status"].(map[string]any)
		if s.Customs[i].GetNamespace() != secret.Namespace || kube.StringAt(spec, "secretName") != secret.Name {
			continue
		}
		if at, err := time.Parse(time.RFC3339, kube.StringAt(status, "notAfter")); err == nil {
			return at
		}
	}
	return time.Time{}
}

// endOfShown reads when the certificate ended that a line complains of; ok is false where it says nothing of that, or it has yet to end.
func endOfShown(line string, now time.Time) (time.Time, bool) {
	m := endedAt.FindStringSubmatch(line)
	if m == nil {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, m[1])
	return at, err == nil && at.Before(now)
}

// startedBefore says whether all programs of a pod run since before then.
func startedBefore(p *corev1.Pod, at time.Time) bool {
	return len(p.Status.ContainerStatuses) > 0 && !slices.ContainsFunc(p.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
		return c.State.Running == nil || !c.State.Running.StartedAt.Time.Before(at)
	})
}
