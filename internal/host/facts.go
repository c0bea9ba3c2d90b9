package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const (
	maxResolv   = 8 << 10 // bytes of resolv.conf; the resolver itself reads far fewer lines
	maxCNIFile  = 1 << 20 // bytes of a CNI configuration file that are hashed
	maxCNIFiles = 64
)

// Facts looks at what a diagnosis wants to know of the host, side by side, for ten seconds at most. What could not be read, and why, is
// the second result; an absent CNI directory is a fact (no files), not something unseen. CNIDir is empty if it could not be read.
func (h *Host) Facts(ctx context.Context) (snapshot.Host, []incident.NotSeen) {
	f := snapshot.Host{Node: h.node}
	if _, err := ask(ctx, h, "root", func(context.Context, *os.Root) (struct{}, error) { return struct{}{}, nil }); err != nil {
		return f, []incident.NotSeen{h.notSeen("files", err)}
	}
	parts, errs := make([]snapshot.Host, len(h.looks)), make([]error, len(h.looks))
	var all sync.WaitGroup
	for i, r := range h.looks {
		all.Go(func() {
			parts[i], errs[i] = ask(ctx, h, r.what, func(_ context.Context, root *os.Root) (part snapshot.Host, err error) {
				if failed := incident.Catch(h.notSeen(r.what, nil), func() { err = r.read(root, &part) }); failed != nil {
					part = snapshot.Host{Failures: []incident.Failure{*failed}}
				}
				return part, err
			})
		})
	}
	all.Wait()
	var unseen []incident.NotSeen
	for i, r := range h.looks {
		failures := parts[i].Failures
		parts[i].Failures = nil
		fill(&f, &parts[i])
		for _, failed := range failures {
			f.Failures, unseen = append(f.Failures, failed), append(unseen, failed.NotSeen)
		}
		if errs[i] != nil {
			unseen = append(unseen, h.notSeen(r.what, errs[i]))
		}
	}
	return f, unseen
}

// notSeen is the note that something of the host could not be read.
func (h *Host) notSeen(what string, err error) incident.NotSeen {
	n := incident.NotSeen{What: what + " of " + h.node, Resources: []incident.Resource{incident.HostFiles},
		Where: incident.Object{Kind: "Node", Name: h.node}}
	if err != nil {
		n.Why = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	return n
}

// reader is one look at a host: what it looks at, and how it fills fields of its own.
type reader struct {
	what string
	read func(*os.Root, *snapshot.Host) error
}

// readers are all the looks. An absent file is mostly no error: hosts differ.
func (h *Host) readers() []reader {
	return []reader{
		{h.cniDir, func(root *os.Root, f *snapshot.Host) error { return cniFiles(root, h.cniDir, f) }},
		{"/etc/resolv.conf", resolver}, {"/run/systemd/resolve/resolv.conf", upstream},
		{"service log", func(root *os.Root, f *snapshot.Host) (err error) {
			f.ServiceLog, err = serviceLog(root, h.logs)
			return err
		}},
		{"kernel", kernel}, {"settings", settings}, {"modules", loaded}, {"swap", swaps}, {"release", release}, {"reboot", reboot},
		{"clock", readClock},
		{"certificates", certificates}, {"datastore", datastore}, {"GPU", gpu}, {"system log", systemLog}, {"history", changes},
		{"disk usage", h.disks},
	}
}

// fill takes over the fields that a reader has filled.
func fill(f, part *snapshot.Host) {
	to, from := reflect.ValueOf(f).Elem(), reflect.ValueOf(part).Elem()
	for i := range from.NumField() {
		if v := from.Field(i); !v.IsZero() {
			to.Field(i).Set(v)
		}
	}
}

func resolver(root *os.Root, f *snapshot.Host) error {
	b, err := readHead(root, "/etc/resolv.conf", maxResolv, oneName)
	f.Resolv = strings.ToValidUTF8(string(b), "�")
	return err
}

func upstream(root *os.Root, f *snapshot.Host) (err error) {
	f.Upstream, err = readText(root, "/run/systemd/resolve/resolv.conf", maxResolv, oneName)
	return err
}

// cniFiles lists the files that libcni would read: those that end in .conf, .conflist or .json (ConfFiles in
// github.com/containernetworking/cni/libcni).
func cniFiles(root *os.Root, dir string, f *snapshot.Host) error {
	names, err := listDirectory(root, dir, maxEntries)
	if err != nil {
		return err
	}
	var files []snapshot.HostFile
	for _, name := range names {
		p := path.Join(dir, name)
		if info, err := root.Stat(inside(p)); !slices.Contains([]string{".conf", ".conflist", ".json"}, path.Ext(name)) || err == nil &&
			info.IsDir() {
			continue
		}
		if len(files) == maxCNIFiles {
			return fmt.Errorf("more than %d files; is it a configuration directory?", maxCNIFiles)
		}
		b, err := readHead(root, p, maxCNIFile, oneName)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		file := snapshot.HostFile{Name: name, Size: int64(len(b)), Hash: hex.EncodeToString(sum[:])}
		file.Plugins, file.Broken = plugins(name, b)
		files = append(files, file)
	}
	f.CNIDir, f.CNIFiles = dir, files
	return nil
}
