package checks

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// hostChecks look at what was seen on the hosts themselves.
var hostChecks = []finding.Check{{Name: "hosts", Codes: hostCodes, Run: checkHosts}}

// The codes of findings about what lies under a node: its kernel, disks and services.
const (
	HostForwardingOff   = "HostForwardingOff"
	HostBridgeOff       = "HostBridgeOff"
	HostRulesFlushed    = "HostRulesFlushed"
	HostResolvLoopback  = "HostResolvLoopback"
	HostConntrackFull   = "HostConntrackFull"
	HostLimitReached    = "HostLimitReached"
	HostServiceFailed   = "HostServiceFailed"
	HostAgentRefused    = "HostAgentRefused"
	HostSwapRefused     = "HostSwapRefused"
	HostUpdateFailed    = "HostUpdateFailed"
	HostCertificateEnds = "HostCertificateEnds"
	HostDatastore       = "HostDatastore"
	HostDiskFilling     = "HostDiskFilling"
	HostDiskFailing     = "HostDiskFailing"
	HostOutOfMemory     = "HostOutOfMemory"
	HostRebootPending   = "HostRebootPending"
)

var hostCodes = []finding.Code{
	{Code: HostForwardingOff, Severity: incident.Critical, Root: true, Trouble: finding.NodeNetworkTrouble,
		Meaning: "The node's kernel does not forward packets: its pods reach nothing beyond the node, and nobody reaches them.",
		Next:    "On the node: sysctl -w net.ipv4.ip_forward=1, and the same in a file of /etc/sysctl.d, so that it lasts; find what set it to 0.",
		Example: "Node worker-1 does not forward packets (net.ipv4.ip_forward is 0): its pods are cut off"},
	{Code: HostBridgeOff, Severity: incident.Warning, Root: true, Trouble: finding.NodeNetworkTrouble,
		Meaning: "Packets that cross the node's bridge pass by the packet filter, so that a Service does not answer pods on the node of its own pods.",
		Next:    "On the node: modprobe br_netfilter; sysctl -w net.bridge.bridge-nf-call-iptables=1; and both in /etc/modules-load.d and /etc/sysctl.d, so that they last.",
		Example: "Node worker-1 has not loaded br_netfilter: Services fail between pods on it"},
	{Code: HostRulesFlushed, Severity: incident.Warning, Root: true, Trouble: finding.NodeNetworkTrouble,
		Meaning: "No rule of the node's packet filter rewrites addresses any more: somebody emptied it, and with it the rules of kube-proxy and the network plugin.",
		Next:    "Restart kube-proxy's and the network plugin's pods on the node (with K3s, the service k3s): they write their rules anew. Keep firewall tools from flushing.",
		Example: "The packet filter of node worker-1 was emptied: Services and pods on it are not reached"},
	{Code: HostResolvLoopback, Severity: incident.Critical, Root: true,
		Meaning: "The resolv.conf that the kubelet hands to CoreDNS names a loopback address, so CoreDNS asks itself.",
		Next:    "Point the kubelet's resolvConf (with K3s, --resolv-conf) at a file with real servers, such as /run/systemd/resolve/resolv.conf, and restart CoreDNS.",
		Example: "/etc/resolv.conf of node worker-1 names 127.0.0.53, and CoreDNS, which is handed it, asks itself"},
	{Code: HostConntrackFull, Severity: incident.Critical, Root: true, Trouble: finding.NodeNetworkTrouble,
		Meaning: "The kernel's table of connections is full: it drops packets of new ones, at random.",
		Next:    "Raise net.netfilter.nf_conntrack_max (kube-proxy's conntrack.maxPerCore sets it), and find who opens so many connections.",
		Example: "Node worker-1 tracks 262000 of at most 262144 connections: new ones are dropped"},
	{Code: HostLimitReached, Severity: incident.Warning, Root: true,
		Meaning: "A limit of the kernel is reached on the node: what needs one more open file or watch fails.",
		Next:    "Raise the setting named, in a file of /etc/sysctl.d.",
		Example: "Node worker-1 has no inotify instances left (fs.inotify.max_user_instances is 128)"},
	{Code: HostServiceFailed, Severity: incident.Critical, Root: true,
		Meaning: "The service of the kubelet, of K3s or of the runtime does not run on the node.",
		Next:    "On the node: systemctl status and journalctl -u of the service; the last fatal line says why.",
		Example: `Service k3s on node worker-1 has failed: "starting kubernetes: preparing server: …"`},
	{Code: HostSwapRefused, Severity: incident.Critical, Root: true,
		Meaning: "Swap is on, and the kubelet is configured not to start then.",
		Next:    "On the node: swapoff -a, and take it out of /etc/fstab; or set the kubelet's failSwapOn to false.",
		Example: "The kubelet of node worker-1 does not start because swap is on (/swap.img)"},
	{Code: HostAgentRefused, Severity: incident.Critical, Root: true,
		Meaning: "The agent of a node runs, and the cluster does not let it join: its password, token or credentials are not those that the server knows.",
		Next:    "Give the agent a token that is valid (k3s token, kubeadm token create), or have it join anew.",
		Example: "The cluster refuses the agent of node worker-1 for its node password: Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry"},
	{Code: HostUpdateFailed, Severity: incident.Info,
		Meaning: "An automatic update failed on the node within the last week.",
		Next:    "Read the lines before it; see which packages are half installed (dpkg --audit).",
		Example: "An automatic update failed on node worker-1 at 02:14:45 UTC"},
	{Code: HostCertificateEnds, Severity: incident.Critical, Root: true, Detail: EndingCertificate{},
		Meaning: "A certificate of a Kubernetes component on the node has expired, or is about to.",
		Next:    "K3s and RKE2 renew theirs when their service restarts; kubeadm certs renew all does on others. Then restart what uses them.",
		Example: "The certificate /etc/kubernetes/pki/apiserver.crt of node cp-1 expired 3d2h ago"},
	{Code: HostDatastore, Severity: incident.Critical, Root: true, Detail: finding.Datastore{},
		Meaning: "The API server's datastore is damaged, or has outgrown what it may hold: then nothing can be changed in the cluster.",
		Next:    "Damaged: restore a snapshot. Too large: compact and defragment (etcdctl defrag, then alarm disarm), and find what writes so much.",
		Example: "The datastore on node cp-1 has used 2.0 GiB of the 2.0 GiB that etcd allows"},
	{Code: HostDiskFilling, Severity: incident.Warning, Root: true,
		Meaning: "A disk of the node fills up. By default the kubelet evicts pods when less than 10 % of its disk, 15 % of the images' or 5 % of the inodes are free.",
		Next:    "Find what grows (du -x; images, logs, emptyDirs), and free or add some: crictl rmi --prune removes unused images.",
		Example: "The disk of /var/lib/kubelet on node worker-1 is 96% full: 4.0 GiB are left"},
	{Code: HostDiskFailing, Severity: incident.Critical, Root: true,
		Meaning: "The kernel reports errors of a disk or a file system on the node.",
		Next:    "Drain the node, save what is on it, check the disk (smartctl -a, fsck) and replace it.",
		Example: "A disk of node worker-1 fails: Remounting filesystem read-only"},
	{Code: HostOutOfMemory, Severity: incident.Warning, Root: true,
		Meaning: "The node ran out of memory, and the kernel killed a process for it.",
		Next:    "Give the pods on the node memory requests that match their use, and the kubelet reserves for the system.",
		Example: "Node worker-1 ran out of memory: the kernel killed java at 09:58:12 UTC"},
	{Code: HostRebootPending, Severity: incident.Info,
		Meaning: "Updates on the node wait for a reboot.",
		Next:    "Drain and reboot it when it suits.",
		Example: "Node worker-1 waits for a reboot since linux-image-6.8.0-47-generic was installed"},
}

