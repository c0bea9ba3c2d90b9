package host

import (
	"os"
	"regexp"
	"strconv"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// datastores are where the API server's objects lie: K3s' and RKE2's own, and kubeadm's etcd. K3s leaves the SQLite file behind when it
// has moved to etcd, so etcd comes first.
var datastores = []struct{ kind, path string }{
	{"etcd", "/var/lib/rancher/k3s/server/db/etcd/member/snap/db"},
	{"etcd", "/var/lib/rancher/rke2/server/db/etcd/member/snap/db"},
	{"etcd", "/var/lib/etcd/member/snap/db"},
	{"SQLite", "/var/lib/rancher/k3s/server/db/state.db"},
}

// quotas are the files that can set etcd's quota.
var quotas = []string{"/etc/kubernetes/manifests/etcd.yaml", "/etc/rancher/k3s/config.yaml", "/etc/rancher/rke2/config.yaml"}

var quota = regexp.MustCompile(`quota-backend-bytes[=: ]+"?(\d{1,18})\b`)

func datastore(root *os.Root, f *snapshot.Host) error {
	for _, d := range datastores {
		info, err := root.Stat(inside(d.path))
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		f.Datastore = &snapshot.HostDatastore{Kind: d.kind, Path: d.path, Bytes: info.Size()}
		if wal, err := root.Stat(inside(d.path + "-wal")); err == nil {
			f.Datastore.Bytes += wal.Size()
		}
		break
	}
	if f.Datastore == nil || f.Datastore.Kind != "etcd" {
		return nil
	}
	for _, p := range quotas {
		s, err := readText(root, p, maxProc, oneName)
		if err != nil {
			return err
		}
		if m := quota.FindStringSubmatch(s); m != nil {
			f.Datastore.Quota, _ = strconv.ParseInt(m[1], 10, 64) // 18 digits always fit
			return nil
		}
	}
	return nil
}
