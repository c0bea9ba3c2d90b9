package applog

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// notEmpty is about a data directory that is to be made where something is already. The root of a new ext4 volume has lost+found.
func notEmpty(s *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container, f logs.Fact) (root, bool) {
	x := root{what: finding.Say("{finds|find} {its|their} new data directory not empty: %s", quote(f))}
	if f.Path == "" {
		return x, true
	}
	x.what = finding.Say("{finds|find} {its|their} new data directory %s not empty", f.Path)
	mount, volume := kube.MountOf(p, c, f.Path)
	if volume == nil {
		return x, true
	}
	if strings.TrimSuffix(mount.MountPath, "/") == strings.TrimSuffix(f.Path, "/") && mount.SubPath == "" {
		x.what = x.what.And(", which is the root of volume %s", mount.Name)
	}
	if l := lostFound(s, p, c); l != "" {
		x.what = x.what.And(": it has lost+found in it")
		x.seen = append(x.seen, finding.SeenLog(p, c.Name, false, l))
	}
	x.seen = append(x.seen, finding.SeenAPI(finding.PodObject(p), "spec.containers["+c.Name+"].volumeMounts["+mount.Name+"]", time.Time{},
		mountWords(mount, volume)))
	return x, true
}

// lostFound is the line by which the container says that lost+found is in the way, or "".
func lostFound(s *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container) string {
	for _, previous := range []bool{false, true} {
		l := s.Log(p.Namespace, p.Name, c.Name, previous)
		if l == nil {
			continue
		}
		for line := range strings.SplitSeq(l.Text, "\n") {
			if strings.Contains(line, "lost+found") {
				return finding.OneLine(line, finding.MaxLine)
			}
		}
	}
	return ""
}

// deviceLost cites the reload of systemd's units just before, if the node's log has one: systemd then writes the rules of the devices
// anew that a scope may use, and leaves out those that the runtime added by itself (NVIDIA/nvidia-container-toolkit issue 48).
func deviceLost(s *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container, f logs.Fact) (root, bool) {
	x := root{what: finding.Say("cannot use {its|their} GPU: %s", quote(f))}
	if !asksForDevice(c) && p.Spec.RuntimeClassName == nil && s.WorkloadOf(p).Kind != "DaemonSet" { // the device plugins see all devices
		x.what = finding.Say("cannot use a GPU, and {asks|ask} for none (resources.limits): %s", quote(f))
		return x, true
	}
	since := kube.UnreadySince(p)
	for i := range s.Hosts {
		h := &s.Hosts[i]
		if h.Node != p.Spec.NodeName || since.IsZero() {
			continue
		}
		for j := range h.Log {
			l := &h.Log[j]
			if before := since.Sub(l.At); strings.Contains(l.Text, "systemd[1]: Reloading") && before >= 0 && before < finding.ReloadLoses.For {
				x.what = x.what.And(" (systemd reloaded its units on node %s just before, at %s)", h.Node, finding.Clock(l.At))
				x.seen = append(x.seen, hostlog.Seen(h, l.File, l.At, finding.OneLine(l.Text, finding.MaxLine)))
				return x, true
			}
		}
	}
	return x, true
}

// asksForDevice says whether a container asks for what a device plugin gives out (their resources' names have a domain), for a claim of
// devices, or for NVIDIA's by the variable that its runtime reads.
func asksForDevice(c *corev1.Container) bool {
	for name := range c.Resources.Limits {
		if strings.Contains(string(name), "/") {
			return true
		}
	}
	shown := func(e corev1.EnvVar) bool { return e.Name == "NVIDIA_VISIBLE_DEVICES" }
	return len(c.Resources.Claims) > 0 || slices.ContainsFunc(c.Env, shown)
}
