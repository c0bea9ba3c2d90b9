package nodes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// settingUp is until when a node may still be set up; no time at all where its network has worked once.
func settingUp(s *snapshot.Snapshot, n *corev1.Node) finding.Term {
	if hadNetwork(s, n) {
		return finding.Term{}
	}
	return finding.Lasts(finding.NewNode, n.CreationTimestamp.Time)
}

// hadNetwork says whether the node's network has given a pod its address.
func hadNetwork(s *snapshot.Snapshot, n *corev1.Node) bool {
	return slices.ContainsFunc(s.PodsOn(n.Name), func(p *corev1.Pod) bool { return p.Status.PodIP != "" && !p.Spec.HostNetwork })
}

func reportNotReady(s *snapshot.Snapshot, r *finding.Report, n *corev1.Node, ready *corev1.NodeCondition) {
	o, since := kube.NodeObject(n), ready.LastTransitionTime.Time
	seen := finding.SeenAPI(o, "status.conditions[Ready]", since, fmt.Sprintf("%s %s: %s", ready.Status, ready.Reason, ready.Message))
	find := func(code, title string) *finding.Finding {
		f := r.Find(code, o, title).On(n).Cite(seen)
		if f.Since = since; n.Spec.Unschedulable { // it may have been drained
			f.UnlessWithin(finding.Lasts(finding.LeavingTime, since), s.At, finding.Pods)
		}
		return f
	}
	switch {
	case ready.Status == corev1.ConditionUnknown:
		title, heard := unheard(s, n, ready)
		find(NodeUnreachable, title+podsOn(s, n)).Told = []time.Time{heard}
	case shuttingDown(ready.Message):
		f := find(NodeNotReady, fmt.Sprintf("Node %s is shutting down since %s%s", n.Name, finding.Moment(s.At, since), podsOn(s, n)))
		f.Severity, f.Told = incident.Warning, []time.Time{since}
		if !finding.Lasts(finding.LeavingTime, since).Over(s.At) {
			f.Severity = incident.Info
		}
	case runtimeDown(ready.Message):
		f := find(NodeRuntimeDown, fmt.Sprintf("The container runtime of node %s does not answer%s: %s", n.Name, podsOn(s, n), ready.Message))
		if strings.Contains(ready.Message, "may not have completed yet") {
			f.NotYet(finding.StartingRuntime, since, s.At) // the kubelet has just started
		}
	default:
		if kube.NoCNI(ready.Message) {
			reportCNI(s, r, n, since, seen)
		}
		find(NodeNotReady, fmt.Sprintf("Node %s is not ready%s: %s", n.Name, podsOn(s, n), ready.Message))
	}
}

// unheard tells a kubelet that stopped from one that never reported (the node lifecycle controller's words differ), with the moment that it
// tells.
func unheard(s *snapshot.Snapshot, n *corev1.Node, ready *corev1.NodeCondition) (string, time.Time) {
	if heard := ready.LastHeartbeatTime.Time; !heard.IsZero() && !strings.Contains(ready.Message, "never posted") {
		return fmt.Sprintf("Node %s has not been heard of since %s", n.Name, finding.Moment(s.At, heard)), heard
	}
	made := n.CreationTimestamp.Time
	const never = "Node %s has never been heard of: its kubelet has not reported since the node was made at %s"
	return fmt.Sprintf(never, n.Name, finding.Moment(s.At, made)), made
}

// podsOn is ", with 12 pods on it", or nothing.
func podsOn(s *snapshot.Snapshot, n *corev1.Node) string {
	count := running(s, n.Name)
	if count == 0 {
		return ""
	}
	return finding.Inflect(count, ", with %d {pod|pods} on it", count)
}

// running counts the pods on a node that have not ended.
func running(s *snapshot.Snapshot, node string) int {
	count := 0
	for _, p := range s.PodsOn(node) {
		if !kube.HasEnded(p) {
			count++
		}
	}
	return count
}

// runtimeDown knows the kubelet's words (runtimeErrors in pkg/kubelet/runtime.go, and the health checks that it joins to them).
func runtimeDown(message string) bool {
	for _, words := range []string{"container runtime is down", "container runtime status check may not have completed yet",
		"PLEG is not healthy", "EventedPLEG is not healthy", "failed to get container runtime status"} {
		if strings.Contains(message, words) {
			return true
		}
	}
	return false
}

// shuttingDown knows the words of the kubelet's shutdown manager.
func shuttingDown(message string) bool { return strings.Contains(message, "node is shutting down") }

func reportCNI(s *snapshot.Snapshot, r *finding.Report, n *corev1.Node, since time.Time, seen incident.Evidence) {
	title := "Node %s has lost its CNI configuration: no new pod can start on it"
	if since.Sub(n.CreationTimestamp.Time) < finding.NewNode.For && !hadNetwork(s, n) {
		title = "Node %s has no CNI configuration: no pod can start on it"
	}
	f := r.Find(NodeCNIMissing, kube.NodeObject(n), fmt.Sprintf(title, n.Name)).On(n).Cite(seen)
	f.Since, f.Told = since, []time.Time{since}
	f.Because = fmt.Sprintf("Since %s the kubelet of %s reports that the runtime's network is not ready, for no CNI plugin is initialized",
		finding.Clock(since), n.Name)
	for i := range s.Hosts {
		h := &s.Hosts[i]
		if h.Node != n.Name {
			continue
		}
		if h.CNIDir != "" && len(h.CNIFiles) == 0 {
			f.Cite(hostlog.Seen(h, h.CNIDir, time.Time{}, "no CNI configuration file: the directory is empty or absent"))
			f.Because += ", and " + h.CNIDir + " on it is empty"
		}
		if file := brokenCNI(h); file != nil {
			f.Retitle(fmt.Sprintf("The CNI configuration %s of node %s is broken (%s): no new pod can start on it", file.Name, n.Name, file.Broken))
			f.Cite(hostlog.Seen(h, h.CNIDir+"/"+file.Name, time.Time{}, "not a CNI configuration: "+file.Broken))
			f.Because += fmt.Sprintf(", and %s/%s on it cannot be read: %s", h.CNIDir, file.Name, file.Broken)
		}
		for _, line := range cniLines(h.ServiceLog) {
			f.Cite(hostlog.Seen(h, "service log", logs.ServiceTime(line), finding.OneLine(line, finding.MaxLine)))
			if strings.Contains(strings.ToLower(line), "auto-update") {
				f.Because += fmt.Sprintf("; its service log says %q", hostlog.LogMessage(line))
				if t := logs.ServiceTime(line); !t.IsZero() {
					f.Because, f.Told = f.Because+" at "+finding.Clock(t), append(f.Told, t)
				}
			}
		}
	}
}

// brokenCNI is the first configuration that cannot be read, where none can: runtimes pass over a broken one if there is another.
func brokenCNI(h *snapshot.Host) *snapshot.HostFile {
	for i := range h.CNIFiles {
		if h.CNIFiles[i].Broken == "" {
			return nil
		}
	}
	if len(h.CNIFiles) == 0 {
		return nil
	}
	return &h.CNIFiles[0]
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
