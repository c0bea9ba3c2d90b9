package checks

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

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
		r.Find(ExternalNameInvalid, o, fmt.Sprintf("Service %s is an ExternalName of %s: an IP address is not a name, so it does not resolve", v.Name, name)).Cite(seen)
		return
	}
	if inside, ok := kube.ServiceOf(s, name, v.Namespace); ok {
		if s.Service(inside.Namespace, inside.Name) != nil || finding.NotSeen(s, "services", inside.Namespace) {
			return
		}
		f := r.Find(ExternalNameNotFound, o, fmt.Sprintf("Service %s/%s stands for %s, but Service %s/%s does not exist%s", v.Namespace, v.Name, name,
			inside.Namespace, inside.Name, kube.DidYouMean(kube.Nearest(inside.Name, kube.ServicesIn(s, inside.Namespace))))).Cite(seen)
		f.Refs = []incident.Object{inside}
		if len(callsOf(s, o)) == 0 {
			f.Severity = incident.Info // a leftover that nobody calls
		}
		return
	}
	for _, l := range s.Lookups {
		asked := strings.ToLower(strings.TrimRight(l.Name, "."))
		if l.Error == "" || asked != name && !strings.HasPrefix(asked, v.Name+"."+v.Namespace+".svc") {
			continue
		}
		f := r.Find(ExternalNameNotFound, o, fmt.Sprintf("Service %s/%s stands for %s, which does not resolve", v.Namespace, v.Name, name)).Cite(seen)
		f.Cite(finding.NewEvidence(incident.SourceProbe, o, "lookup "+l.Name, time.Time{}, fmt.Sprintf("%s asked %s for %s: %s", l.From, l.Server, l.Name, l.Error)))
		return
	}
}

// externalName blames a Service of type ExternalName whose name a failing pod could not resolve.
func (c callers) externalName(by call, v *corev1.Service) {
	if by.need.Kind != logs.NameUnresolved {
		return
	}
	o := by.service
	if v := c.s.Service(o.Namespace, o.Name); v == nil || v.Spec.Type != corev1.ServiceTypeExternalName {
		return
	}
	for _, f := range c.r.Findings {
		if f.Object == o && (f.Code == ExternalNameInvalid || f.Code == ExternalNameNotFound) {
			f.Severity = incident.Critical
			f.AddPod(by.pod)
			f.Cite(by.seen())
			return
		}
	}
	if Unanswered(by.need.Line) {
		return // no name server spoke, which is no fault of the name
	}
	c.find(ExternalNameNotFound, o, "", by, fmt.Sprintf("Service %s/%s stands for %s, which does not resolve", v.Namespace, v.Name, v.Spec.ExternalName)).
		Cite(finding.SeenAPI(o, "spec.externalName", time.Time{}, v.Spec.ExternalName))
}

// Unanswered says that a log's complaint about a name is that no name server answered, rather than that the name does not exist.
func Unanswered(line string) bool {
	low := strings.ToLower(line)
	for _, words := range []string{"i/o timeout", "timed out", "timeout", "eai_again", "temporary failure in name resolution", "try again", "connection refused",
		"server misbehaving", "bad address", "no servers could be reached"} {
		if strings.Contains(low, words) {
			return true
		}
	}
	return false
}

// Outside says whether a name is none of the cluster's.
func Outside(s *snapshot.Snapshot, name string) bool {
	_, in := kube.ServiceOf(s, name, "")
	low := strings.ToLower(strings.TrimRight(name, "."))
	return !in && strings.Contains(low, ".") && !strings.HasSuffix(low, ".cluster.local") && !strings.HasSuffix(low, ".svc")
}
