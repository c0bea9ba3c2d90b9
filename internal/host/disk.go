package host

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// diskPaths are the directories whose file systems a node must not fill: the kubelet's, the runtimes' images and logs.
var diskPaths = []string{"/", "/var/lib/kubelet", "/var/lib/rancher", "/var/lib/containerd", "/var/lib/containers", "/var/lib/docker",
	"/var/log"}

// usage is how full a file system is, and which one it is.
type usage struct {
	id                                   uint64
	bytes, bytesUsed, inodes, inodesUsed uint64
}

// disks asks for every directory that is there, and counts each file system once. Where the root is a mere folder, a copy of a host's
// files or a container's directory with a few mounts in it, its own file system is not the host's; what is mounted below it is.
func (h *Host) disks(root *os.Root, f *snapshot.Host) error {
	var ids []uint64
	var folder *uint64
	if h.folder {
		own, err := openDirectory(root, ".")
		if err != nil {
			return err
		}
		u, err := h.usage(own)
		own.Close()
		if err != nil {
			return err
		}
		folder = &u.id
	}
	for _, p := range diskPaths {
		d, err := openDirectory(root, p)
		if err != nil {
			continue
		}
		u, err := h.usage(d)
		d.Close()
		if err != nil {
			return err
		}
		if u.bytes == 0 || folder != nil && *folder == u.id {
			continue
		}
		if i := slices.Index(ids, u.id); i >= 0 {
			f.Disks[i].Paths = append(f.Disks[i].Paths, p)
			continue
		}
		ids = append(ids, u.id)
		f.Disks = append(f.Disks, snapshot.HostDisk{Paths: []string{p}, Bytes: u.bytes, BytesUsed: u.bytesUsed, Inodes: u.inodes,
			InodesUsed: u.inodesUsed})
	}
	return nil
}

// isFolder says whether the root is a folder of a file system that has other things in it.
func isFolder(root string) bool {
	root, err := filepath.Abs(root)
	return err != nil || root != "/" && !mounted(root)
}
