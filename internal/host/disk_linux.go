package host

import (
	"os"
	"path/filepath"
	"syscall"
)

// fileSystem asks the kernel (fstatfs(2)). Bytes are counted as df does, without the superuser's reserve.
func fileSystem(f *os.File) (usage, error) {
	var fs syscall.Statfs_t
	if err := syscall.Fstatfs(int(f.Fd()), &fs); err != nil {
		return usage{}, &os.PathError{Op: "statfs", Path: f.Name(), Err: err}
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &st); err != nil {
		return usage{}, &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	used := (fs.Blocks - fs.Bfree) * uint64(fs.Bsize)
	return usage{id: st.Dev, bytes: used + fs.Bavail*uint64(fs.Bsize), bytesUsed: used, inodes: fs.Files, inodesUsed: fs.Files - fs.Ffree}, nil
}

// mounted says whether the directory is the root of a file system: it lies on another device than its parent.
func mounted(dir string) bool {
	var own, above syscall.Stat_t
	if syscall.Stat(dir, &own) != nil || syscall.Stat(filepath.Dir(dir), &above) != nil {
		return false
	}
	return own.Dev != above.Dev
}
