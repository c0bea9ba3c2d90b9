package host

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// diskPaths are the directories whose file systems a node must not fill: the kubelet's, the runtimes' images and logs.
var diskPaths = []string{"/", "/var/lib/kubelet", "/var/lib/rancher", "/var/lib/containerd", "/var/lib/containers", "/var/lib/docker", "/var/log"}

// usage is how full a file system is, and which one it is.
type usage struct {
	id                                   uint64
	bytes, bytesUsed, inodes, inodesUsed uint64
}

// disks asks for every directory that is there, and counts each file system once.
func (h *Host) disks(root *os.Root, f *snapshot.Host) error {
	if h.usage == nil {
		return nil
	}
	var ids []uint64
	for _, p := range diskPaths {
		d, err := root.Open(inside(p))
		if err != nil {
			continue
		}
		u, err := h.usage(d)
		d.Close()
		if err != nil {
			return err
		}
		if u.bytes == 0 {
			continue
		}
		if i := slices.Index(ids, u.id); i >= 0 {
			f.Disks[i].Paths = append(f.Disks[i].Paths, p)
			continue
		}
		ids = append(ids, u.id)
		f.Disks = append(f.Disks, snapshot.HostDisk{Paths: []string{p}, Bytes: u.bytes, BytesUsed: u.bytesUsed, Inodes: u.inodes, InodesUsed: u.inodesUsed})
	}
	return nil
}

// usageOf is how to ask, or nil where the root is a mere copy of a host's files, whose disk is not the host's.
func usageOf(root string) func(*os.File) (usage, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil
	}
	if root != "/" && !mounted(root) {
		return nil
	}
	return fileSystem
}