func checkHosts(s *snapshot.Snapshot, r *finding.Report) {
	for i := range s.Hosts {
		h := &s.Hosts[i]
		if !there(s, h) {
			continue
		}
		x := host{h, s, r}
		x.forwarding()
		x.bridge()
		x.rules()
		x.resolv()
		x.conntrack()
		x.limits()
		x.services()
		x.refusedToJoin()
		x.swap()
		x.failedUpdate()
		x.certificates()
		x.datastore()
		x.disks()
		x.failingDisk()
		x.memory()
		x.reboot()
	}
	checkDatastoreFull(s, r)
}

// there says whether the host's node is in the cluster: one that was removed is nobody's trouble.
func there(s *snapshot.Snapshot, h *snapshot.Host) bool {
	return h.Node != "" && (len(s.Nodes) == 0 || s.Node(h.Node) != nil)
}

// host is one host that is being looked at.
type host struct {
	*snapshot.Host
	s *snapshot.Snapshot
	r *finding.Report
}

// find adds a finding about the host's node.
func (h host) find(code, title string) *finding.Finding {
	f := h.r.Find(code, snapshot.ObjectOf("Node", "", h.Node), title)
	f.Nodes = []string{h.Node}
	return f
}

// ill says whether the node is not ready, silent, or not known.
func (h host) ill() bool { return !kube.NodeReady(h.s.Node(h.Node)) }

