package recovery

import "context"

// clusterRunbooks treat nodes, hosts, storage, the control plane and custom resources.
var clusterRunbooks = restingOnWhy([]Runbook{
	{"uncordon", "Lets a node take pods again that was cordoned long ago, is well, and that nobody empties.", []string{"NodeCordoned"},
		draftUncordon},
	{"untaint", "Takes away a taint that somebody has left, where it alone keeps pods off and none tolerates it.",
		[]string{"PodUnschedulable"},
		draftUntaint},
	{"label-node", "Gives a node the label back that pods ask for and that it had when one of them was placed there.",
		[]string{"PodUnschedulable"},
		draftLabel},
	{"drain", "Cordons a node whose machine has to be mended, and evicts its pods as their budgets allow.",
		[]string{"HostDiskFailing", "GPUDriverMismatch"}, draftDrain},
	{"clear-ended-pods", "Removes pods that have ended from a node whose disk fills up.", []string{"NodePressure", "HostDiskFilling"},
		draftClear},
	{"remove-lost-pods", "Removes the pods of a machine that is off for sure, so that others take their place.", []string{"NodeUnreachable"},
		draftLost},
	{"restart-node-agent", "Makes the pod of a node's device plugin, CSI driver or network plugin anew, so that it registers itself again.",
		[]string{"NodeCNIMissing", "GPUNotOffered", "GPUUnhealthy", "CSIDriverMissing"}, draftNodeAgent},
	{"scale-controller-back", "Gives a provisioner or an operator that was scaled to 0 its pods back.",
		[]string{"PVCPending", "CustomUnseen", "CustomNotReady"}, draftScaleBack},
	{"restart-controller", "Restarts an operator whose pods are ready and take note of nothing.", []string{"CustomUnseen"},
		draftRestartController},
	{"default-class", "Makes the StorageClass that claims without one can only mean the default one.", []string{"PVCPending"},
		draftDefaultStorageClass},
	{"one-default-class", "Leaves the StorageClass the default one that was it first.", []string{"StorageClassAmbiguous"}, draftOneDefault},
	{"release-volume", "Lets the new claim of the same name bind a volume that is kept for a deleted one.", []string{"PVReleased"},
		draftRelease},
	{"expand-claim", "Makes a full volume half as large again, where its class and the quota allow it.", []string{"VolumeFull"}, draftExpand},
	{"restart-for-resize", "Restarts the workload whose volume has grown and waits for that with its file system.",
		[]string{"VolumeResizeWaits"},
		draftResizeRestart},
	{"release-holder", "Frees a volume that one node at a time may have from the pod that holds it.", []string{"VolumeMultiAttach"},
		draftHolder},
	{"correct-claim-name", "Corrects the name of a claim in a workload to the one that there is.", []string{"PVCMissing"}, draftClaimName},
})

// restingOnWhy: what a draft of these runbooks rests on is where its steps' targets and values come from.
func restingOnWhy(books []Runbook) []Runbook {
	for i := range books {
		drafts := books[i].draft
		books[i].draft = func(ctx context.Context, r *Recovery, q request) (draft, error) {
			d, err := drafts(ctx, r, q)
			for j := range d.steps {
				d.steps[j].Source = d.why
			}
			return d, err
		}
	}
	return books
}

