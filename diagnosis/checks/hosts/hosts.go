package hosts

import (
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Checks look at what was seen on the hosts themselves.
var Checks = []finding.Check{{Name: "hosts", Codes: hostCodes, Run: checkHosts}}

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
		Next: "On the node: sysctl -w net.ipv4.ip_forward=1, and the same in a file of /etc/sysctl.d, so that it lasts; " +
			"find what set it to 0.",
		Example: "Node worker-1 does not forward packets (net.ipv4.ip_forward is 0): its pods are cut off"},
	{Code: HostBridgeOff, Severity: incident.Warning, Root: true, Trouble: finding.NodeNetworkTrouble,
		Meaning: "Packets that cross the node's bridge pass by the packet filter, so that a Service does not answer pods on the node of " +
			"its own pods.",
		Next: "On the node: modprobe br_netfilter; sysctl -w net.bridge.bridge-nf-call-iptables=1; and both in /etc/modules-load.d and " +
			"/etc/sysctl.d, so that they last.",
		Example: "Node worker-1 has not loaded br_netfilter: Services fail between pods on it"},
	{Code: HostRulesFlushed, Severity: incident.Warning, Root: true, Trouble: finding.NodeNetworkTrouble,
		Meaning: "No rule of the node's packet filter rewrites addresses any more: somebody emptied it, and with it the rules of kube-proxy " +
			"and the network plugin.",
		Next: "Restart kube-proxy's and the network plugin's pods on the node (with K3s, the service k3s): they write their rules anew. " +
			"Keep firewall tools from flushing.",
		Example: "The packet filter of node worker-1 was emptied: Services and pods on it are not reached"},
	{Code: HostResolvLoopback, Severity: incident.Critical, Root: true,
		Meaning: "The resolv.conf that the kubelet hands to CoreDNS names a loopback address, so CoreDNS asks itself.",
		Next: "Point the kubelet's resolvConf (with K3s, --resolv-conf) at a file with real servers, such as " +
			"/run/systemd/resolve/resolv.conf, and restart CoreDNS.",
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
		RestsOn: []incident.Resource{finding.Nodes},
		Meaning: "The service of the kubelet, of K3s or of the runtime does not run on the node.",
		Next:    "On the node: systemctl status and journalctl -u of the service; the last fatal line says why.",
		Example: `Service k3s on node worker-1 has failed: "starting kubernetes: preparing server: …"`},
	{Code: HostSwapRefused, Severity: incident.Critical, Root: true,
		Meaning: "Swap is on, and the kubelet is configured not to start then.",
		Next:    "On the node: swapoff -a, and take it out of /etc/fstab; or set the kubelet's failSwapOn to false.",
		Example: "The kubelet of node worker-1 does not start because swap is on (/swap.img)"},
	{Code: HostAgentRefused, Severity: incident.Critical, Root: true,
		Meaning: "The agent of a node runs, and the cluster does not let it join: its password, token or credentials are not those that the " +
			"server knows.",
		Next: "Give the agent a token that is valid (k3s token, kubeadm token create), or have it join anew.",
		Example: "The cluster refuses the agent of node worker-1 for its node password: Node password rejected, duplicate hostname or contents " +
			"of '/etc/rancher/node/password' may not match server node-passwd entry"},
	{Code: HostUpdateFailed, Severity: incident.Info,
		Meaning: "An automatic update failed on the node within the last week.",
		Next:    "Read the lines before it; see which packages are half installed (dpkg --audit).",
		Example: "An automatic update failed on node worker-1 at 02:14:45 UTC"},
	{Code: HostCertificateEnds, Severity: incident.Critical, Root: true, Detail: EndingCertificate{},
		Meaning: "A certificate of a Kubernetes component on the node has expired, or is about to.",
		Next:    "K3s and RKE2 renew theirs when their service restarts; kubeadm certs renew all does on others. Then restart what uses them.",
		Example: "The certificate /etc/kubernetes/pki/apiserver.crt of node cp-1 expired 3d2h ago"},
	{Code: HostDatastore, Severity: incident.Critical, Root: true, Final: true, Detail: finding.Datastore{},
		Meaning: "The API server's datastore is damaged, or has outgrown what it may hold: then nothing can be changed in the cluster.",
		Next: "Damaged: restore a snapshot. Too large: compact and defragment (etcdctl defrag, then alarm disarm), and find what " +
			"writes so much.",
		Example: "The datastore on node cp-1 has used 2.0 GiB of the 2.0 GiB that etcd allows"},
	{Code: HostDiskFilling, Severity: incident.Warning, Root: true,
		Meaning: "A disk of the node fills up. By default the kubelet evicts pods when less than 10 % of its disk, 15 % of the images' or 5 % " +
			"of the inodes are free.",
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
		if !hostlog.There(s, h) {
			continue
		}
		x := hostlog.Host{Host: h, S: s, R: r}
		forwarding(x)
		bridge(x)
		rules(x)
		resolv(x)
		conntrack(x)
		limits(x)
		services(x)
		refusedToJoin(x)
		swap(x)
		failedUpdate(x)
		certificates(x)
		datastore(x)
		disks(x)
		failingDisk(x)
		memory(x)
		reboot(x)
	}
	checkDatastoreFull(s, r)
}

// sysctl is where a setting lies.
func sysctl(name string) string { return "/proc/sys/" + strings.ReplaceAll(name, ".", "/") }
