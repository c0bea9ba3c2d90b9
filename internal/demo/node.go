package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// node is the files of the cluster's node, in a folder that stands for its "/".
type node struct {
	root   string
	cniDir string // in root
	log    string // the service's, in root
	night  []byte // what the service said of the incident
}

const (
	capturedLog = "/var/log/service.log" // as a bundle names it
	servedLog   = "/var/log/k3s.log"     // as K3s does
)

// newNode writes the node's files as they were while all was well. They have been there for a while.
func newNode(root string, healthy, broken *bundle.Bundle, now time.Time) (*node, error) {
	name, dir, err := nodeOf(healthy)
	if err != nil {
		return nil, err
	}
	log := bundle.HostKey{Node: name, Path: capturedLog}
	n := &node{root: root, cniDir: filepath.Join(root, dir), log: filepath.Join(root, servedLog),
		night: added(healthy.HostFiles[log], broken.HostFiles[log])}
	for key, content := range healthy.HostFiles {
		to := filepath.Join(root, key.Path)
		if key == log {
			to, content = n.log, retimed(content, func(t time.Time) time.Time { return t.Add(now.Sub(healthy.Manifest.CapturedAt)) })
		}
		if key.Node != name {
			continue
		}
		if err := writeOld(to, content, now.Add(-24*time.Hour)); err != nil {
			return nil, fmt.Errorf("write the files of %s: %w", name, err)
		}
	}
	files, err := n.cni()
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("the healthy bundle has no CNI configuration of %s; was it captured with --host-root?", name)
	}
	return n, err
}

func writeOld(name string, content []byte, changed time.Time) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		return err
	}
	return errors.Join(os.Chtimes(name, changed, changed), os.Chtimes(filepath.Dir(name), changed, changed))
}

// fail is what that night did to the node: its service says so, all of it now, and the CNI configuration is gone.
func (n *node) fail(now time.Time) error {
	f, err := os.OpenFile(n.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(retimed(n.night, func(time.Time) time.Time { return now }))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	files, err := n.cni()
	for _, name := range files {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// cni lists the files from which a container runtime would set up its network: those that libcni reads (ConfFiles in
// github.com/containernetworking/cni/libcni) and that name a plugin.
func (n *node) cni() ([]string, error) {
	entries, err := os.ReadDir(n.cniDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the CNI configuration: %w", err)
	}
	var files []string
	for _, e := range entries {
		if !slices.Contains([]string{".conf", ".conflist", ".json"}, filepath.Ext(e.Name())) {
			continue
		}
		name := filepath.Join(n.cniDir, e.Name())
		content, err := os.ReadFile(name)
		if err != nil {
			continue // being replaced
		}
		var c struct {
			Type    string
			Plugins []struct{ Type string }
		}
		if json.Unmarshal(content, &c) == nil && (c.Type != "" || len(c.Plugins) > 0 && c.Plugins[0].Type != "") {
			files = append(files, name)
		}
	}
	return files, nil
}

// added are the lines of after that before has not.
func added(before, after []byte) []byte {
	had := map[string]bool{}
	for line := range strings.Lines(string(before)) {
		had[strings.TrimSpace(line)] = true
	}
	var out []byte
	for line := range strings.Lines(string(after)) {
		if line = strings.TrimSpace(line); !had[line] {
			out = append(out, line+"\n"...)
		}
	}
	return out
}

var logTime = regexp.MustCompile(`time="([^"]+)"`)

// retimed moves the times in K3s' log.
func retimed(log []byte, to func(time.Time) time.Time) []byte {
	return logTime.ReplaceAllFunc(log, func(b []byte) []byte {
		t, err := time.Parse(time.RFC3339, string(logTime.FindSubmatch(b)[1]))
		if err != nil {
			return b
		}
		return fmt.Appendf(nil, "time=%q", to(t).UTC().Format(time.RFC3339))
	})
}
