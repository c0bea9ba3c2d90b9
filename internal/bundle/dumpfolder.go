package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// alwaysThere are namespaces that every cluster has and nobody asks for by name: a dump with all of them is one of all namespaces.
var alwaysThere = []string{"default", "kube-system", "kube-public", "kube-node-lease"}

// fromFolder reads what --output-directory made: nodes.json, and a folder for each namespace.
func (d *dump) fromFolder(fsys fs.FS) (*Bundle, error) {
	d.begin()
	written, ok, err := d.file(fsys, "nodes")
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf(notDump, "a folder without nodes.json")
	}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, err
	}
	if len(entries) > d.limits.Entries {
		return nil, fmt.Errorf("more than %d entries", d.limits.Entries)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		for _, k := range dumpKinds {
			if !k.Namespaced {
				continue
			}
			_, ok, err := d.file(fsys, e.Name()+"/"+k.file)
			if err != nil {
				return nil, err
			}
			if ok {
				d.spaces[e.Name()] = true
			}
		}
	}
	all := true
	for _, ns := range alwaysThere {
		all = all && d.spaces[ns]
	}
	s, err := d.finish(all, written)
	if err != nil {
		return nil, err
	}
	wanted := d.wanted(s)
	for k := range wanted {
		if err := d.logFile(fsys, k.Namespace+"/"+k.Pod+"/logs.txt", wanted); err != nil {
			return nil, err
		}
	}
	return d.complete(), nil
}

// file reads a list, in the form that is there, and returns when it was written; false means that there is none.
func (d *dump) file(fsys fs.FS, name string) (written time.Time, ok bool, err error) {
	for _, form := range []string{".json", ".yaml"} {
		f, err := fsys.Open(name + form)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return time.Time{}, false, err
		}
		defer f.Close()
		if st, err := f.Stat(); err == nil {
			written = st.ModTime()
		}
		data, err := io.ReadAll(io.LimitReader(f, d.limits.Entry+1))
		switch {
		case err != nil:
			return time.Time{}, false, err
		case int64(len(data)) > d.limits.Entry:
			return time.Time{}, false, fmt.Errorf("%s has more than the %s allowed", name+form, Bytes(d.limits.Entry))
		}
		if err := d.add(bytes.TrimPrefix(data, []byte("---\n"))); err != nil {
			return time.Time{}, false, fmt.Errorf("%s: %w; was the dump broken off?", name+form, err)
		}
		return written, true, nil
	}
	return time.Time{}, false, nil
}

// logFile reads the logs of one pod's containers that are wanted and not yet read. A pod's name that is no file's is passed over, as is a
// pod without the file.
func (d *dump) logFile(fsys fs.FS, name string, wanted map[LogKey]int) error {
	if !fs.ValidPath(name) {
		return nil
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil // what is not there is missed by nobody
	}
	defer f.Close()
	sections := sections{limit: d.limits.Entry, wanted: wanted, log: d.log}
	return sections.read(f)
}

// complete sums up what the logs have added.
func (d *dump) complete() *Bundle {
	d.bundle.Manifest.Redactions = d.redactor.Count
	d.bundle.Manifest = d.bundle.manifest()
	return d.bundle
}
