package services

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// checkExternalName looks at what a Service of type ExternalName stands for. A name outside the cluster counts as unresolved only if
// somebody asked for it and got no answer.
func checkExternalName(s *snapshot.Snapshot, r *finding.Report, v *corev1.Service) {
	o, name := kube.ServiceObject(v), strings.ToLower(strings.TrimRight(v.Spec.ExternalName, "."))
	seen := finding.SeenAPI(o, "spec.externalName", time.Time{}, v.Spec.ExternalName)
	if _, err := netip.ParseAddr(name); err == nil {
		r.Find(ExternalNameInvalid, o, fmt.Sprintf("Service %s is an ExternalName of %s: an IP address is not a name, so it does not resolve",
			v.Name, name)).Cite(seen)
		return
	}
	if inside, ok := kube.ServiceOf(s, name, v.Namespace); ok {
		if s.Service(inside.Namespace, inside.Name) != nil || finding.NotSeen(s, "services", inside.Namespace) {
			return
		}
		f := r.Find(ExternalNameNotFound, o, fmt.Sprintf("Service %s/%s stands for %s, but Service %s/%s does not exist%s", v.Namespace, v.Name,
			name,
			inside.Namespace, inside.Name, kube.DidYouMean(kube.Nearest(inside.Name, kube.ServicesIn(s, inside.Namespace))))).Cite(seen)
		f.Refs = []incident.Object{inside}
		if len(calls.To(s, o)) == 0 {
			f.Severity = incident.Info // a leftover that nobody calls
		}
		return
	}
	for _, l := range s.Lookups {
		asked := strings.ToLower(strings.TrimRight(l.Name, "."))
		if l.Error == "" || asked != name && !strings.HasPrefix(asked, v.Name+"."+v.Namespace+".svc") {
			continue
		}
		f := r.Find(ExternalNameNotFound, o, fmt.Sprintf("Service %s/%s stands for %s, which does not resolve", v.Namespace, v.Name,
			name)).Cite(seen)
		f.Cite(finding.NewEvidence(incident.SourceProbe, o, "lookup "+l.Name, time.Time{}, fmt.Sprintf("%s asked %s for %s: %s", l.From, l.Server,
			l.Name, l.Error)))
		return
	}
}

// externalName blames a Service of type ExternalName whose name a failing pod could not resolve.
func externalName(c calls.Callers, by calls.Call, v *corev1.Service) {
	if by.Need.Kind != logs.NameUnresolved {
		return
	}
	o := by.Service
	if v := c.S.Service(o.Namespace, o.Name); v == nil || v.Spec.Type != corev1.ServiceTypeExternalName {
		return
	}
	for _, f := range c.R.Findings {
		if f.Object == o && (f.Code == ExternalNameInvalid || f.Code == ExternalNameNotFound) {
			f.Severity = incident.Critical
			f.AddPod(by.Pod)
			f.Cite(by.Seen())
			return
		}
	}
	if by.Need.Unanswered() {
		return // no name server spoke, which is no fault of the name
	}
	c.Find(ExternalNameNotFound, o, "", by, fmt.Sprintf("Service %s/%s stands for %s, which does not resolve", v.Namespace, v.Name,
		v.Spec.ExternalName)).
		Cite(finding.SeenAPI(o, "spec.externalName", time.Time{}, v.Spec.ExternalName))
}
