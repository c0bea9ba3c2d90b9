package applog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// AuthorityExpired is the code of a program that others get their certificates from or are known by, and whose own is past its time.
const AuthorityExpired = "AuthorityExpired"

var authorityCodes = []finding.Code{
	{Code: AuthorityExpired, Severity: incident.Critical, Root: true,
		Meaning: "The log of a program that others call says that its root, issuer or signing certificate has expired, and these end at a " +
			"certificate that has: who starts anew is shut out, who runs keeps what it has for as long as that lasts.",
		Next: "Renew the root and the issuer by the means of that program, see to it that all who trust it get the new one, and restart what " +
			"is shut out.",
		Example: "Deployment identity says that its issuer certificate has expired, and Deployment web ends at one: issuer certificate has " +
			"expired at 2026-05-01"},
}

// ofAuthority is what the holder of a root or an issuer says of its own certificate.
var ofAuthority = regexp.MustCompile(`(?i)\b(root|issuer|issuing|signing|intermediate|trust[- ]?anchors?|ca|authority)\b.{0,40}\b(cert\w*|anchors?)\b.{0,60}` +
	`\bexpired\b`)

// checkAuthorities looks behind the Services that the settings of those name who end at an expired certificate and don't say whose.
func checkAuthorities(s *snapshot.Snapshot, r *finding.Report) {
	found := map[incident.Object]*finding.Finding{}
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || kube.Healthy(p) || !slices.ContainsFunc(readings.Of(s, l).Facts, ExpiredSomewhere) {
			continue
		}
		for _, q := range Authorities(s, p) {
			if said, seen := ownExpired(s, q); said != "" {
				authorityExpired(s, r, found, p, q, said, seen)
			}
		}
	}
}

func authorityExpired(s *snapshot.Snapshot, r *finding.Report, found map[incident.Object]*finding.Finding, caller, p *corev1.Pod,
	said string, seen incident.Evidence) {
	w, by := s.WorkloadOf(p), s.WorkloadOf(caller)
	f := found[w]
	if f == nil {
		f = r.Find(AuthorityExpired, w, fmt.Sprintf("%s says that its own certificate has expired, and %s ends at one: %s", finding.Short(w),
			finding.Short(by), finding.ShortMessage(said)))
		f.Workload, f.AtMost = w, incident.Likely // nobody says that it is this one's
		f.AddPod(p)
		found[w] = f
	}
	f.Refs = finding.Union(f.Refs, []incident.Object{by})
	f.Cite(seen)
}

// ExpiredSomewhere says whether a log tells of an expired certificate and not of whose it is.
func ExpiredSomewhere(f logs.Fact) bool {
	return f.Kind == logs.TLSFailed && calls.TrustedHost(f) == "" && strings.Contains(f.Line, "expired")
}

// Authorities are pods behind the Services that a pod's settings name.
func Authorities(s *snapshot.Snapshot, p *corev1.Pod) []*corev1.Pod {
	var out []*corev1.Pod
	for _, behind := range calls.Behind(s, p) {
		out = finding.Union(out, behind[:min(len(behind), mostBehind)])
	}
	return slices.DeleteFunc(out, func(q *corev1.Pod) bool { return s.WorkloadOf(q) == s.WorkloadOf(p) })
}

// ownExpired is the last that a pod's logs say of its own certificate being past its time.
func ownExpired(s *snapshot.Snapshot, p *corev1.Pod) (said string, seen incident.Evidence) {
	for _, c := range kube.ContainersOf(p) {
		l := s.Log(p.Namespace, p.Name, c.Spec.Name, false)
		if l == nil {
			continue
		}
		for line := range strings.Lines(l.Text) {
			if ofAuthority.MatchString(line) {
				line = strings.TrimSpace(line)
				said, seen = logs.Read("error: "+line).Last, finding.SeenLog(p, c.Spec.Name, false, line)
				if said == "" {
					said = line
				}
			}
		}
	}
	return said, seen
}
