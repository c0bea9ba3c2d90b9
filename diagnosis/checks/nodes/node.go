package nodes

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The codes of findings about nodes.
const (
	NodeCNIMissing  = "NodeCNIMissing"
	NodeRuntimeDown = "NodeRuntimeDown"
	NodeNotReady    = "NodeNotReady"
	NodeUnreachable = "NodeUnreachable"
	NodePressure    = "NodePressure"
	NodeFull        = "NodeFull"
	NodeCordoned    = "NodeCordoned"
	NodeLeaseStale  = "NodeLeaseStale"
	NodeClockSkew   = "NodeClockSkew"
	NodeVersionSkew = "NodeVersionSkew"
	NodeDiffers     = "NodeDiffers"
	NodeRebooted    = "NodeRebooted"
)

var nodeCodes = []finding.Code{
	{Code: NodeCNIMissing, Severity: incident.Critical, Root: true, Final: true, Trouble: finding.NodeTrouble,
		Taints: []string{corev1.TaintNodeNotReady},
		Meaning: "The node's container runtime has no network (CNI) configuration: no new pod can start on it, and what has crashed is " +
			"not restarted.",
		Next: "Restore the CNI configuration on the node (on K3s, /var/lib/rancher/k3s/agent/etc/cni/net.d), or let its network plugin's " +
			"DaemonSet write it again.",
		Example: "Node leveling-pc has lost its CNI configuration: no new pod can start on it"},
	{Code: NodeRuntimeDown, Severity: incident.Critical, Root: true, Trouble: finding.NodeTrouble, Taints: []string{corev1.TaintNodeNotReady},
		Meaning: "The node's container runtime does not answer the kubelet, or too slowly: no container on it can be started, stopped " +
			"or looked at.",
		Next: "On the node, see whether the runtime runs (systemctl status containerd; crictl info) and what its log says; a full or slow " +
			"disk is a usual reason.",
		Example: "The container runtime of node worker-1 does not answer: PLEG is not healthy: pleg was last seen active 5m0s ago; " +
			"threshold is 3m0s"},
	{Code: NodeNotReady, Severity: incident.Critical, Root: true, Trouble: finding.NodeTrouble, Taints: []string{corev1.TaintNodeNotReady},
		Meaning: "The kubelet says that the node is not ready; its pods leave their Services and, after minutes, are evicted.",
		Next:    "Read the kubelet's message and its log on the node.",
		Example: "Node worker-1 is not ready: CSINode is not yet initialized"},
	{Code: NodeUnreachable, Severity: incident.Critical, Root: true, Trouble: finding.NodeTrouble,
		Taints:  []string{corev1.TaintNodeUnreachable},
		Meaning: "The kubelet no longer reports: it is stopped, or the node is down or cut off.",
		Next:    "See whether the node runs and the kubelet on it; then whether it reaches the API server.",
		Example: "Node worker-1 has not been heard of since 09:18:20 UTC, with 12 pods on it"},
	{Code: NodePressure, Severity: incident.Warning, Root: true, Detail: Pressure{},
		Taints: []string{corev1.TaintNodeMemoryPressure, corev1.TaintNodeDiskPressure, corev1.TaintNodePIDPressure,
			corev1.TaintNodeNetworkUnavailable},
		Meaning: "The node runs out of memory, disk or process ids; the kubelet evicts pods.",
		Next:    "Find what uses it up (kubectl describe node; images, logs and emptyDirs on its disk), and free or add some.",
		Example: "Node worker-1 runs out of disk space"},
	{Code: NodeFull, Severity: incident.Warning, Root: true,
		Meaning: "As many pods are on the node as it may have, and others are turned away for it.",
		Next:    "Add a node, or raise the kubelet's maxPods if the node's addresses and resources allow for it.",
		Example: "Node worker-1 has 110 of the 110 pods that it may have, and 3 pods wait"},
	{Code: NodeCordoned, Severity: incident.Info, Taints: []string{corev1.TaintNodeUnschedulable},
		Meaning: "The node takes no new pods because somebody cordoned it.",
		Next:    "If the maintenance is over: kubectl uncordon.",
		Example: "Node worker-1 is cordoned: it takes no new pods"},
	{Code: NodeLeaseStale, Severity: incident.Warning, Root: true,
		Meaning: "The node's lease is not renewed though it still counts as ready: its kubelet has just stopped, or cannot reach the API server.",
		Next:    "See whether the kubelet runs on the node.",
		Example: "Node worker-1 has not renewed its lease for 1m"},
	{Code: NodeClockSkew, Severity: incident.Warning, Root: true,
		Meaning: "The node's clock is wrong: tokens and certificates are refused, leases look stale or fresh when they are not, and its logs " +
			"lie about when.",
		Next:    "On the node: timedatectl status, or chronyc tracking; let it reach a time server.",
		Example: "The clock of node worker-1 is 4m ahead of the API server's"},
	{Code: NodeVersionSkew, Severity: incident.Warning, Root: true,
		Meaning: "The node's kubelet is newer than the API server, or more than three minor versions older, which Kubernetes does not support.",
		Next: "Bring the kubelet to a version that goes with the API server (https://kubernetes.io/releases/version-skew-policy); servers " +
			"are upgraded first.",
		Example: "The kubelet of node worker-1 (v1.31.2) is newer than the API server (v1.30.4)"},
	{Code: NodeDiffers, Severity: incident.Info,
		Meaning: "A node that is ill differs from all that are well in its kernel, runtime, system or kubelet.",
		Next:    "See whether that is what broke it: when was it upgraded?",
		Example: "Node worker-1, which is not ready, alone has kernel 6.8.0-47-generic; the other 4 have 6.8.0-45-generic"},
	{Code: NodeRebooted, Severity: incident.Info,
		Meaning: "The node started anew within the last day.",
		Next:    "See whether that was meant.",
		Example: "Node worker-1 was rebooted at 02:16:40 UTC"},
}

