package checks

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/applog"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/control"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/dns"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/nodes"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/storage"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// mostProbes bounds the second looks of each kind.
const mostProbes = 12

// asks is which findings ask for which second looks. An empty list of codes means every finding.
var asks = []struct {
	codes  []string
	probes func(*snapshot.Snapshot, *finding.Finding) []snapshot.Probe
}{
	{[]string{dns.DNSDown, dns.DNSLoop, dns.DNSCorefileError}, askServers},
	{nil, askNames},
	{nil, askCalled},
	{[]string{services.ServicePortMismatch, services.ServicePodsUnready}, askEndpoints},
	{[]string{podproblem.PodProbeFailing}, askProbed},
	{[]string{nodes.NodeUnreachable}, askKubelet},
	{[]string{podproblem.PodOOMKilled}, askMemory},
	{[]string{podproblem.PodCrashLoop, podproblem.PodRestarts, podproblem.PodOOMKilled}, askRestarts},
	{[]string{podproblem.PodCrashLoop, storage.VolumeFull, applog.LogNoSpace}, storage.AskVolumes},
	{[]string{control.EtcdUnhealthy, control.APIServerUnhealthy, control.SchedulerNotLeading, control.ControllerManagerNotLeading,
		control.WebhookFailing}, control.AskLatency},
}

// Asks lists the second looks that findings ask for, in an order that does not depend on theirs, each once, and what failed while it asked.
func Asks(s *snapshot.Snapshot, found []*finding.Finding) ([]snapshot.Probe, []incident.Failure) {
	var all []snapshot.Probe
	var failures []incident.Failure
	for _, f := range found {
		if !f.Alarms() {
			continue
		}
		for _, a := range asks {
			if len(a.codes) > 0 && !slices.Contains(a.codes, f.Code) {
				continue
			}
			failed := incident.Catch(incident.NotSeen{What: "second looks for " + f.Code, Resources: []incident.Resource{incident.Checks},
				Where: f.Object},
				func() { all = append(all, a.probes(s, f)...) })
			if failed != nil {
				failures = append(failures, *failed)
			}
		}
	}
	return distinct(all), failures
}

// distinct orders looks, leaves out those that are taken already, and bounds each kind.
func distinct(all []snapshot.Probe) []snapshot.Probe {
	slices.SortFunc(all, func(a, b snapshot.Probe) int {
		return strings.Compare(string(a.Kind)+" "+a.Target+" "+a.Server+" "+a.For.String(), string(b.Kind)+" "+b.Target+" "+b.Server+" "+
			b.For.String())
	})
	all = slices.CompactFunc(all, func(a, b snapshot.Probe) bool {
		return a.Kind == b.Kind && a.Target == b.Target && a.Server == b.Server
	})
	n := map[snapshot.ProbeKind]int{}
	return slices.DeleteFunc(all, func(p snapshot.Probe) bool { n[p.Kind]++; return n[p.Kind] > mostProbes })
}

// anyName resolves in every cluster whose DNS works: the API server's own Service.
const anyName = "kubernetes.default.svc.cluster.local."

// askServers asks each DNS pod by itself, so that one that is ill shows beside those that are well.
func askServers(s *snapshot.Snapshot, _ *finding.Finding) []snapshot.Probe {
	d, _ := resolvers.Find(s)
	var out []snapshot.Probe
	for _, p := range d.Pods[:min(len(d.Pods), finding.ShownPods)] {
		if p.Status.PodIP != "" {
			out = append(out, snapshot.Probe{Kind: snapshot.ProbeLookup, Target: anyName, Server: p.Status.PodIP, For: finding.PodObject(p)})
		}
	}
	return out
}

// askNames asks the cluster's DNS for the names that logs say did not resolve, and for those outside the cluster the node's own servers,
// which CoreDNS asks in turn.
func askNames(s *snapshot.Snapshot, f *finding.Finding) []snapshot.Probe {
	v := resolvers.Service(s)
	if v == nil || len(f.Pods) == 0 {
		return nil
	}
	var out []snapshot.Probe
	for _, fact := range f.Said {
		if fact.Kind != logs.NameUnresolved || fact.Host == "" {
			continue
		}
		o, inside := kube.ServiceOf(s, fact.Host, f.Pods[0].Namespace)
		if inside {
			out = append(out, snapshot.Probe{Kind: snapshot.ProbeLookup, Target: o.Name + "." + o.Namespace + ".svc.cluster.local.",
				Server: v.Spec.ClusterIP, For: o})
			continue
		}
		name := strings.TrimRight(fact.Host, ".") + "."
		out = append(out, snapshot.Probe{Kind: snapshot.ProbeLookup, Target: name, Server: v.Spec.ClusterIP, For: f.Object})
		for _, server := range nodeServers(s, f.Pods[0].Spec.NodeName) {
			out = append(out, snapshot.Probe{Kind: snapshot.ProbeLookup, Target: name, Server: server, For: f.Object})
		}
	}
	return out
}

// nodeServers are the DNS servers of a node's resolv.conf that can be asked from elsewhere.
func nodeServers(s *snapshot.Snapshot, node string) []string {
	var out []string
	for i := range s.Hosts {
		if h := &s.Hosts[i]; h.Node == node {
			for _, server := range resolvers.Nameservers(h.Resolv + "\n" + h.Upstream) {
				if a, err := netip.ParseAddr(server); err == nil && !a.IsLoopback() && !slices.Contains(out, server) && len(out) < 2 {
					out = append(out, server)
				}
			}
		}
	}
	return out
}

