package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// rule says which regular files are read. Anything else is never: to open a pipe waits for its writer, and a device can do anything.
//
// A file with several names (hard links) can be somebody else's, a key or /etc/shadow, under a name that is shown to people: whoever may
// write to a directory can give it one.
type rule uint8

const (
	oneName rule = iota // links may lead to it, for /etc/resolv.conf often is one
	noLink              // nor may a link: for directories that others than root write to, and for what is kept and shown as it is
	// anyName is for files of which a few known words are taken: the distribution's own, which ostree and Nix keep as hard links, and
	// certificates.
	anyName
)

// maxLinks bounds the absolute links that are followed one after the other.
const maxLinks = 5

// openRegular opens a regular file for reading. A link at the path's end may be absolute; it is taken to mean the host's own "/", which
// os.Root alone would refuse.
func openRegular(root *os.Root, p string, r rule) (*os.File, error) {
	p = inside(p)
	var named fs.FileInfo // what the path itself is
	if r == noLink {
		var err error
		if named, err = root.Lstat(p); err != nil {
			return nil, err
		}
		if named.Mode()&fs.ModeSymlink != 0 {
			return nil, fmt.Errorf("/%s: it is a link; what that leads to is not read", p)
		}
	}
	f, err := openAny(root, p)
	if err != nil {
		return nil, err
	}
	if err := r.allows(f, p, named); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// allows goes by what was opened, whatever the path leads to by now; named is what it was before, where that is to be the same.
func (r rule) allows(f *os.File, p string, named fs.FileInfo) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	links, _ := inode(info)
	switch {
	case !info.Mode().IsRegular():
		return errNotRegular(p)
	case r == noLink && !os.SameFile(named, info):
		return fmt.Errorf("/%s: it was replaced while it was looked at", p)
	case r != anyName && links > 1:
		return fmt.Errorf("/%s: it has %d names (hard links), so that what it holds may be another file's; to find them: find / -xdev "+
			"-samefile /%[1]s",
			p, links)
	}
	return nil
}

// openAny opens what looks like a regular file.
func openAny(root *os.Root, p string) (*os.File, error) {
	for range maxLinks {
		if info, err := root.Stat(p); err == nil && !info.Mode().IsRegular() {
			return nil, errNotRegular(p) // before it is opened, for a device would notice
		}
		f, err := root.OpenFile(p, openFile, 0)
		if err == nil {
			return f, nil
		}
		to, linkErr := root.Readlink(p)
		if linkErr != nil || !path.IsAbs(to) {
			return nil, err
		}
		p = inside(to)
	}
	return nil, &fs.PathError{Op: "open", Path: p, Err: errors.New("too many links")}
}

func errNotRegular(p string) error { return fmt.Errorf("/%s: not a regular file", p) }

// openDirectory opens a directory, and nothing else: not even for as long as it takes to find out.
func openDirectory(root *os.Root, p string) (*os.File, error) {
	return root.OpenFile(inside(p), openDir, 0)
}

// readHead reads a regular file's first bytes, at most limit.
func readHead(root *os.Root, p string, limit int64, r rule) ([]byte, error) {
	f, err := openRegular(root, p, r)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}
