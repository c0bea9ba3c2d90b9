package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const (
	maxResolv   = 8 << 10 // bytes of resolv.conf; the resolver itself reads far fewer lines
	maxCNIFile  = 1 << 20 // bytes of a CNI configuration file that are hashed
	maxCNIFiles = 64
)

// Facts looks at what a diagnosis wants to know of the host. What could not be read, and why, is the second result; an absent CNI
// directory is a fact (no files), not something unseen.
func (h *Host) Facts(ctx context.Context) (snapshot.Host, []incident.NotSeen) {
	f := snapshot.Host{Node: h.node, CNIDir: h.cniDir}
	root, err := os.OpenRoot(h.root)
	if err != nil {
		return f, []incident.NotSeen{h.notSeen("files", err)}
	}
	defer root.Close()
	var unseen []incident.NotSeen
	look := func(what string, read func() error) {
		err := ctx.Err()
		var failed *incident.Failure
		if err == nil {
			failed = incident.Catch(h.notSeen(what, nil), func() { err = read() })
		}
		switch {
		case failed != nil:
			f.Failures, unseen = append(f.Failures, *failed), append(unseen, failed.NotSeen)
		case err != nil:
			unseen = append(unseen, h.notSeen(what, err))
		}
	}
	look(h.cniDir, func() (err error) { f.CNIFiles, err = cniFiles(root, h.cniDir); return err })
	look("/etc/resolv.conf", func() error {
		b, err := readHead(root, "/etc/resolv.conf", maxResolv)
		f.Resolv = strings.ToValidUTF8(string(b), "�")
		return err
	})
	look("/run/systemd/resolve/resolv.conf", func() (err error) {
		f.Upstream, err = text(root, "/run/systemd/resolve/resolv.conf", maxResolv)
		return err
	})
	look("service log", func() (err error) { f.ServiceLog, err = serviceLog(root, h.logs); return err })
	for _, r := range readers {
		look(r.what, func() error { return r.read(root, &f) })
	}
	look("disk usage", func() error { return h.disks(root, &f) })
	return f, unseen
}

func (h *Host) notSeen(what string, err error) incident.NotSeen {
	n := incident.NotSeen{What: what + " of " + h.node, Resources: []incident.Resource{incident.HostFiles}, Where: incident.Object{Kind: "Node", Name: h.node}}
	if err != nil {
		n.Why = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	return n
}

// readers are the other looks, each with what it looks at. An absent file is no error: hosts differ.
var readers = []struct {
	what string
	read func(*os.Root, *snapshot.Host) error
}{
	{"kernel", kernel}, {"settings", settings}, {"modules", loaded}, {"swap", swaps}, {"release", release}, {"reboot", reboot}, {"clock", clock},
	{"certificates", certificates}, {"datastore", datastore}, {"GPU", gpu}, {"system log", systemLog}, {"history", changes},
}

// cniFiles lists the files that libcni would read: those that end in .conf, .conflist or .json (ConfFiles in
// github.com/containernetworking/cni/libcni).
func cniFiles(root *os.Root, dir string) ([]snapshot.HostFile, error) {
	d, err := root.Open(inside(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	var files []snapshot.HostFile
	for _, e := range entries {
		if !slices.Contains([]string{".conf", ".conflist", ".json"}, path.Ext(e.Name())) || e.IsDir() {
			continue
		}
		if len(files) == maxCNIFiles {
			return files, fmt.Errorf("more than %d files; the rest was not read", maxCNIFiles)
		}
		b, err := readHead(root, path.Join(dir, e.Name()), maxCNIFile)
		if err != nil {
			return files, err
		}
		sum := sha256.Sum256(b)
		file := snapshot.HostFile{Name: e.Name(), Size: int64(len(b)), Hash: hex.EncodeToString(sum[:])}
		file.Plugins, file.Broken = plugins(e.Name(), b)
		files = append(files, file)
	}
	return files, nil
}

// readHead reads a regular file's first bytes, at most limit. Anything else could block or never end.
func readHead(root *os.Root, p string, limit int64) ([]byte, error) {
	f, err := openRegular(root, p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

func openRegular(root *os.Root, p string) (*os.File, error) {
	if info, err := root.Stat(inside(p)); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", p) // before opening, for to open a pipe waits for a writer
	}
	f, err := open(root, p)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, fmt.Errorf("%s: not a regular file", p)
	}
	return f, nil
}
