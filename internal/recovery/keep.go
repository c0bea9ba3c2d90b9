package recovery

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Copy is something that recovery would want back.
type Copy struct {
	Key     string
	Content []byte
}

// HostDir is a directory of a node, as read at about the time of the Snapshot.
type HostDir struct {
	Node, Dir string
	Archive   host.Archive
	Changed   time.Time // when the directory or a file in it last changed
}

// ConfigMapKey is the key under which the copy of one key of a ConfigMap is kept: "configmap/kube-system/coredns/Corefile".
func ConfigMapKey(namespace, name, key string) string {
	return "configmap/" + namespace + "/" + name + "/" + key
}

// HostKey is the key under which the copy of a node's directory is kept: "host/leveling-pc/etc/cni/net.d".
func HostKey(node, dir string) string {
	return "host/" + node + "/" + strings.Trim(dir, "/")
}

// Withheld names what in a copy looks like a secret, so that the copy is not kept: what has to be put back byte for byte can't be redacted.
// It is empty if nothing does.
func Withheld(content []byte, redact func(string) string) string {
	if a, err := host.DecodeArchive(content); err == nil && len(a.Files) > 0 {
		for _, f := range a.Files {
			if redact(string(f.Content)) != string(f.Content) {
				return f.Name
			}
		}
		return ""
	}
	if redact(string(content)) != string(content) {
		return "its content"
	}
	return ""
}

const (
	corefile = "Corefile" // the key that CoreDNS' own manifests, kubeadm and K3s use

	// triedCorefile and triedCNI are how long things must have been well since a change before its result counts as good: a change that breaks
	// takes a while to show. For a Corefile that is the kubelet's sync of the volume (up to a minute and a half) and CoreDNS' reload (30 s and
	// jitter), then a crash; for the CNI directory the kubelet's next status.
	triedCorefile = 5 * time.Minute
	triedCNI      = time.Minute
)

// Keep chooses what to keep a last-good copy of: the Corefile while DNS works by it, and each CNI directory while its node does. Call
// it while nothing is wrong. What is broken, or changed too recently to have been proved, gives no copy. It is pure.
func Keep(s *snapshot.Snapshot, dirs []HostDir) []Copy {
	var copies []Copy
	if c, ok := keepCorefile(s); ok {
		copies = append(copies, c)
	}
	for _, d := range dirs {
		n := s.Node(d.Node)
		if n == nil || len(d.Archive.Files) == 0 || d.Changed.IsZero() || s.At.Sub(d.Changed) < triedCNI || !nodeReadyFor(n, s.At, triedCNI) {
			continue
		}
		copies = append(copies, Copy{HostKey(d.Node, d.Dir), d.Archive.Encode()})
	}
	return copies
}

func nodeReadyFor(n *corev1.Node, at time.Time, d time.Duration) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue && at.Sub(c.LastTransitionTime.Time) >= d
		}
	}
	return false
}

// keepCorefile keeps the Corefile if every DNS pod is well, and each of them either started with this Corefile or has been well long
// enough since it changed.
func keepCorefile(s *snapshot.Snapshot) (Copy, bool) {
	pods := dnsPods(s)
	m := dnsConfigMap(s, pods)
	if m == nil || strings.TrimSpace(m.Data[corefile]) == "" {
		return Copy{}, false
	}
	changed := lastChange(m)
	for _, p := range pods {
		if ill(p, s.At) != "" || !ready(p) || changed.IsZero() {
			return Copy{}, false
		}
		for _, c := range p.Status.ContainerStatuses {
			if c.State.Running == nil {
				return Copy{}, false
			}
			started := c.State.Running.StartedAt.Time
			if startedWithIt := started.After(changed) && s.At.Sub(started) >= settled; !startedWithIt && s.At.Sub(changed) < triedCorefile {
				return Copy{}, false
			}
		}
	}
	return Copy{ConfigMapKey(m.Namespace, m.Name, corefile), []byte(m.Data[corefile])}, len(pods) > 0
}

// lastChange is when anybody last changed an object; zero if it does not say.
func lastChange(m *corev1.ConfigMap) time.Time {
	t := m.CreationTimestamp.Time
	for _, f := range m.ManagedFields {
		if f.Time != nil && f.Time.After(t) {
			t = f.Time.Time
		}
	}
	return t
}
