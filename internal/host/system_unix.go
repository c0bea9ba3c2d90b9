//go:build linux || darwin || freebsd

package host

import (
	"io/fs"
	"syscall"
)

// How files and directories are opened: without waiting for whoever holds a pipe's or a device's other end.
const (
	openFile = syscall.O_RDONLY | syscall.O_NONBLOCK
	openDir  = openFile | syscall.O_DIRECTORY
)

// writable asks the kernel, which knows of read-only mounts as well as of modes (W_OK and X_OK of access(2)).
func writable(dir string) error { return syscall.Access(dir, 2|1) }

// inode says how many names a file has, and on which device it lies.
func inode(info fs.FileInfo) (links, device uint64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Nlink), uint64(s.Dev) //nolint:unconvert // their types differ between systems
	}
	return 1, 0
}
