//go:build unix

package store

import (
	"errors"
	"io/fs"
	"syscall"
)

// links is how many names a file has.
func links(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Nlink) //nolint:unconvert // its type differs between systems
	}
	return 1
}

// readOnly says whether a file lies on a file system that is mounted read-only.
func readOnly(path string) bool {
	const toWrite = 2 // W_OK
	return errors.Is(syscall.Access(path, toWrite), syscall.EROFS)
}
