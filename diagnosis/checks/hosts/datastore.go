package hosts

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// defaultQuota is etcd's own (DefaultQuotaBytes). Where the objects are in SQLite it serves as the measure of what is large.
const defaultQuota = 2 << 30

// SQLite's and etcd's words of a database that is damaged or full.
var (
	damaged = regexp.MustCompile(`database disk image is malformed|file is not a database|crc mismatch|freepages: failed to get all reachable pages|snap: .*(?:corrupt|unexpected EOF)`)
	noSpace = regexp.MustCompile(`mvcc: database space exceeded|alarm:NOSPACE`)
)

// saidLately is the service log's newest line that matches, or "" if it was written long ago.
func saidLately(h hostlog.Host, words *regexp.Regexp) string {
	line := h.LastSaid(words)
	if t := h.SaidAt(line); !t.IsZero() && h.S.At.Sub(t) > finding.Recently.For {
		return ""
	}
	return line
}

// datastore looks at what a server keeps itself: whether it is damaged, and how large it is.
func datastore(h hostlog.Host) {
	where := "/var/lib"
	if h.Datastore != nil {
		where = h.Datastore.Path
	}
	if line := saidLately(h, damaged); line != "" {
		f := h.Find(HostDatastore, fmt.Sprintf("The datastore on node %s (%s) is damaged: %s", h.Node, where, damaged.FindString(line)))
		f.Since = h.SaidAt(line)
		h.SeeSaid(f, line)
		return
	}
	if h.Datastore == nil || saidLately(h, noSpace) != "" {
		return
	}
	used, quota, allows := measure(h.Datastore)
	if percent(used, quota) < diskFilling {
		return
	}
	f := h.Find(HostDatastore, fmt.Sprintf("The datastore on node %s has used %s of the %s %s", h.Node, size(used), size(quota), allows))
	f.Severity = incident.Warning
	f.Cite(hostlog.Seen(h.Host, where, time.Time{}, fmt.Sprintf("%d bytes", used)))
}

// measure is a datastore's size, and what it is measured by.
func measure(d *snapshot.HostDatastore) (used, quota uint64, allows string) {
	quota, allows = defaultQuota, "that etcd allows"
	if d.Quota > 0 {
		quota = uint64(d.Quota)
	}
	if d.Kind != "etcd" {
		allows = "after which it gets slow"
	}
	return uint64(max(0, d.Bytes)), quota, allows
}

// told is a host whose service log says that the datastore takes no more writes.
type told struct {
	hostlog.Host
	line string
}

// checkDatastoreFull takes the word of any node's service log for a datastore that takes no more writes: a kubelet is told so by the API
// server, and says nothing of its own node. At fault is the node that holds the datastore.
func checkDatastoreFull(s *snapshot.Snapshot, r *finding.Report) {
	var all []told
	var said time.Time // the newest such line
	for i := range s.Hosts {
		h := hostlog.Host{Host: &s.Hosts[i], S: s, R: r}
		if line := saidLately(h, noSpace); line != "" && hostlog.There(s, h.Host) && saidLately(h, damaged) == "" {
			all, said = append(all, told{h, line}), kube.Latest(said, h.SaidAt(line))
		}
	}
	if len(all) == 0 {
		return
	}
	last := kube.NodeLeases(s).Newest
	if !said.IsZero() && last.After(said) {
		return // it has been written to since
	}
	slices.SortFunc(all, func(a, b told) int { return strings.Compare(a.Node, b.Node) })
	words := noSpace.FindString(all[0].line)
	holders := datastoreNodes(s)
	if say := slices.DeleteFunc(slices.Clone(holders), func(n string) bool {
		return !slices.ContainsFunc(all, func(x told) bool { return x.Node == n })
	}); len(say) > 0 {
		holders = say
	}
	f := r.Find(HostDatastore, kube.Component("etcd"), fmt.Sprintf("The API server's datastore takes no more writes, as node %s is told: %s",
		all[0].Node, words))
	if len(holders) > 0 {
		f.Object, f.Nodes = snapshot.ObjectOf("Node", "", holders[0]), holders
		f.Retitle(fmt.Sprintf("The datastore on %s takes no more writes: %s", someOf("node", holders), words))
		for _, n := range holders[:min(len(holders), finding.MaxAlike)] {
			f.Fault = append(f.Fault, snapshot.ObjectOf("Node", "", n))
		}
	}
	if f.Since = said; s.At.Sub(said) > finding.LostLead.For {
		f.Unless(finding.Leases) // a renewal since would show that it is over
	}
	if !last.IsZero() && s.At.Sub(last) > finding.LostLead.For {
		f.Since = last // nodes and leaders renew a Lease every few seconds, so that this was the last write
		f.Cite(finding.NewEvidence(incident.SourceAPI, f.Object, "the newest Lease's renewTime", last, "no Lease was renewed after "+
			last.UTC().Format(time.RFC3339)))
	}
	for i := range s.Hosts {
		if h := &s.Hosts[i]; h.Datastore != nil && slices.Contains(holders, h.Node) {
			used, quota, allows := measure(h.Datastore)
			f.Cite(hostlog.Seen(h, h.Datastore.Path, time.Time{}, fmt.Sprintf("%d bytes, %s of the %s %s", used, size(used), size(quota),
				allows)))
		}
	}
	filled := false
	for _, x := range all[:min(len(all), finding.ShownPods)] {
		filled = filled || strings.Contains(x.line, finding.SpaceExceeded)
		x.SeeSaid(f, x.line)
	}
	f.Detail = finding.Datastore{Full: filled}
}

// datastoreNodes are the nodes that hold the API server's datastore, by name: those where its file lies, and those of etcd's static pods.
func datastoreNodes(s *snapshot.Snapshot) []string {
	var nodes []string
	for i := range s.Hosts {
		if h := &s.Hosts[i]; h.Datastore != nil && hostlog.There(s, h) {
			nodes = append(nodes, h.Node)
		}
	}
	for _, p := range s.PodsIn("kube-system") {
		if p.Labels["component"] == "etcd" && p.Spec.NodeName != "" &&
			slices.ContainsFunc(p.OwnerReferences, func(o metav1.OwnerReference) bool { return o.Kind == "Node" }) {
			nodes = append(nodes, p.Spec.NodeName)
		}
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

// someOf names one thing, or a few of many.
func someOf(what string, names []string) string {
	if len(names) == 1 {
		return what + " " + names[0]
	}
	shown := names[:min(len(names), finding.ShownPods)]
	more := ""
	if n := len(names) - len(shown); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return what + "s " + strings.Join(shown, ", ") + more
}
