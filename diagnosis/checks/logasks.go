package checks

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/applog"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/control"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/custom"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/ingress"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/nodes"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/podnetwork"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/storage"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/workloads"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// logAsks is which findings ask for whose logs, however well these pods look: of those that should have done what is missing. An empty
// list of codes means every finding. The precise come first.
var logAsks = []struct {
	codes []string
	pods  func(*snapshot.Snapshot, *finding.Finding) []*corev1.Pod
}{
	{[]string{ingress.IngressReloadFails, ingress.IngressSecretMissing, ingress.IngressCertificate, ingress.IngressNoController,
		ingress.IngressBackendMissing, ingress.IngressPortMissing, ingress.IngressConflict}, controllersOfIngresses},
	{[]string{podproblem.PodSandboxFailed, podproblem.PodStuckCreating, nodes.NodeCNIMissing, nodes.NodeNotReady,
		podnetwork.NetworkPluginMissing, podnetwork.NodeNetworkCut,
		podnetwork.BGPPeersMissing, podnetwork.NodeIPsExhausted, podnetwork.NodeProxyMissing}, networkOfNodes},
	{[]string{podproblem.PodCrashLoop, podproblem.PodInitStuck}, func(s *snapshot.Snapshot, f *finding.Finding) []*corev1.Pod {
		if !TellsOfNetwork(f) {
			return nil
		}
		return networkOfNodes(s, f)
	}},
	{[]string{podproblem.PodVolumeFailed}, driversOfVolumes},
	{[]string{storage.PVCPending}, driversOfClaim},
	{[]string{control.GarbageStays, control.NamespaceTerminating}, func(s *snapshot.Snapshot, _ *finding.Finding) []*corev1.Pod {
		return component(s, "kube-controller-manager")
	}},
	{[]string{podproblem.PodUnschedulable}, schedulersOf},
	{[]string{ingress.TLSSecretExpired, ingress.TLSSecretExpires, ingress.TLSSecretInvalid, ingress.IngressSecretMissing}, issuersOf},
	{nil, providers},
	{[]string{workloads.JobFailed, podproblem.PodProbeFailing, podproblem.PodFailed, podproblem.PodCrashLoop, podproblem.PodRestarts}, itself},
	{[]string{podproblem.PodCrashLoop, applog.LogTLSFailed}, authorities},
	{nil, calledPods},
	{nil, serversOfNames},
}

// ofNetwork are words for how a pod's network is set up on its node.
var ofNetwork = regexp.MustCompile(`(?i)\b(?:iptables|nftables|cni|network(?:ing)? (?:config\w*|setup|namespace|interface|plugin|rules)|redirect\w*|` +
	`traffic (?:as expected|redirection|interception)|ebpf|bpf)\b`)

// TellsOfNetwork says whether what was seen of a finding tells of how its pods' network is set up.
func TellsOfNetwork(f *finding.Finding) bool {
	return slices.ContainsFunc(f.Seen, func(e incident.Evidence) bool { return ofNetwork.MatchString(e.Excerpt) })
}

// serversOfNames are the pods that answer names, for a finding that tells of a name outside the cluster which did not resolve, or of a
// certificate that is for other names than the one called.
func serversOfNames(s *snapshot.Snapshot, f *finding.Finding) []*corev1.Pod {
	outside := func(d logs.Fact) bool {
		return d.Kind == logs.NameUnresolved && calls.Outside(s, d.Host) || d.Kind == logs.TLSFailed && d.Name != ""
	}
	said := slices.Clone(f.Said)
	for _, e := range f.Seen {
		if len(f.Said) == 0 && (strings.Contains(e.Excerpt, "certificate") || strings.Contains(e.Excerpt, "lookup ")) {
			said = append(said, logs.Read(e.Excerpt).Facts...)
		}
	}
	if !slices.ContainsFunc(said, outside) {
		return nil
	}
	return resolvers.Servers(s, nodesOf(f))
}

// Tending lists the pods that have to do with a finding, besides those that it is about: who should have done what is missing there, and
// whom it calls.
func Tending(s *snapshot.Snapshot, f *finding.Finding) []*corev1.Pod {
	var all finding.Gathered[*corev1.Pod]
	for _, a := range logAsks {
		if len(a.codes) == 0 || slices.Contains(a.codes, f.Code) {
			all.Add(few(s, f, a.pods(s, f))...)
		}
	}
	return all.List
}

