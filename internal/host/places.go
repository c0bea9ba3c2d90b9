package host

import (
	"context"
	"errors"
	"io/fs"
	"os"
)

// Place is a file or a directory of a host that is read.
type Place struct {
	Path string // as on the host; a directory stands for what is below it
	For  string // what a diagnosis learns from it
	// Withheld says why a container is not shown the place unless somebody wants it to be; empty: nothing speaks against it.
	Withheld string
}

// Why places are withheld.
const (
	rare      = "not every node has it, and a volume of what is not there keeps the pod from starting"
	keys      = "private keys lie beside the certificates"
	objects   = "every Secret of the cluster is in it"
	tokens    = "the cluster's token can stand in it"
	pods      = "the Secrets and volumes of every pod on the node lie below it"
	processes = "the command lines of every process on the node lie below /proc"
	people    = "people's own files"
	devices   = "the devices themselves"
)

// Places are all that [Host] reads. What is below "/" itself is not meant by its place: only how full its file system is.
var Places = []Place{
	{CNIDirs[0], "the CNI configuration", ""},
	{CNIDirs[1], "the CNI configuration", ""},
	{"/etc/resolv.conf", "a loop of CoreDNS", ""},
	{"/etc/os-release", "what the node runs", ""},
	{"/etc/localtime", "what the times in its logs mean", ""},
	{"/proc/sys", "the kernel's settings: forwarding, br_netfilter, connections, open files", ""},
	{"/proc/modules", "br_netfilter, an emptied packet filter", ""},
	{"/proc/stat", "the last boot", ""},
	{"/proc/swaps", "swap", ""},
	{"/var/log", "failed services and updates, packages, kills for want of memory, disks that fail or fill", ""},

	{"/run/systemd/resolve", "the servers behind a loopback resolver", rare},
	{"/run/systemd/timesync", "whether the clock is kept", rare},
	{"/var/lib/systemd/timesync", "whether the clock is kept", rare},
	{"/var/lib/chrony", "whether the clock is kept", rare},
	{"/var/lib/ntp", "whether the clock is kept", rare},
	{"/var/lib/ntpsec", "whether the clock is kept", rare},
	{"/run/reboot-required", "a reboot that is due", rare},
	{"/var/run/reboot-required", "a reboot that is due", rare},
	{"/lib/modules", "modules that are built into the kernel", rare},
	{"/proc/driver/nvidia", "the GPU's driver", rare},
	{"/usr/lib", "the GPU's libraries", rare},
	{"/usr/lib64", "the GPU's libraries", rare},
	{"/dev", "the GPU's devices", devices},
	{"/proc/1", "whether the settings of the network are the host's", processes},
	{"/proc/self", "whether the settings of the network are the host's", processes},
	{"/var/lib/rancher/k3s/server/tls", "certificates that end", keys},
	{"/var/lib/rancher/k3s/agent", "certificates that end", keys},
	{"/var/lib/rancher/rke2/server/tls", "certificates that end", keys},
	{"/var/lib/rancher/rke2/agent", "certificates that end", keys},
	{"/etc/kubernetes/pki", "certificates that end", keys},
	{"/var/lib/kubelet/pki", "certificates that end", keys},
	{"/var/lib/rancher/k3s/server/db", "the size of the datastore", objects},
	{"/var/lib/rancher/rke2/server/db", "the size of the datastore", objects},
	{"/var/lib/etcd", "the size of the datastore", objects},
	{"/etc/kubernetes/manifests/etcd.yaml", "etcd's quota", rare},
	{"/etc/rancher/k3s/config.yaml", "etcd's quota", tokens},
	{"/etc/rancher/rke2/config.yaml", "etcd's quota", tokens},
	{"/", "how full the disk is", pods},
	{"/var/lib/kubelet", "how full the disk is", pods},
	{"/var/lib/rancher", "how full the disk is", pods},
	{"/var/lib/containerd", "how full the disk is", pods},
	{"/var/lib/containers", "how full the disk is", pods},
	{"/var/lib/docker", "how full the disk is", pods},
	{"/root", "commands that touched the cluster", people},
	{"/home", "commands that touched the cluster", people},
}

// Absent are the places, of those that nothing speaks against showing, that are not below the root. The CNI directory is none of them:
// its absence is a fact.
func (h *Host) Absent(ctx context.Context) ([]Place, error) {
	return ask(ctx, h, "places", func(_ context.Context, root *os.Root) ([]Place, error) { return absent(root), nil })
}

func absent(root *os.Root) (out []Place) {
	for _, p := range Places {
		if p.Withheld != "" || p.Path == CNIDirs[0] || p.Path == CNIDirs[1] {
			continue
		}
		if _, err := root.Lstat(inside(p.Path)); errors.Is(err, fs.ErrNotExist) {
			out = append(out, p)
		}
	}
	return out
}
