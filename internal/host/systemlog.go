package host

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// systemLogs are the files that syslog and the package tools write, the older first; after a rotation the telling line is in the older.
var systemLogs = []string{"/var/log/syslog.1", "/var/log/syslog", "/var/log/messages.1", "/var/log/messages", "/var/log/kern.log.1",
	"/var/log/kern.log",
	"/var/log/unattended-upgrades/unattended-upgrades.log"}

// systemTelling are lines of services that end, of what sets up the network anew, of the kernel about memory, connections, disks and the
// GPU, of a daemon that takes block devices for itself, and of updates that fail.
var systemTelling = newTeller(`(?:k3s|k3s-agent|rke2-server|rke2-agent|kubelet|containerd|crio|docker|etcd)\.service: (?:Main process exited|Failed with result|Scheduled restart job|Start request repeated|Deactivated successfully)`+
	`|systemd\[1\]: (?:Started|Stopped|Failed to start) .*(?:Kubernetes|[kK]ubelet|k3s|rke2|containerd|crio|CRI-O|docker|Docker|etcd)`+
	`|systemd-networkd\[\d+\]: .*(?:Re-configuring|Removing rout)|systemd\[1\]: (?:Stopping|Stopped) (?:Network (?:Configuration|Service|Manager)|firewalld)`+
	`|Out of memory: Killed process|nf_conntrack: table full`+
	`|I/O error, dev |EXT4-fs error|Remounting filesystem read-only|XFS \(.*(?:[cC]orruption|metadata I/O error|Shutting down filesystem)`+
	`|multipathd(?:\[\d+\])?: .*(?:add path|addmap|path added)`+
	`|NVRM: (?:API mismatch|Xid)`+
	`|ERROR.*(?:upgrades failed|error message|dpkg returned)|database disk image is malformed`,
	".service: ", "systemd[1]: ", "systemd-networkd[", "out of memory", "nf_conntrack", "i/o error", "ext4-fs", "remounting", "xfs (",
	"multipathd", "nvrm: ", "error", "malformed")

// serviceTag is how syslog marks the kubelet's and K3s' lines.
var serviceTag = regexp.MustCompile(` (?:k3s|rke2|kubelet)(?:\[\d+\])?: `)

const (
	logAlike  = 10  // newest lines of one kind that are kept, with the first of all
	logSystem = 200 // newest lines that are kept in all
)

// errJournal says why a systemd host without syslog tells nothing.
var errJournal = errors.New("there is no syslog; the journal (/var/log/journal), which is binary, is not read")

// errNoLogs is the same of its logs.
var errNoLogs = errors.New("there is no /var/log below the host root: failed services, updates and the kernel's complaints are not seen")

// systemLog returns the telling lines of the system's own logs, each once, oldest first.
func systemLog(root *os.Root, f *snapshot.Host) error {
	if _, err := root.Stat("var/log"); errors.Is(err, fs.ErrNotExist) {
		return errNoLogs
	}
	zone, seen := zoneOf(root), false
	var kept []snapshot.HostLine
	var failed error
	for _, p := range systemLogs {
		seen = seen || exists(root, p)
		lines, err := tailLines(root, p, logTail, oneName)
		failed = errors.Join(failed, err)
		clock := timesOf(root, zone, p)
		for _, l := range fewAlike(lines) {
			kept = append(kept, snapshot.HostLine{At: clock.of(l), File: p, Text: cut(l)})
		}
	}
	slices.SortStableFunc(kept, func(a, b snapshot.HostLine) int { return a.At.Compare(b.At) })
	said := map[string]bool{}
	kept = slices.DeleteFunc(kept, func(l snapshot.HostLine) bool { // the kernel's lines are in two files
		twice := said[l.Text]
		said[l.Text] = true
		return twice
	})
	f.Log = kept[max(0, len(kept)-logSystem):]
	if _, err := root.Stat("var/log/journal"); err == nil && !seen {
		return errJournal
	}
	return failed
}

// fewAlike keeps of the telling lines that differ only in numbers the first and the newest, in their order.
func fewAlike(lines []string) []string {
	alike := map[string][]int{}
	for i, l := range lines {
		if l = searched(l); systemTelling.tells(l) {
			k := sameLine.ReplaceAllString(l, "#")
			alike[k] = append(alike[k], i)
		}
	}
	var keep []int
	for _, at := range alike {
		keep = append(keep, at[0])
		keep = append(keep, at[max(1, len(at)-logAlike):]...)
	}
	slices.Sort(keep)
	out := make([]string, len(keep))
	for i, at := range keep {
		out[i] = lines[at]
	}
	return out
}

// serviceOfSyslog returns the kubelet's or K3s' own lines out of syslog, for hosts where it has no file of its own.
func serviceOfSyslog(root *os.Root) []string {
	for _, p := range []string{"/var/log/syslog", "/var/log/messages"} {
		lines, err := tailLines(root, p, logTail, oneName)
		if err != nil {
			continue
		}
		lines = slices.DeleteFunc(lines, func(l string) bool { return !serviceTag.MatchString(searched(l)) })
		if len(lines) > 0 {
			return tellingLines(strings.Join(lines, "\n"))
		}
	}
	return nil
}
