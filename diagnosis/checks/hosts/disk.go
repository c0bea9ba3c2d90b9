package hosts

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// A disk is filling before the kubelet evicts for it, and full once it must; in hundredths.
var (
	diskFilling = uint64(finding.DiskFilling.Number)
	diskFull    = uint64(finding.DiskFull.Number)
)

func disks(h hostlog.Host) {
	for i := range h.Disks {
		d := &h.Disks[i]
		if len(d.Paths) == 0 || isImage(d) {
			continue
		}
		path := mainPath(d.Paths)
		if share := percent(d.BytesUsed, d.Bytes); share >= diskFilling {
			f := h.Find(HostDiskFilling, fmt.Sprintf("The disk of %s on node %s is %d%% full: %s are left", path, h.Node, share,
				size(d.Bytes-min(d.Bytes, d.BytesUsed))))
			full(h, f, d, path, share, fmt.Sprintf("%d of %d bytes are used", d.BytesUsed, d.Bytes))
		}
		if share := percent(d.InodesUsed, d.Inodes); share >= diskFilling {
			f := h.Find(HostDiskFilling, fmt.Sprintf("The disk of %s on node %s has %d%% of its inodes in use: no more files can be made when "+
				"they run out", path, h.Node, share))
			full(h, f, d, path, share, fmt.Sprintf("%d of %d inodes are used", d.InodesUsed, d.Inodes))
		}
	}
}

// isImage says whether a file system is full because it was made so, to the last byte and inode: systems that are an image, such as
// Talos, have such a root, and what they write lies elsewhere.
func isImage(d *snapshot.HostDisk) bool {
	return d.Bytes > 0 && d.BytesUsed == d.Bytes && d.InodesUsed == d.Inodes && len(d.Paths) == 1 && d.Paths[0] == "/"
}

func full(h hostlog.Host, f *finding.Finding, d *snapshot.HostDisk, path string, share uint64, excerpt string) {
	if share >= diskFull {
		f.Severity = incident.Critical
	}
	if len(d.Paths) > 1 {
		excerpt += "; on it lie " + strings.Join(d.Paths, ", ")
	}
	f.Cite(hostlog.Seen(h.Host, path, time.Time{}, excerpt))
}

// mainPath is the directory that means most to a node of those on one disk.
func mainPath(paths []string) string {
	for _, p := range []string{"/var/lib/kubelet", "/var/lib/rancher", "/var/lib/containerd"} {
		if slices.Contains(paths, p) {
			return p
		}
	}
	return paths[0]
}

// percent is how much of the whole is used, in hundredths; 0 of nothing.
func percent(used, whole uint64) uint64 {
	if whole == 0 {
		return 0
	}
	return min(100, uint64(float64(used)*100/float64(whole)))
}

// size is a number of bytes for people.
func size(bytes uint64) string {
	for _, unit := range []struct {
		shift uint
		name  string
	}{{40, "TiB"}, {30, "GiB"}, {20, "MiB"}} {
		if bytes >= 1<<unit.shift {
			return fmt.Sprintf("%.1f %s", float64(bytes)/float64(uint64(1)<<unit.shift), unit.name)
		}
	}
	return fmt.Sprintf("%d KiB", bytes>>10)
}

// diskErrors are the kernel's words. Drives without a medium in them fail by design.
var (
	diskErrors = regexp.MustCompile(`I/O error, dev \S+.*|EXT4-fs error.*|Remounting filesystem read-only|XFS \(.*(?:[cC]orruption|metadata I/O error|Shutting down filesystem).*`)
	noMedium   = regexp.MustCompile(`dev (?:fd|sr|loop)\d`)
)

// failingDisk tells what the kernel said within the last day; a file system that it made read-only stays so until the next start.
func failingDisk(h hostlog.Host) {
	l := h.LastLine(func(l snapshot.HostLine) bool {
		if !diskErrors.MatchString(l.Text) || noMedium.MatchString(l.Text) || l.At.Before(h.Boot) {
			return false
		}
		return h.S.At.Sub(l.At) < finding.Recently.For || strings.Contains(l.Text, "read-only") && !h.Boot.IsZero()
	})
	if l == nil {
		return
	}
	f := h.Find(HostDiskFailing, fmt.Sprintf("A disk of node %s fails: %s", h.Node, diskErrors.FindString(l.Text)))
	f.Since = l.At
	h.SeeLine(f, l)
}

var killed = regexp.MustCompile(`Out of memory: Killed process \d+ \(([^)]*)\)`)

func memory(h hostlog.Host) {
	var last *snapshot.HostLine
	count := 0
	for i := range h.Log {
		if l := &h.Log[i]; killed.MatchString(l.Text) && !l.At.IsZero() && h.S.At.Sub(l.At) < finding.StillTold.For {
			last = l
			count++
		}
	}
	if last == nil {
		return
	}
	title := fmt.Sprintf("Node %s ran out of memory: the kernel killed %s at %s", h.Node, killed.FindStringSubmatch(last.Text)[1],
		finding.Clock(last.At))
	if count > 1 {
		title += fmt.Sprintf(", the last of %d within the hour", count)
	}
	f := h.Find(HostOutOfMemory, title)
	f.Since, f.Told = last.At, []time.Time{last.At}
	h.SeeLine(f, last)
}

func reboot(h hostlog.Host) {
	if !h.RebootPending {
		return
	}
	title, excerpt := fmt.Sprintf("Node %s waits for a reboot", h.Node), "it is there"
	if len(h.RebootFor) > 0 {
		title += " since " + strings.Join(h.RebootFor[:min(3, len(h.RebootFor))], ", ") + finding.Inflect(len(h.RebootFor),
			" {was|were} installed")
		excerpt = strings.Join(h.RebootFor, ", ")
	}
	f := h.Find(HostRebootPending, title)
	f.Cite(hostlog.Seen(h.Host, "/run/reboot-required", time.Time{}, excerpt))
}
