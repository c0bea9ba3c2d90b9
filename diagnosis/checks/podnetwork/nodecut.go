package podnetwork

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// cutNode is what the failing pods of one node got no answer from.
type cutNode struct {
	calls   []calls.Call
	targets []string
}

// leastCut is how many workloads and targets must fail alike before a node is blamed rather than either of them.
const leastCut = 2

// checkCutNodes compares who gets no answer with where it runs. A node is at fault if several workloads on it fail to reach several things
// beyond it that are well, and pods of the same workloads on other nodes are well. Where the network plugin's or kube-proxy's pod on the
// node is missing or not ready, that is found by itself.
func checkCutNodes(s *snapshot.Snapshot, r *finding.Report) {
	if finding.NotSeen(s, "pods", "") {
		return
	}
	cut := map[string]*cutNode{}
	for _, by := range calls.Failing(s) {
		node := by.Pod.Spec.NodeName
		target, ok := beyondNode(s, by)
		if !ok {
			continue
		}
		if cut[node] == nil {
			cut[node] = &cutNode{}
		}
		cut[node].calls = append(cut[node].calls, by)
		cut[node].targets = finding.Union(cut[node].targets, []string{target})
	}
	var pods map[incident.Object][]*corev1.Pod
	for _, node := range slices.Sorted(maps.Keys(cut)) {
		if x := cut[node]; len(x.targets) < leastCut || !kube.NodeReady(s.Node(node)) || !networkRuns(s, node) {
			continue
		}
		if pods == nil {
			pods = podsByWorkload(s)
		}
		reportCut(s, r, node, cut[node], pods)
	}
}

// podsByWorkload are the pods that have not ended and are not being deleted.
func podsByWorkload(s *snapshot.Snapshot) map[incident.Object][]*corev1.Pod {
	m := map[incident.Object][]*corev1.Pod{}
	for i := range s.Pods {
		if p := &s.Pods[i]; !kube.HasEnded(p) && p.DeletionTimestamp == nil {
			m[s.WorkloadOf(p)] = append(m[s.WorkloadOf(p)], p)
		}
	}
	return m
}

// beyondNode names what a call got no answer from, if that is well and may be elsewhere than on the caller's node.
func beyondNode(s *snapshot.Snapshot, by calls.Call) (string, bool) {
	switch {
	case by.Pod.Spec.HostNetwork || by.Pod.Spec.NodeName == "":
		return "", false
	case by.Need.Kind == logs.NameUnresolved:
		return "the cluster's DNS", !by.Service.IsZero() && by.Need.Unanswered() && resolvers.UsesClusterDNS(by.Pod) &&
			resolvers.Ready(s)
	case by.Need.Kind != logs.ConnectionTimeout:
		return "", false
	case !by.Service.IsZero():
		v := s.Service(by.Service.Namespace, by.Service.Name)
		return by.Service.String(), v != nil && (len(v.Spec.Selector) == 0 || slices.ContainsFunc(s.PodsSelected(v.Namespace, v.Spec.Selector),
			kube.IsReady))
	}
	a, ok := by.Address()
	if !ok {
		return "", false
	}
	p := kube.PodAt(s, a)
	return by.Need.Host, p != nil && kube.IsReady(p) && p.Spec.NodeName != by.Pod.Spec.NodeName
}

// networkRuns says whether the pods that give the node its pod network are there and ready.
func networkRuns(s *snapshot.Snapshot, node string) bool {
	for i := range s.DaemonSets {
		d := &s.DaemonSets[i]
		if o := snapshot.ObjectOf("DaemonSet", d.Namespace, d.Name); !NetworkPlugin(o) && !NodeProxy(o) || d.Status.DesiredNumberScheduled == 0 {
			continue
		}
		if p := podsByNode(s, d)[node]; p == nil || !kube.IsReady(p) {
			return false
		}
	}
	return true
}

// reportCut wants two workloads that have pods elsewhere, all of them well, and none that fails elsewhere too.
func reportCut(s *snapshot.Snapshot, r *finding.Report, node string, x *cutNode, pods map[incident.Object][]*corev1.Pod) {
	failing := map[incident.Object]bool{}
	for _, by := range x.calls {
		failing[s.WorkloadOf(by.Pod)] = true
	}
	var well []*corev1.Pod // of the same workloads, elsewhere
	contrasts := 0
	for w := range failing {
		peers := slices.DeleteFunc(slices.Clone(pods[w]), func(p *corev1.Pod) bool { return p.Spec.NodeName == node })
		if len(peers) == 0 {
			continue // it has no pod elsewhere, and so tells nothing
		}
		if slices.ContainsFunc(peers, func(p *corev1.Pod) bool { return !kube.IsReady(p) }) {
			return // it fails elsewhere as well
		}
		contrasts++
		well = append(well, peers[0])
	}
	if contrasts < leastCut {
		return
	}
	o := snapshot.ObjectOf("Node", "", node)
	f := r.Find(NodeNetworkCut, o, "")
	f.Nodes = []string{node}
	for _, by := range x.calls {
		if !slices.Contains(f.Pods, by.Pod) {
			f.Pods = append(f.Pods, by.Pod)
			f.Since = finding.Earlier(f.Since, kube.UnreadySince(by.Pod))
			f.Cite(by.Seen())
		}
		f.AddFacts([]logs.Fact{by.Need})
	}
	slices.SortFunc(well, func(a, b *corev1.Pod) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for _, p := range well[:min(len(well), finding.ShownPods)] {
		f.Cite(finding.SeenAPI(finding.PodObject(p), "status.conditions[Ready]", kube.UnreadySince(p), "ready, on node "+p.Spec.NodeName))
	}
	title := fmt.Sprintf("Pods on node %s get no answer from beyond it, those of %d workloads: their pods on other nodes are well", node,
		len(failing))
	f.Title = finding.OneLine(title+touched(s, f), finding.MaxTitle)
}

// networkTouched are the words of what sets up a host's network anew and may take away rules that are not its own: systemd-networkd
// (src/network/networkd-routing-policy-rule.c), NetworkManager and firewalld.
var networkTouched = regexp.MustCompile(`(systemd-networkd)\[\d+\]: .*(?:Re-configuring|Removing rout)|: (?:Stopping|Stopped|Restarting|Reloading) (Network (?:Configuration|Service|Manager)|firewalld)`)

// touched tells when the host's network was last set up anew before the onset, and cites what did and which packages changed.
func touched(s *snapshot.Snapshot, f *finding.Finding) string {
	said := ""
	for i := range s.Hosts {
		h := hostlog.Host{Host: &s.Hosts[i], S: s, R: nil}
		if h.Node != f.Nodes[0] {
			continue
		}
		near := func(at time.Time) bool {
			return !at.After(f.Since.Add(finding.TouchedAfter.For)) && f.Since.Sub(at) < finding.NetworkTouched.For
		}
		l := h.LastLine(func(l snapshot.HostLine) bool { return near(l.At) && networkTouched.MatchString(l.Text) })
		if l == nil {
			continue
		}
		m := networkTouched.FindStringSubmatch(l.Text)
		said = fmt.Sprintf("; %s set up the node's network anew at %s", m[1]+m[2], finding.Clock(l.At))
		f.Told = append(f.Told, l.At)
		h.SeeLine(f, l)
		h.Cite(f, "systemd ", "network-manager", "firewalld", "netplan")
	}
	return said
}
