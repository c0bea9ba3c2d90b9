package host

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Config says where a host's files are.
type Config struct {
	// Root is the directory under which the host's "/" is seen. Empty means "/".
	Root string
	// Node is the name of the Kubernetes node whose files these are. Empty means the machine's host name in lower case, which is the
	// kubelet's own default.
	Node string
	// CNIDir is the CNI configuration directory as on the host. Empty means the first of [CNIDirs] that exists.
	CNIDir string
	// ServiceLogs are the log files of the kubelet or of K3s, as on the host. Nil means [ServiceLogs].
	ServiceLogs []string
}

// CNIDirs are where CNI configuration lies: K3s keeps its own, everybody else uses containerd's default.
var CNIDirs = []string{"/var/lib/rancher/k3s/agent/etc/cni/net.d", "/etc/cni/net.d"}

// ServiceLogs are the log files that are looked for unless told otherwise. With systemd the log is in the journal instead.
// Syslog's lines of the service do where it has no file of its own.
var ServiceLogs = []string{"/var/log/k3s.log", "/var/log/k3s-service.log", "/var/log/k3s-agent.log", "/var/log/kubelet.log",
	"/var/log/k3s.log.1", "/var/log/kubelet.log.1"}

// Host is one node's file system. Make it with [New].
type Host struct {
	root, node, cniDir string
	logs               []string
	looks              []reader
	folder             bool // the root is no file system of its own
	within             time.Duration
	late               late

	// The system, which tests let hang.
	open  func(root string) (*os.Root, error)
	usage func(*os.File) (usage, error)
}

// New checks the configuration and chooses the CNI directory once and for all: if that directory is lost later, it must still be the
// one that is looked at. A root that is not there, or does not answer within ten seconds, is an error.
func New(c Config) (*Host, error) {
	return open(c, &Host{within: answerWithin, open: os.OpenRoot, usage: fileSystem})
}

func open(c Config, h *Host) (*Host, error) {
	h.root, h.node, h.logs = c.Root, c.Node, c.ServiceLogs
	if h.root == "" {
		h.root = "/"
	}
	if h.node == "" {
		name, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("find the node's name: %w; name it in the configuration", err)
		}
		h.node = strings.ToLower(name)
	}
	if h.logs == nil {
		h.logs = ServiceLogs
	}
	type seen struct {
		folder bool
		cniDir string
	}
	s, err := ask(context.Background(), h, "root", func(_ context.Context, root *os.Root) (seen, error) {
		return seen{isFolder(h.root), chooseCNIDir(root, c.CNIDir)}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("open host root %s: %w; is the host's file system mounted there?", h.root, err)
	}
	h.folder, h.cniDir = s.folder, s.cniDir
	h.looks = h.readers()
	return h, nil
}

// Node is the name of the Kubernetes node whose files these are.
func (h *Host) Node() string { return h.node }

// CNIDir is the CNI configuration directory, as on the host.
func (h *Host) CNIDir() string { return h.cniDir }

func chooseCNIDir(root *os.Root, configured string) string {
	if configured != "" {
		return path.Clean("/" + filepath.ToSlash(configured))
	}
	for _, dir := range CNIDirs {
		if info, err := root.Stat(inside(dir)); err == nil && info.IsDir() {
			return dir
		}
	}
	// Both are gone, which may be the very fault to be found: K3s' own is meant where K3s' agent is.
	if _, err := root.Stat("var/lib/rancher/k3s/agent"); err == nil {
		return CNIDirs[0]
	}
	return CNIDirs[1]
}

// inside turns a path as on the host into one relative to the root. What would lead out of the root ends at it.
func inside(p string) string {
	p = strings.TrimPrefix(path.Clean("/"+filepath.ToSlash(p)), "/")
	if p == "" {
		return "."
	}
	return p
}
