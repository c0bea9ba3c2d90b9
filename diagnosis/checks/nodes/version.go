package nodes

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// oldestKubelet is how many minor versions a kubelet may be older than the API server (https://kubernetes.io/releases/version-skew-policy).
const oldestKubelet = 3

func reportVersion(s *snapshot.Snapshot, r *finding.Report, n *corev1.Node) {
	server, err := version.ParseGeneric(s.ServerVersion)
	if err != nil {
		return
	}
	kubelet, err := version.ParseGeneric(n.Status.NodeInfo.KubeletVersion)
	if err != nil || kubelet.Major() != server.Major() {
		return
	}
	title := ""
	switch {
	case kubelet.Minor() > server.Minor():
		title = "The kubelet of node %s (%s) is newer than the API server (%s)"
	case server.Minor() > kubelet.Minor()+oldestKubelet:
		title = "The kubelet of node %s (%s) is too old for the API server (%s)"
	default:
		return
	}
	f := r.Find(NodeVersionSkew, kube.NodeObject(n), fmt.Sprintf(title, n.Name, n.Status.NodeInfo.KubeletVersion, s.ServerVersion)).On(n)
	f.Cite(finding.SeenAPI(f.Object, "status.nodeInfo.kubeletVersion", time.Time{}, n.Status.NodeInfo.KubeletVersion+"; the API server is "+
		s.ServerVersion))
}

// traits are what nodes of one kind have in common, and an upgrade changes.
var traits = []struct {
	words, field string
	of           func(*corev1.NodeSystemInfo) string
}{
	{"kernel", "kernelVersion", func(i *corev1.NodeSystemInfo) string { return i.KernelVersion }},
	{"runtime", "containerRuntimeVersion", func(i *corev1.NodeSystemInfo) string { return i.ContainerRuntimeVersion }},
	{"system", "osImage", func(i *corev1.NodeSystemInfo) string { return i.OSImage }},
	{"kubelet", "kubeletVersion", func(i *corev1.NodeSystemInfo) string { return i.KubeletVersion }},
}

// reportDifference says in what an ill node differs from the others, where these, two at least, are all well and all alike.
func reportDifference(s *snapshot.Snapshot, r *finding.Report, n *corev1.Node) {
	for _, t := range traits {
		own, others, count := t.of(&n.Status.NodeInfo), "", 0
		for i := range s.Nodes {
			o := &s.Nodes[i]
			if o.Name == n.Name || o.Status.NodeInfo.Architecture != n.Status.NodeInfo.Architecture {
				continue
			}
			have := t.of(&o.Status.NodeInfo)
			if count++; !kube.NodeReady(o) || have == "" || have == own || others != "" && others != have {
				count = 0
				break
			}
			others = have
		}
		if own == "" || count < 2 {
			continue
		}
		f := r.Find(NodeDiffers, kube.NodeObject(n), fmt.Sprintf("Node %s, which is not ready, alone has %s %s; the other %d have %s", n.Name,
			t.words, own, count, others)).On(n)
		f.Cite(finding.SeenAPI(f.Object, "status.nodeInfo."+t.field, time.Time{}, own+"; the other nodes: "+others))
	}
}

func reportReboot(s *snapshot.Snapshot, r *finding.Report, n *corev1.Node) {
	e := kube.LastEvent(s, kube.NodeObject(n), "Rebooted")
	if e == nil {
		return
	}
	at := snapshot.EventTime(e).Time
	if s.At.Sub(at) > finding.Recently.For || at.Sub(n.CreationTimestamp.Time) < finding.NewNode.For {
		return
	}
	f := r.Find(NodeRebooted, kube.NodeObject(n), fmt.Sprintf("Node %s was rebooted at %s", n.Name,
		finding.Moment(s.At, at))).On(n).Cite(finding.SeenEvent(e))
	f.Since, f.Told = at, []time.Time{at}
}
