package hosts

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// agentRefused are the words by which an agent says that the cluster does not let its node join (K3s and RKE2: pkg/agent/config; the
// kubelet: pkg/kubelet/kubelet_node_status.go).
var agentRefused = []struct {
	words *regexp.Regexp
	about string
	next  string // empty: the code's
}{
	{regexp.MustCompile(`Node password rejected[^"]*`), "node password",
		"If the node was installed anew under its old name, delete Secret kube-system/NAME.node-password.k3s (with RKE2, .rke2), and its agent " +
			"joins by itself. If two machines have one name, give one another (--with-node-id)."},
	{regexp.MustCompile(`token CA hash does not match[^"]*|failed to validate token[^"]*|invalid (?:join )?token[^"]*`), "token", ""},
	{regexp.MustCompile(`Unable to register node with API server"?.*(?:Unauthorized|forbidden)[^"]*`), "credentials", ""},
}

// refusedToJoin speaks of an agent that runs on a node that is ill, and is not let in by the server.
func refusedToJoin(h hostlog.Host) {
	if !h.Ill() {
		return
	}
	for _, x := range agentRefused {
		said := h.LastSaid(x.words)
		if at := h.SaidAt(said); said == "" || !at.IsZero() && h.S.At.Sub(at) > finding.StillTold.For {
			continue
		}
		f := h.Find(HostAgentRefused, fmt.Sprintf("The cluster refuses the agent of node %s for its %s: %s", h.Node, x.about,
			finding.OneLine(x.words.FindString(said), 120)))
		if x.next != "" {
			f.Next = strings.ReplaceAll(x.next, "NAME", h.Node)
		}
		h.SeeSaid(f, said)
		serversWord(h, f)
		passwordOf(h, f)
		h.Cite(f, "k3s", "rke2", "kubeadm")
		return
	}
}

// serversWord cites the server's refusal of the node's password from its own log.
func serversWord(h hostlog.Host, f *finding.Finding) {
	words := regexp.MustCompile(`unable to verify (?:hash|password) for node '?` + regexp.QuoteMeta(h.Node) + `\b`)
	for i := range h.S.Hosts {
		server := hostlog.Host{Host: &h.S.Hosts[i], S: h.S, R: h.R}
		if said := server.LastSaid(words); said != "" {
			server.SeeSaid(f, said)
			return
		}
	}
}

// passwordOf names the Secret in which the server keeps the node's password: it is what is older than the node's installation.
func passwordOf(h hostlog.Host, f *finding.Finding) {
	for i := range h.S.Secrets {
		v := &h.S.Secrets[i]
		if v.Namespace != "kube-system" || v.Name != h.Node+".node-password.k3s" && v.Name != h.Node+".node-password.rke2" {
			continue
		}
		o := snapshot.ObjectOf("Secret", v.Namespace, v.Name)
		f.Fault = []incident.Object{f.Object, o}
		f.Cite(finding.SeenAPI(o, "metadata", v.Changed, "the server's record of the node's password"))
		return
	}
}