// AsksLogs lists the pods whose logs findings ask for, each once, the graver findings' first; and those that only a log can tell of,
// since
// something cannot be seen. Failed is what failed while it asked.
func AsksLogs(s *snapshot.Snapshot, found []*finding.Finding) (pods []*corev1.Pod, failed []incident.Failure) {
	var all finding.Gathered[*corev1.Pod]
	ask := func(what string, where incident.Object, of func() []*corev1.Pod) {
		f := incident.Catch(incident.NotSeen{What: what, Resources: []incident.Resource{incident.Checks}, Where: where},
			func() { all.Add(of()...) })
		if f != nil {
			failed = append(failed, *f)
		}
	}
	ordered := slices.Clone(found)
	slices.SortStableFunc(ordered, func(a, b *finding.Finding) int { return b.Severity.Rank() - a.Severity.Rank() })
	for _, a := range logAsks {
		for _, f := range ordered {
			if (f.Alarms() || f.Suspect) && (len(a.codes) == 0 || slices.Contains(a.codes, f.Code)) {
				ask("logs for "+f.Code, f.Object, func() []*corev1.Pod { return few(s, f, a.pods(s, f)) })
			}
		}
	}
	ask("logs of ingress controllers", incident.Object{}, func() []*corev1.Pod { return few(s, nil, ingress.Untold(s)) })
	ask("logs of who is sent to what selects nothing", incident.Object{}, func() []*corev1.Pod { return few(s, nil, custom.Callers(s)) })
	ask("logs of who waits for a lock", incident.Object{}, func() []*corev1.Pod { return few(s, nil, control.LockWaiters(s)) })
	ask("logs of controllers", incident.Object{}, func() []*corev1.Pod { return untended(s) })
	return all.List, failed
}

const (
	// alikePods is how many pods of one workload are asked, for they tend to say the same; ofItself of the one that is ill itself.
	alikePods = 2
	ofItself  = 6
)

// few are the first pods of each workload, those on the nodes that a finding is about before others.
func few(s *snapshot.Snapshot, f *finding.Finding, pods []*corev1.Pod) []*corev1.Pod {
	var near, far []*corev1.Pod
	for _, p := range pods {
		if f != nil && slices.Contains(nodesOf(f), p.Spec.NodeName) {
			near = append(near, p)
		} else {
			far = append(far, p)
		}
	}
	taken := map[incident.Object]int{}
	return slices.DeleteFunc(append(near, far...), func(p *corev1.Pod) bool {
		w := s.WorkloadOf(p)
		taken[w]++
		most := alikePods
		if f != nil && f.Workload == w {
			most = ofItself
		}
		return taken[w] > most
	})
}

// nodesOf are the nodes that a finding is about, and those of its pods.
func nodesOf(f *finding.Finding) []string {
	out := slices.Clone(f.Nodes)
	if f.Object.Kind == "Node" {
		out = append(out, f.Object.Name)
	}
	for _, p := range f.Pods {
		if !slices.Contains(out, p.Spec.NodeName) && p.Spec.NodeName != "" {
			out = append(out, p.Spec.NodeName)
		}
	}
	return out
}

// untendedMost bounds the custom resources that are looked at for a controller that has not taken them up.
const untendedMost = 40

// untended are the pods of the controllers that should have written a status and have not: of custom resources without any, whose status
// somebody has the right to write.
func untended(s *snapshot.Snapshot) []*corev1.Pod {
	var out []*corev1.Pod
	looked := map[string]bool{}
	for i := range s.Customs {
		o := &s.Customs[i]
		kind := o.GroupVersionKind().GroupKind().String()
		if _, has := o.Object["status"]; has || looked[kind] || s.At.Sub(o.GetCreationTimestamp().Time) < finding.SlowIngress.For {
			continue
		}
		if looked[kind] = true; len(looked) > untendedMost {
			break
		}
		out = append(out, statusWriters(s, o)...)
	}
	return few(s, nil, out)
}

// statusWriters are the pods of who has the right to write a custom resource's status.
func statusWriters(s *snapshot.Snapshot, o *unstructured.Unstructured) []*corev1.Pod {
	return podsAs(s, mayWriteStatus(s, o))
}

// authorities are the pods that may have issued what a finding's pods end at: an expired certificate of which nobody says whose it is.
func authorities(s *snapshot.Snapshot, f *finding.Finding) []*corev1.Pod {
	if len(f.Pods) == 0 || !slices.ContainsFunc(f.Said, applog.ExpiredSomewhere) {
		return nil
	}
	return applog.Authorities(s, f.Pods[0])
}

// itself are a finding's own pods: of what fails alike, one may say more than another.
func itself(s *snapshot.Snapshot, f *finding.Finding) []*corev1.Pod {
	if len(f.Pods) > 0 {
		return f.Pods
	}
	return kube.PodsOf(s, f.Object)
}
