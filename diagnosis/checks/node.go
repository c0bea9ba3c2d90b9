package checks

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var nodeChecks = []Check{
	{"nodes", nodeCodes, checkNodes},
}

// The codes of findings about nodes.
const (
	NodeCNIMissing  = "NodeCNIMissing"
	NodeNotReady    = "NodeNotReady"
	NodeUnreachable = "NodeUnreachable"
	NodePressure    = "NodePressure"
	NodeCordoned    = "NodeCordoned"
	NodeLeaseStale  = "NodeLeaseStale"
)

var nodeCodes = []Code{
	{Code: NodeCNIMissing, Severity: incident.Critical, Root: true,
		Meaning: "The node's container runtime has no network (CNI) configuration: no new pod can start on it, and what has crashed is not restarted.",
		Next:    "Restore the CNI configuration on the node (on K3s, /var/lib/rancher/k3s/agent/etc/cni/net.d), or let its network plugin's DaemonSet write it again.",
		Example: "Node leveling-pc has lost its CNI configuration: no new pod can start on it"},
	{Code: NodeNotReady, Severity: incident.Critical, Root: true,
		Meaning: "The kubelet says that the node is not ready; its pods leave their Services and, after minutes, are evicted.",
		Next:    "Read the kubelet's message and its log on the node.",
		Example: "Node worker-1 is not ready: PLEG is not healthy"},
	{Code: NodeUnreachable, Severity: incident.Critical, Root: true,
		Meaning: "The kubelet no longer reports: it is stopped, or the node is down or cut off.",
		Next:    "See whether the node runs and the kubelet on it; then whether it reaches the API server.",
		Example: "Node worker-1 has not been heard of since 09:18:20 UTC"},
	{Code: NodePressure, Severity: incident.Warning, Root: true,
		Meaning: "The node runs out of memory, disk or process ids; the kubelet evicts pods.",
		Next:    "Find what uses it up (kubectl describe node; images, logs and emptyDirs on its disk), and free or add some.",
		Example: "Node worker-1 runs out of disk space"},
	{Code: NodeCordoned, Severity: incident.Info,
		Meaning: "The node takes no new pods because somebody cordoned it.",
		Next:    "If the maintenance is over: kubectl uncordon.",
		Example: "Node worker-1 is cordoned: it takes no new pods"},
	{Code: NodeLeaseStale, Severity: incident.Warning, Root: true,
		Meaning: "The node's lease is not renewed though it still counts as ready: its kubelet has just stopped, or cannot reach the API server.",
		Next:    "See whether the kubelet runs on the node.",
		Example: "Node worker-1 has not renewed its lease for 1m"},
}

const (
	newNode    = time.Minute      // a node younger than this is still being set up
	staleLease = 60 * time.Second // kubelets renew every 10 s; the controller gives up on a lease after 40 s
)

func checkNodes(s *snapshot.Snapshot, r *Report) {
	leases := nodeLeases(s)
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if ready := nodeCondition(n, corev1.NodeReady); ready != nil && ready.Status != corev1.ConditionTrue {
			if s.At.Sub(n.CreationTimestamp.Time) >= newNode {
				reportNotReady(s, r, n, ready)
			}
		} else if silent := leases.silence(n.Name); silent > staleLease {
			r.Find(NodeLeaseStale, nodeObject(n), fmt.Sprintf("Node %s has not renewed its lease for %s", n.Name, duration(silent))).on(n).
				See(seenAPI(snapshot.ObjectOf("Lease", corev1.NamespaceNodeLease, n.Name), "spec.renewTime", leases.renewed[n.Name], "not renewed for "+duration(silent)))
		}
		reportPressure(r, n)
		if n.Spec.Unschedulable {
			f := r.Find(NodeCordoned, nodeObject(n), fmt.Sprintf("Node %s is cordoned: it takes no new pods", n.Name)).on(n)
			f.See(seenAPI(f.Object, "spec.unschedulable", time.Time{}, "true"))
		}
	}
}

func (f *Finding) on(n *corev1.Node) *Finding {
	f.Nodes = []string{n.Name}
	return f
}

func nodeObject(n *corev1.Node) incident.Object { return snapshot.ObjectOf("Node", "", n.Name) }

func nodeCondition(n *corev1.Node, t corev1.NodeConditionType) *corev1.NodeCondition {
	for i := range n.Status.Conditions {
		if n.Status.Conditions[i].Type == t {
			return &n.Status.Conditions[i]
		}
	}
	return nil
}

func reportNotReady(s *snapshot.Snapshot, r *Report, n *corev1.Node, ready *corev1.NodeCondition) {
	o, since := nodeObject(n), ready.LastTransitionTime.Time
	seen := seenAPI(o, "status.conditions[Ready]", since, fmt.Sprintf("%s %s: %s", ready.Status, ready.Reason, ready.Message))
	if ready.Status == corev1.ConditionUnknown {
		f := r.Find(NodeUnreachable, o, fmt.Sprintf("Node %s has not been heard of since %s", n.Name, clock(ready.LastHeartbeatTime.Time))).on(n).See(seen)
		f.Since, f.Words = since, ready.Message
		return
	}
	if noCNI(ready.Message) {
		reportCNI(s, r, n, since, seen)
	}
	f := r.Find(NodeNotReady, o, fmt.Sprintf("Node %s is not ready: %s", n.Name, ready.Message)).on(n).See(seen)
	f.Since, f.Words = since, ready.Message
}

