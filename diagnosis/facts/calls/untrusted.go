package calls

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// urlHost is the host of an HTTPS address in a line, as HTTP clients write what they asked for.
var urlHost = regexp.MustCompile(`https://([A-Za-z0-9.-]+)(?::([0-9]+))?`)

// Untrusted are the calls that failed for the certificate of whom they reached, by the callers' logs, as far as these name the host; those
// of pods that are well, or of the others.
func Untrusted(s *snapshot.Snapshot, well bool) []Call {
	type key struct{ well bool }
	return snapshot.Once(s, key{well}, func() []Call { return readUntrusted(s, well) })
}

func readUntrusted(s *snapshot.Snapshot, well bool) []Call {
	var out []Call
	var byIP map[string]incident.Object
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || kube.Healthy(p) != well || well && l.Previous {
			continue
		}
		for _, d := range readings.Of(s, l).Facts {
			if d.Kind != logs.TLSFailed || !strings.Contains(strings.ToLower(d.Line), "certificate") {
				continue
			}
			host := TrustedHost(d)
			if host == "" {
				continue
			}
			if byIP == nil {
				byIP = kube.ServicesByIP(s)
			}
			o, ok := kube.ServiceOf(s, host, l.Namespace)
			if !ok {
				o = byIP[host]
			}
			out = append(out, Call{p, l, d, o})
		}
	}
	return out
}

// TrustedHost is the host whose certificate a line complains of: that of the address that was asked for, or the name that the certificate
// is not for. "" where the line names none.
func TrustedHost(d logs.Fact) string {
	if m := urlHost.FindStringSubmatch(d.Line); m != nil {
		return strings.ToLower(strings.TrimRight(m[1], "."))
	}
	if _, err := netip.ParseAddr(d.Name); err == nil || strings.Contains(d.Name, ".") {
		return strings.ToLower(strings.TrimRight(d.Name, "."))
	}
	return ""
}
