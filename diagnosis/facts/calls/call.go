package calls

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Call is what a failing pod's log says that the pod could not reach.
type Call struct {
	Pod     *corev1.Pod
	Log     *snapshot.Log
	Need    logs.Fact
	Service incident.Object // that the host means; zero: none of the cluster's, or a pod's address
}

// Seen is the evidence of the call: the line of the log.
func (c Call) Seen() incident.Evidence {
	return finding.SeenLog(c.Pod, c.Log.Container, c.Log.Previous, c.Need.Line)
}

// Failing are what the logs of pods that are not well say about the network. A pod that is well may complain of what has passed.
func Failing(s *snapshot.Snapshot) []Call {
	type key struct{}
	return snapshot.Once(s, key{}, func() []Call { return readCalls(s, false) })
}

// Silent are the time-outs of pods that are not well whose logs name nothing at all that did not answer, by workload.
func Silent(s *snapshot.Snapshot) map[incident.Object]Call {
	type key struct{}
	return snapshot.Once(s, key{}, func() map[incident.Object]Call {
		out := map[incident.Object]Call{}
		for i := range s.Logs {
			l := &s.Logs[i]
			p := s.Pod(l.Namespace, l.Pod)
			if p == nil || kube.Healthy(p) || slices.ContainsFunc(readings.Of(s, l).Facts, func(d logs.Fact) bool { return d.Kind.Network() }) {
				continue
			}
			if at := unnamedTimeout.FindStringIndex(l.Text); at != nil {
				from, to := strings.LastIndexByte(l.Text[:at[0]], '\n')+1, len(l.Text)
				if n := strings.IndexByte(l.Text[at[1]:], '\n'); n >= 0 {
					to = at[1] + n
				}
				line := clip.Bytes(l.Text[from:to], finding.MaxLine)
				out[s.WorkloadOf(p)] = Call{Pod: p, Log: l, Need: logs.Fact{Kind: logs.ConnectionTimeout, Line: line}}
			}
		}
		return out
	})
}

// unnamedTimeout are words by which clients say that a connection was not made in time.
var unnamedTimeout = regexp.MustCompile(`(?i)\bconnect ETIMEDOUT\b|\bconnection timed out\b|\bconnect(?:ion)? timeout\b|` +
	`\btimeout connecting to\b`)

// Complaints are what the logs of pods that are well say about the network: what these live with, or what has passed. They prove nothing by
// themselves; see [Callers.Well].
func Complaints(s *snapshot.Snapshot) []Call {
	type key struct{}
	return snapshot.Once(s, key{}, func() []Call { return readCalls(s, true) })
}

func readCalls(s *snapshot.Snapshot, well bool) []Call {
	var out []Call
	var byIP map[string]incident.Object
	dns, _ := resolvers.Find(s) // whose log has checks of its own
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || kube.Healthy(p) != well || well && (l.Previous || slices.Contains(dns.Pods, p)) {
			continue
		}
		for _, d := range readings.Of(s, l).Facts {
			if !d.Kind.Network() || d.Host == "" {
				continue
			}
			if byIP == nil {
				byIP = kube.ServicesByIP(s)
			}
			o, ok := kube.ServiceOf(s, d.Host, l.Namespace)
			if !ok {
				o = byIP[d.Host]
			}
			out = append(out, Call{p, l, d, o})
		}
	}
	return out
}

// Address reads a call's host as an IP address; ok is false for a name.
func (c Call) Address() (netip.Addr, bool) {
	a, err := netip.ParseAddr(c.Need.Host)
	return a.Unmap(), err == nil
}

// AskedServer is the name server in the words of Go's resolver.
var AskedServer = regexp.MustCompile(`lookup \S+ on ([0-9.]+):53`)

// Outside says whether a name is none of the cluster's.
func Outside(s *snapshot.Snapshot, name string) bool {
	_, in := kube.ServiceOf(s, name, "")
	low := strings.ToLower(strings.TrimRight(name, "."))
	return !in && strings.Contains(low, ".") && !strings.HasSuffix(low, ".cluster.local") && !strings.HasSuffix(low, ".svc")
}

// To are the failing calls of a Service, or of a name below it.
func To(s *snapshot.Snapshot, service incident.Object) []Call {
	var out []Call
	for _, c := range Failing(s) {
		if c.Service == service || kube.NamesService(c.Need.Host, c.Pod.Namespace, service) {
			out = append(out, c)
		}
	}
	return out
}