// clusterByHand: no runbook, why not, and what to do.
var clusterByHand = map[string]string{
	"NodeRuntimeDown": "Nothing in the API starts a node's runtime, and a drain would not end there. On the node: systemctl status " +
		"containerd, then " +
		"restart it, or K3s; see first whether its disk is full or slow.",
	"NodeNotReady": "The reason lies on the machine. Read the kubelet's message and its log there (journalctl -u kubelet or -u k3s).",
	"NodeFull": "Somebody decides how many pods a node may have. Add a node, or raise the kubelet's maxPods if its addresses " +
		"allow for it.",
	"NodeLeaseStale": "Only on the node can be seen why its kubelet is silent: systemctl status kubelet, and whether it reaches the API " +
		"server.",
	"NodeClockSkew": "A clock is set on the machine: timedatectl, chronyc makestep. Restart what has held tokens or leases meanwhile.",
	"NodeVersionSkew": "An upgrade is nobody's but the operator's: kubectl drain the node, upgrade its kubelet to the API server's " +
		"version, uncordon it.",
	"NodeDiffers":  "It is a hint. Compare the node with those that are well, and bring it to the same kernel, runtime and kubelet.",
	"NodeRebooted": "It is a hint. Find out who restarted it, and why (last -x reboot; the kernel's log of the time before).",

	"VolumeNodeMissing": "A volume's node affinity cannot be changed, and where its data lies only its owner knows. Make the volume anew " +
		"with the name of that node, or the claim without it if there is nothing to keep.",

	"GPUAbsent": "No node has one: add a node with a GPU, or ask for what there is in the workload.",

	"HostForwardingOff": "A kernel setting is set on the machine: sysctl -w net.ipv4.ip_forward=1, and in /etc/sysctl.d so that it stays.",
	"HostBridgeOff": "On the machine: modprobe br_netfilter, sysctl -w net.bridge.bridge-nf-call-iptables=1, and both in /etc so " +
		"that they stay.",
	"HostRulesFlushed": "Find out who empties the packet filter. Then restart kube-proxy and the network plugin on the node, which " +
		"write their rules anew.",
	"HostResolvLoopback": "Point the kubelet's resolvConf to /run/systemd/resolve/resolv.conf on the machine, and restart the CoreDNS pods.",
	"HostConntrackFull": "On the machine: sysctl -w net.netfilter.nf_conntrack_max to more; find who opens so many connections " +
		"(conntrack -L).",
	"HostLimitReached": "On the machine: raise the limit that is named (sysctl), and find the process that uses it up.",
	"HostServiceFailed": "Nothing in the API starts a service of a machine. There: systemctl restart it, after its log (journalctl -u) " +
		"says why it ended.",
	"HostSwapRefused": "On the machine: swapoff -a and the swap line out of /etc/fstab, or failSwapOn: false in the kubelet's " +
		"configuration.",
	"HostAgentRefused": "Give the agent the server's token again, or delete the node's password (K3s: Secret NODE.node-password.k3s) " +
		"if the machine is new.",
	"HostUpdateFailed": "It is a hint. Repair the update on the machine (dpkg --configure -a, dnf history), before something restarts " +
		"on half of it.",
	"HostCertificateEnds": "Certificates are renewed on the machine: kubeadm certs renew all, or a restart of K3s; then restart what " +
		"uses them.",
	"HostDatastore": "Nothing may touch the datastore unseen. Take a snapshot of it, then compact and defragment it (etcdctl), or " +
		"restore it.",
	"HostOutOfMemory":   "See which process the kernel killed and what grows. Give the pods limits, or the machine memory.",
	"HostRebootPending": "When a machine restarts is the operator's choice: kubectl drain, reboot, kubectl uncordon.",

	"PVCLost": "The volume may hold the only copy of the data. Find out what became of it before anything else; make the " +
		"PersistentVolume again for the " +
		"same storage, or restore a backup.",
	"PVFailed":           "The storage refuses to delete the volume. See what its driver says, delete it there, then kubectl delete pv.",
	"HostPathMissing":    "The folder is made on the machine, or the pod is meant for another node. Create it there with the right owner.",
	"MountHelperMissing": "Install the client on the machine: nfs-common or nfs-utils for NFS, cifs-utils for CIFS.",
	"VolumeServerName": "What a PersistentVolume is made from cannot be edited. Read the Service's clusterIP, make the volume and its claim " +
		"anew with that address as the server, and delete the pods that wait.",
	"VolumeRefused": "The key belongs to the storage. Read it there, write it into the Secret that the volume names, and delete the pods " +
		"that wait; or let the nodes in there.",
	"VolumeDeviceBusy": "Something on the machine holds the device: lsblk and dmsetup ls --tree show what. Exclude it from multipathd, " +
		"and flush " +
		"the map.",
	"CSIDriverElsewhere": "Folders of a driver are set in its chart in more than one place. Set the kubelet's directory there " +
		"(kubeletDir) and upgrade it.",

	"SchedulerNotLeading": "The scheduler is a static pod or a service of the machine. There: /etc/kubernetes/manifests, crictl " +
		"ps -a, its log.",
	"SchedulerIdle": "The scheduler is a static pod or a service of the machine. Restart it there (crictl stop of its " +
		"container; K3s: its service).",
	"ControllerManagerNotLeading": "It is a static pod or a service of the machine. There: /etc/kubernetes/manifests, crictl ps -a, its log.",
	"EtcdUnhealthy": "Nothing may touch the datastore unseen. See its members and space (etcdctl endpoint status, alarm list); take a " +
		"snapshot, " +
		"defragment, and disarm the alarm.",
	"APIServerUnhealthy": "The check that fails says where to look: kubectl get --raw '/readyz?verbose', and the API server's log.",
	"APIServerAway": "Start what runs it, on its node: systemctl restart k3s, or the kubelet, which starts /etc/kubernetes/manifests; its " +
		"log says why it ends.",
	"APISlow":    "Find who asks so much (the API server's metrics and audit log), and whether etcd's disk is slow.",
	"EventStorm": "Stop what writes them, which the events name as their source; they go by themselves within the hour.",

	"CustomNamesNothing": "What is meant is known to whoever wrote the resource. Correct the name in it: kubectl edit KIND NAME -n NAMESPACE.",
	"CustomLeftOut":      "Whether it is left out on purpose, its owner knows. If not, add its name to the list that the diagnosis names.",
	"CustomExpired": "Only its operator issues it anew. See why that has not done so, or have it do so (cmctl renew, or delete what " +
		"was issued).",
	"HelmReleaseFailed": "Helm's own record has to follow. helm history RELEASE -n NAMESPACE says why; then helm upgrade again, or helm " +
		"rollback RELEASE " +
		"REVISION -n NAMESPACE to the last revision that was deployed.",
	"HelmReleasePending": "Helm's own record has to follow. If nobody is at it any more: helm rollback RELEASE REVISION -n NAMESPACE to " +
		"the last revision " +
		"that was deployed (helm history).",
	"NodeGroupFails": "The cloud refuses nodes. Its words say why: a quota, a type that is sold out, a launch template; mend it there.",

	"EventUnexplained": "It proves nothing by itself. Read the event, and see whether it goes on.",
	"NamedInError":     "It is a suspicion. Look at the object that the words complain of.",
	"StandsNear":       "Nothing is known to be wrong with it. Look there first.",
}