// Called lists the Services that the logs of a finding's pods say they could not reach, by their names or their addresses.
func Called(s *snapshot.Snapshot, f *finding.Finding) []incident.Object {
	if len(f.Pods) == 0 {
		return nil
	}
	var out []incident.Object
	for _, fact := range f.Said {
		o, ok := kube.ServiceOf(s, fact.Host, f.Pods[0].Namespace)
		if !ok {
			o, ok = kube.ServicesByIP(s)[fact.Host]
		}
		if ok && fact.Kind.Network() {
			out = finding.Union(out, []incident.Object{o})
		}
	}
	return out
}

// askCalled tries the Services that logs say refuse or do not answer.
func askCalled(s *snapshot.Snapshot, f *finding.Finding) []snapshot.Probe {
	var out []snapshot.Probe
	for _, fact := range f.Said {
		if len(f.Pods) == 0 || fact.Port == "" || fact.Kind != logs.ConnectionRefused && fact.Kind != logs.ConnectionTimeout {
			continue
		}
		o, ok := kube.ServiceOf(s, fact.Host, f.Pods[0].Namespace)
		if !ok {
			continue
		}
		if v := s.Service(o.Namespace, o.Name); v != nil && net.ParseIP(v.Spec.ClusterIP) != nil {
			out = append(out, dial(v.Spec.ClusterIP, fact.Port, o))
		}
	}
	return out
}

// askEndpoints tries the ports of the pods behind a Service.
func askEndpoints(s *snapshot.Snapshot, f *finding.Finding) []snapshot.Probe {
	v := s.Service(f.Object.Namespace, f.Object.Name)
	if v == nil || f.Object.Kind != "Service" {
		return nil
	}
	var out []snapshot.Probe
	for _, p := range f.Pods[:min(len(f.Pods), 2)] {
		for _, port := range v.Spec.Ports {
			if n := portNumber(p, kube.TargetPort(port)); n > 0 && port.Protocol != corev1.ProtocolUDP {
				out = append(out, dialPod(p, n, finding.PodObject(p))...)
			}
		}
	}
	return out
}

// askProbed tries the port that a failing probe asks.
func askProbed(_ *snapshot.Snapshot, f *finding.Finding) []snapshot.Probe {
	var out []snapshot.Probe
	for _, p := range f.Pods[:min(len(f.Pods), 2)] {
		for i := range p.Spec.Containers {
			c := &p.Spec.Containers[i]
			for _, probe := range []*corev1.Probe{c.ReadinessProbe, c.LivenessProbe, c.StartupProbe} {
				switch {
				case probe == nil:
				case probe.HTTPGet != nil && probe.HTTPGet.Host == "":
					out = append(out, dialPod(p, portNumber(p, probe.HTTPGet.Port), finding.PodObject(p))...)
				case probe.TCPSocket != nil && probe.TCPSocket.Host == "":
					out = append(out, dialPod(p, portNumber(p, probe.TCPSocket.Port), finding.PodObject(p))...)
				}
			}
		}
	}
	return out
}

// kubeletPort is where kubelets listen, by their default.
const kubeletPort = "10250"

func askKubelet(s *snapshot.Snapshot, f *finding.Finding) []snapshot.Probe {
	n := s.Node(f.Object.Name)
	if n == nil {
		return nil
	}
	for _, a := range n.Status.Addresses {
		if a.Type == corev1.NodeInternalIP {
			return []snapshot.Probe{dial(a.Address, kubeletPort, f.Object)}
		}
	}
	return nil
}

// askMemory asks what the containers of a workload used at the most, by cAdvisor's metric.
func askMemory(_ *snapshot.Snapshot, f *finding.Finding) []snapshot.Probe {
	if f.Workload.IsZero() || len(f.Pods) == 0 {
		return nil
	}
	q := fmt.Sprintf(`max(max_over_time(container_memory_working_set_bytes{namespace=%q,pod=~%q,container!=""}[1h]))`, f.Workload.Namespace,
		podPattern(f))
	return []snapshot.Probe{{Kind: snapshot.ProbeQuery, Target: q, For: f.Workload, Name: "most memory used by a container in the last hour",
		Unit: "bytes"}}
}

// askRestarts asks how often the containers of a workload were restarted, by kube-state-metrics' metric.
func askRestarts(_ *snapshot.Snapshot, f *finding.Finding) []snapshot.Probe {
	if f.Workload.IsZero() || len(f.Pods) == 0 {
		return nil
	}
	q := fmt.Sprintf(`sum(increase(kube_pod_container_status_restarts_total{namespace=%q,pod=~%q}[1h]))`, f.Workload.Namespace, podPattern(f))
	return []snapshot.Probe{{Kind: snapshot.ProbeQuery, Target: q, For: f.Workload, Name: "restarts in the last hour"}}
}

// podPattern is a regular expression for the finding's pods, a few of them.
func podPattern(f *finding.Finding) string {
	var names []string
	for _, p := range f.Pods[:min(len(f.Pods), 10)] {
		names = append(names, strings.ReplaceAll(p.Name, ".", `\.`))
	}
	return strings.Join(names, "|")
}

func dialPod(p *corev1.Pod, port int32, o incident.Object) []snapshot.Probe {
	if p.Status.PodIP == "" || port <= 0 {
		return nil
	}
	return []snapshot.Probe{dial(p.Status.PodIP, strconv.Itoa(int(port)), o)}
}

func dial(host, port string, o incident.Object) snapshot.Probe {
	return snapshot.Probe{Kind: snapshot.ProbeDial, Target: net.JoinHostPort(host, port), For: o}
}

// portNumber resolves a port by the pod's names; 0 if it has none of the name.
func portNumber(p *corev1.Pod, port intstr.IntOrString) int32 {
	if port.Type == intstr.Int {
		return port.IntVal
	}
	for i := range p.Spec.Containers {
		for _, c := range p.Spec.Containers[i].Ports {
			if c.Name == port.StrVal {
				return c.ContainerPort
			}
		}
	}
	return 0
}