func checkNodes(s *snapshot.Snapshot, r *finding.Report) {
	r.Judges("nodes")
	leases := kube.NodeLeases(s)
	pods := pendingPods(s)
	for i := range s.Nodes {
		n := &s.Nodes[i]
		ready := kube.NodeCondition(n, corev1.NodeReady)
		if ready != nil && ready.Status != corev1.ConditionTrue {
			if leaving, asked := kube.Leaving(s, n); !asked {
				marked := r.NotYet(leaving.Max(settingUp(s, n)), s.At)
				reportNotReady(s, r, n, ready)
				reportDifference(s, r, n)
				marked()
			}
		} else if silent := silence(leases, n.Name); silent > finding.MissedLease.For {
			reportSilent(s, r, n, leases, silent)
		}
		reportSkew(leases, s, r, n)
		reportVersion(s, r, n)
		reportReboot(s, r, n)
		reportPressure(s, r, n)
		pods.reportFull(s, r, n)
		if n.Spec.Unschedulable {
			pods.reportCordoned(s, r, n)
		}
	}
}

// reportSilent speaks of a node that is ready by its last word, which is no longer new.
func reportSilent(s *snapshot.Snapshot, r *finding.Report, n *corev1.Node, leases kube.Leases, silent time.Duration) {
	leaving, asked := kube.Leaving(s, n)
	if asked {
		return
	}
	r.Find(NodeLeaseStale, kube.NodeObject(n), fmt.Sprintf("Node %s has not renewed its lease for %s", n.Name,
		finding.Duration(silent))).On(n).
		Cite(finding.SeenAPI(snapshot.ObjectOf("Lease", corev1.NamespaceNodeLease, n.Name), "spec.renewTime", leases.Renewed[n.Name],
			"not renewed for "+finding.Duration(silent))).
		NotYetWithin(leaving, s.At).NotYet(finding.StaleLease, s.At.Add(-silent), s.At)
}
