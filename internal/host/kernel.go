package host

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// sysctls are the settings that a node's network, memory and watches hang on.
var sysctls = []string{
	"net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables",
	"net.netfilter.nf_conntrack_max", "net.netfilter.nf_conntrack_count",
	"vm.overcommit_memory", "vm.panic_on_oom", "vm.swappiness", "vm.max_map_count", "kernel.panic", "kernel.pid_max",
	"fs.inotify.max_user_instances", "fs.inotify.max_user_watches", "fs.file-nr", "fs.file-max",
}

// modules are those of which it tells whether they are there, and what uses them.
var modules = []string{"br_netfilter", "overlay", "nf_conntrack", "nf_nat", "nf_tables", "ip_tables", "ip_vs", "vxlan", "wireguard",
	"xt_mark", "xt_MASQUERADE", "nvidia"}

const (
	maxProc    = 1 << 20 // bytes of a file that the kernel writes; the longest, modules.builtin, has some 100 KiB
	maxSetting = 256     // bytes of one setting

	osRelease = "/proc/sys/kernel/osrelease" // the kernel's version
)

// errForeignNetwork says why settings of the network are not taken for the host's.
var errForeignNetwork = errors.New("the network namespace here is not the host's, and neither are these settings; run Paramedic with " +
	"hostNetwork")

// errNoProc says why a host root that holds a few directories only tells nothing of the kernel.
var errNoProc = errors.New("there is no /proc below the host root: settings, modules, swap and drivers are not seen")

func kernel(root *os.Root, f *snapshot.Host) error {
	if _, err := root.Stat("proc"); errors.Is(err, fs.ErrNotExist) {
		return errNoProc
	}
	var err error
	if f.Kernel, err = readText(root, osRelease, maxSetting, oneName); err != nil {
		return err
	}
	stat, err := readText(root, "/proc/stat", maxProc, oneName)
	if err != nil {
		return err
	}
	for line := range strings.Lines(stat) {
		if s, ok := strings.CutPrefix(line, "btime "); ok {
			if n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64); err == nil && n > 0 {
				f.Boot = time.Unix(n, 0).UTC()
			}
		}
	}
	return nil
}

// settings reads the sysctls. Those of the network are the reader's own, so they count only where it shares the host's.
func settings(root *os.Root, f *snapshot.Host) error {
	foreign := foreignNetwork(root)
	for _, name := range sysctls {
		if foreign && strings.HasPrefix(name, "net.") {
			continue
		}
		v, err := readText(root, "/proc/sys/"+strings.ReplaceAll(name, ".", "/"), maxSetting, oneName)
		if err != nil {
			return err
		}
		if v == "" {
			continue
		}
		if f.Sysctls == nil {
			f.Sysctls = map[string]string{}
		}
		f.Sysctls[name] = strings.Join(strings.Fields(v), " ")
	}
	if foreign {
		return errForeignNetwork
	}
	return nil
}

// foreignNetwork compares the reader's network namespace with that of the host's first process, where both can be read.
func foreignNetwork(root *os.Root) bool {
	own, err := root.Readlink("proc/self/ns/net")
	if err != nil {
		return false
	}
	host, err := root.Readlink("proc/1/ns/net")
	return err == nil && own != host
}

// loaded counts the users of the modules, as /proc/modules has them in its third column.
func loaded(root *os.Root, f *snapshot.Host) error {
	b, err := readHead(root, "/proc/modules", maxProc, oneName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	f.Modules = map[string]int{}
	for line := range strings.Lines(string(b)) {
		if w := strings.Fields(line); len(w) > 2 && slices.Contains(modules, w[0]) {
			if n, err := strconv.Atoi(w[2]); err == nil {
				f.Modules[w[0]] = n
			}
		}
	}
	version, err := readText(root, osRelease, maxSetting, oneName)
	if err != nil || !plainName(version) {
		return err
	}
	builtin, err := readText(root, path.Join("/lib/modules", version, "modules.builtin"), maxProc, anyName)
	for line := range strings.Lines(builtin) {
		if name := strings.TrimSuffix(path.Base(strings.TrimSpace(line)), ".ko"); slices.Contains(modules, name) {
			f.Modules[name] = snapshot.BuiltIn
		}
	}
	return err
}

// swaps lists the first column of /proc/swaps, below its heading.
func swaps(root *os.Root, f *snapshot.Host) error {
	s, err := readText(root, "/proc/swaps", maxProc, oneName)
	for i, line := range strings.Split(s, "\n") {
		if w := strings.Fields(line); i > 0 && len(w) > 0 && len(f.Swaps) < maxFew {
			f.Swaps = append(f.Swaps, w[0])
		}
	}
	return err
}

// maxFew bounds what a host has few of: swaps, devices, packages that wait for a reboot.
const maxFew = 32

func release(root *os.Root, f *snapshot.Host) error {
	s, err := readText(root, "/etc/os-release", 16<<10, anyName)
	for line := range strings.Lines(s) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
			f.OS = cut(strings.Trim(v, `"'`))
		}
	}
	return err
}

// reboot reads what Debian's and Ubuntu's packages leave behind when they want one.
func reboot(root *os.Root, f *snapshot.Host) error {
	for _, p := range []string{"/run/reboot-required", "/var/run/reboot-required"} {
		if _, err := root.Stat(inside(p)); err != nil {
			continue
		}
		f.RebootPending = true
		pkgs, err := readText(root, p+".pkgs", 16<<10, oneName)
		f.RebootFor = strings.Fields(pkgs)
		slices.Sort(f.RebootFor)
		f.RebootFor = slices.Compact(f.RebootFor)
		f.RebootFor = f.RebootFor[:min(len(f.RebootFor), maxFew)]
		return err
	}
	return nil
}

// readClock says what keeps the clock, as far as files tell: systemd-timesyncd touches one when it has reached a server, chrony writes its
// drift.
func readClock(root *os.Root, f *snapshot.Host) error {
	is := func(p string) bool { _, err := root.Stat(inside(p)); return err == nil }
	switch {
	case is("/run/systemd/timesync/synchronized"):
		f.ClockSync = "systemd-timesyncd has synchronized it since the start"
	case is("/var/lib/chrony/drift") || is("/var/lib/chrony/chrony.drift"):
		f.ClockSync = "chrony keeps it"
	case is("/var/lib/ntp/ntp.drift") || is("/var/lib/ntpsec/ntp.drift"):
		f.ClockSync = "ntpd keeps it"
	case is("/var/lib/systemd/timesync/clock"):
		f.ClockSync = "systemd-timesyncd has not synchronized it since the start"
	}
	return nil
}