// noCNI knows how the kubelet, containerd and CRI-O say that there is no network configuration.
func noCNI(message string) bool {
	low := strings.ToLower(message)
	for _, words := range []string{"networkpluginnotready", "cni plugin not initialized", "cni config uninitialized", "no cni configuration file", "no networks found in"} {
		if strings.Contains(low, words) {
			return true
		}
	}
	return false
}

func reportCNI(s *snapshot.Snapshot, r *Report, n *corev1.Node, since time.Time, seen incident.Evidence) {
	title := "Node %s has lost its CNI configuration: no new pod can start on it"
	if since.Sub(n.CreationTimestamp.Time) < newNode {
		title = "Node %s has no CNI configuration: no pod can start on it"
	}
	f := r.Find(NodeCNIMissing, nodeObject(n), fmt.Sprintf(title, n.Name)).on(n).See(seen)
	f.Since = since
	f.Because = fmt.Sprintf("Since %s the kubelet of %s reports that the runtime's network is not ready, for no CNI plugin is initialized", clock(since), n.Name)
	for i := range s.Hosts {
		h := &s.Hosts[i]
		if h.Node != n.Name {
			continue
		}
		if h.CNIDir != "" && len(h.CNIFiles) == 0 {
			f.See(hostEvidence(h, h.CNIDir, time.Time{}, "no CNI configuration file: the directory is empty or absent"))
			f.Because += ", and " + h.CNIDir + " on it is empty"
		}
		for _, line := range cniLines(h.ServiceLog) {
			f.See(hostEvidence(h, "service log", logTime(line), oneLine(line, maxLine)))
			if strings.Contains(strings.ToLower(line), "auto-update") {
				f.Because += fmt.Sprintf("; its service log says %q", logMessage(line))
				if t := logTime(line); !t.IsZero() {
					f.Because += " at " + clock(t)
				}
			}
		}
	}
}

func hostEvidence(h *snapshot.Host, field string, at time.Time, excerpt string) incident.Evidence {
	return evidence(incident.SourceHost, snapshot.ObjectOf("Node", "", h.Node), field, at, excerpt)
}

// cniLines picks the service log's newest lines that tell of the network or of an update, oldest first, at most six.
func cniLines(log []string) []string {
	var out []string
	for i := len(log) - 1; i >= 0 && len(out) < 6; i-- {
		low := strings.ToLower(log[i])
		if strings.Contains(low, "cni") || strings.Contains(low, "auto-update") || strings.Contains(low, "restarting networking") {
			out = append([]string{log[i]}, out...)
		}
	}
	return out
}

var (
	logfmtTime    = regexp.MustCompile(`(?:time="?|^)(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))`)
	logfmtMessage = regexp.MustCompile(`msg="([^"]*)"`)
)

// logTime is the time that a line in logfmt, or one that begins with a time, gives; zero if none.
func logTime(line string) time.Time {
	if m := logfmtTime.FindStringSubmatch(line); m != nil {
		if t, err := time.Parse(time.RFC3339, m[1]); err == nil {
			return t
		}
	}
	return time.Time{}
}

func logMessage(line string) string {
	if m := logfmtMessage.FindStringSubmatch(line); m != nil {
		return oneLine(m[1], maxLine)
	}
	return oneLine(line, maxLine)
}

// pressures are the conditions by which a kubelet says what runs out.
var pressures = []struct {
	condition corev1.NodeConditionType
	words     string
}{
	{corev1.NodeMemoryPressure, "runs out of memory"},
	{corev1.NodeDiskPressure, "runs out of disk space"},
	{corev1.NodePIDPressure, "runs out of process ids"},
	{corev1.NodeNetworkUnavailable, "has no pod network yet"},
}

func reportPressure(r *Report, n *corev1.Node) {
	for _, p := range pressures {
		c := nodeCondition(n, p.condition)
		if c == nil || c.Status != corev1.ConditionTrue {
			continue
		}
		f := r.Find(NodePressure, nodeObject(n), fmt.Sprintf("Node %s %s", n.Name, p.words)).on(n)
		f.Since, f.Words = c.LastTransitionTime.Time, string(p.condition)
		f.See(seenAPI(f.Object, "status.conditions["+string(p.condition)+"]", f.Since, strings.TrimSpace(c.Reason+": "+c.Message)))
	}
}

// leases are when nodes last renewed theirs. The newest renewal of any lease is taken for the cluster's own clock, so that a clock
// that differs from ours, or a cluster at rest in a file, makes no node look silent.
type leases struct {
	renewed map[string]time.Time
	newest  time.Time
}

func nodeLeases(s *snapshot.Snapshot) leases {
	l := leases{renewed: map[string]time.Time{}}
	for i := range s.Leases {
		lease := &s.Leases[i]
		if lease.Spec.RenewTime == nil {
			continue
		}
		if t := lease.Spec.RenewTime.Time; t.After(l.newest) && !t.After(s.At) {
			l.newest = t
		}
		if lease.Namespace == corev1.NamespaceNodeLease {
			l.renewed[lease.Name] = lease.Spec.RenewTime.Time
		}
	}
	return l
}

func (l leases) silence(node string) time.Duration {
	if t, ok := l.renewed[node]; ok {
		return l.newest.Sub(t)
	}
	return 0
}
