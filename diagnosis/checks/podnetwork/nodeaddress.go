package podnetwork

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// NodeAddressMistaken is the code of a node for which its network plugin has taken an address that is none of the node's.
const NodeAddressMistaken = "NodeAddressMistaken"

var nodeAddressCodes = []finding.Code{
	{Code: NodeAddressMistaken, Severity: incident.Critical, Root: true,
		Meaning: "A node's network plugin tells the other nodes an address that is none of the node's, such as that of a bridge on it: its " +
			"pods and theirs do not reach one another.",
		Next: "Tell the plugin by which interface or network it is to find the node's address (Calico's IP_AUTODETECTION_METHOD, flannel's " +
			"--iface), and start its pod on the node anew.",
		Example: "calico-node takes 172.17.0.1 for the address of node worker-2, which is 192.168.0.12: other nodes do not reach its pods " +
			"(BGP sessions, tunnels)"},
}

// announced are the annotations by which network plugins tell other nodes where a node is, with how the plugins' DaemonSets are called.
var announced = []struct{ annotation, plugin string }{
	{"projectcalico.org/IPv4Address", "calico-node"},
	{"projectcalico.org/IPv6Address", "calico-node"},
	{"flannel.alpha.coreos.com/public-ip", "kube-flannel"},
	{"flannel.alpha.coreos.com/public-ipv6", "kube-flannel"},
}

// checkNodeAddresses compares the address that a plugin announces for each node with those that the node has. Where no node's fits, the
// plugin uses a network of its own, as it may.
func checkNodeAddresses(s *snapshot.Snapshot, r *finding.Report) {
	for _, a := range announced {
		var odd []*corev1.Node
		fits := 0
		for i := range s.Nodes {
			n := &s.Nodes[i]
			switch at, ok := announcedAt(n, a.annotation); {
			case !ok:
			case has(n, at):
				fits++
			default:
				odd = append(odd, n)
			}
		}
		for _, n := range odd {
			if fits >= len(odd) && fits > 0 {
				reportAddress(s, r, n, a.annotation, a.plugin)
			}
		}
	}
}

func announcedAt(n *corev1.Node, annotation string) (netip.Addr, bool) {
	text, _, _ := strings.Cut(n.Annotations[annotation], "/")
	at, err := netip.ParseAddr(text)
	return at, err == nil
}

func has(n *corev1.Node, at netip.Addr) bool {
	for _, a := range n.Status.Addresses {
		if own, err := netip.ParseAddr(a.Address); err == nil && own == at {
			return true
		}
	}
	return false
}

// reportAddress is a suspicion while the plugin's pods look well: a node may have more addresses than it tells.
func reportAddress(s *snapshot.Snapshot, r *finding.Report, n *corev1.Node, annotation, plugin string) {
	at, _ := announcedAt(n, annotation)
	own := ""
	for _, a := range n.Status.Addresses {
		if a.Type == corev1.NodeInternalIP {
			own = ", which is " + a.Address
			break
		}
	}
	o := snapshot.ObjectOf("Node", "", n.Name)
	f := r.Find(NodeAddressMistaken, o, fmt.Sprintf("%s takes %s for the address of node %s%s: other nodes do not reach its pods (BGP "+
		"sessions, tunnels)", plugin, at, n.Name, own)).On(n)
	f.Fault = []incident.Object{o}
	f.Cite(finding.SeenAPI(o, "metadata.annotations["+annotation+"]", time.Time{}, n.Annotations[annotation]))
	ill := false
	for i := range s.DaemonSets {
		d := &s.DaemonSets[i]
		w := snapshot.ObjectOf("DaemonSet", d.Namespace, d.Name)
		if !NetworkPlugin(w) || !strings.Contains(w.Name, strings.TrimPrefix(plugin, "kube-")) && w.Name != "canal" {
			continue
		}
		f.Fault = append(f.Fault, w)
		pods := podsByNode(s, d)
		for _, node := range slices.Sorted(maps.Keys(pods)) {
			p := pods[node]
			if kube.IsReady(p) {
				continue
			}
			ill = ill || node == n.Name
			f.Since = finding.Earlier(f.Since, kube.UnreadySince(p))
			if e := kube.LastEvent(s, finding.PodObject(p), "Unhealthy"); e != nil {
				f.Cite(finding.SeenEvent(e))
			}
		}
	}
	if !ill {
		f.Suspected()
	}
}