// sysctl is where a setting lies.
func sysctl(name string) string { return "/proc/sys/" + strings.ReplaceAll(name, ".", "/") }

// lastLine is the newest of the host's log lines that fits, or nil.
func (h host) lastLine(fits func(snapshot.HostLine) bool) *snapshot.HostLine {
	for i := len(h.Log) - 1; i >= 0; i-- {
		if fits(h.Log[i]) {
			return &h.Log[i]
		}
	}
	return nil
}

// lastSaid is the service log's newest line that matches, or "".
func (h host) lastSaid(words *regexp.Regexp) string {
	for i := len(h.ServiceLog) - 1; i >= 0; i-- {
		if words.MatchString(h.ServiceLog[i]) {
			return h.ServiceLog[i]
		}
	}
	return ""
}

// seeLine cites a line of the system's log, if there is one.
func (h host) seeLine(f *finding.Finding, l *snapshot.HostLine) {
	if l != nil {
		f.Cite(hostEvidence(h.Host, l.File, l.At, finding.OneLine(l.Text, finding.MaxLine)))
	}
}

// seeSaid cites a line of the service's log, if there is one.
func (h host) seeSaid(f *finding.Finding, line string) {
	f.Cite(hostEvidence(h.Host, "service log", h.saidAt(line), finding.OneLine(line, finding.MaxLine)))
}

var klogTime = regexp.MustCompile(`^[IWEF](\d{4} \d\d:\d\d:\d\d)`)

// saidAt is when a line of the service's log was written; zero if it does not say. The kubelet leaves the year out: it is the last in
// which the line is not of the future.
func (h host) saidAt(line string) time.Time {
	m := klogTime.FindStringSubmatch(line)
	if m == nil {
		return logs.ServiceTime(line)
	}
	now := h.s.At.UTC()
	for _, year := range []int{now.Year(), now.Year() - 1} {
		at, err := time.Parse("2006 0102 15:04:05", fmt.Sprintf("%04d %s", year, m[1]))
		if err == nil && !at.After(now.Add(finding.Recently)) { // clocks and zones differ
			return at
		}
	}
	return time.Time{}
}

const maxChanges = 3 // that one finding cites

// cite adds the newest of the last week's changes that name one of the words.
func (h host) cite(f *finding.Finding, words ...string) {
	for i, n := len(h.Changes)-1, 0; i >= 0 && n < maxChanges; i-- {
		c := &h.Changes[i]
		if !finding.HasAny(c.What, words) || c.At.After(h.s.At) || h.s.At.Sub(c.At) > finding.LastWeek {
			continue
		}
		f.Cite(hostEvidence(h.Host, c.Where, c.At, c.What))
		n++
	}
}
