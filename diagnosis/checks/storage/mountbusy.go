package storage

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// The words of mke2fs, mkfs.xfs and mount for a device that something else on the node holds.
var (
	deviceBusy = regexp.MustCompile(`is apparently in use by the system|contains a mounted filesystem|already mounted or mount point busy|cannot open \S+: Device or resource busy`)
	busyVolume = regexp.MustCompile(`for volume "([^"]+)"`)
	// takesDevices is how the daemons that take block devices for themselves say so.
	takesDevices = regexp.MustCompile(`multipathd?\b.*(?:add path|addmap|path added|\bmpath\w+)`)
)

// deviceBusy: the volume is attached, as far as its driver goes, and its device on the node is held by something else, such as multipathd,
// which takes every new device that it is not told to leave alone.
func (m *mounts) deviceBusy(p *corev1.Pod, e *corev1.Event) bool {
	words := deviceBusy.FindString(e.Message)
	if words == "" {
		return false
	}
	node, volume := snapshot.ObjectOf("Node", "", p.Spec.NodeName), ""
	if x := busyVolume.FindStringSubmatch(e.Message); x != nil {
		volume = " " + x[1]
	}
	does := "mount"
	if strings.Contains(e.Message, "format of disk") {
		does = "format"
	}
	title := fmt.Sprintf("Node %s cannot %s volume%s: its device is in use by something else on the node", node.Name, does, volume)
	var taken *snapshot.HostLine
	h := hostlog.Host{S: m.s, R: m.r}
	if i := slices.IndexFunc(m.s.Hosts, func(h snapshot.Host) bool { return h.Node == node.Name }); i >= 0 {
		h.Host = &m.s.Hosts[i]
		if taken = h.LastLine(func(l snapshot.HostLine) bool {
			return takesDevices.MatchString(l.Text) && m.s.At.Sub(l.At) < finding.Recently.For
		}); taken != nil {
			title += "; multipathd has taken a device there"
		}
	}
	f := m.note(p, e, VolumeDeviceBusy, node, volume, title)
	if taken != nil {
		h.SeeLine(f, taken)
		h.Cite(f, "multipath")
	}
	return true
}
