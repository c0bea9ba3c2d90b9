package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const (
	maxChanges  = 200     // newest that are kept
	historyTail = 1 << 20 // bytes read from a history's end
	maxHomes    = 64
)

// touches are commands that change what a cluster stands on.
var touches = regexp.MustCompile(`\b(?:k3s\S*|rke2\S*|kube[a-z]+|ip6?tables\S*|nft|ip (?:-\S+ )*(?:link|route|addr|rule|l|r|a)|ifconfig|systemctl|service|init|multipath\S*|apt|apt-get|dpkg|dnf|yum|rpm|zypper|snap|modprobe|rmmod|sysctl|ufw|firewall-cmd|containerd|crictl|nerdctl|ctr|docker|swapon|swapoff|netplan|nmcli|reboot|shutdown|poweroff|helm|mount|umount|resolvectl|timedatectl)\b|cni|/etc/(?:rancher|kubernetes|resolv|sysctl|fstab)|/var/lib/(?:rancher|kubelet|etcd)`)

// secret is a value on a command line that its name gives away; redaction comes later, and twice is better.
var secret = regexp.MustCompile(`(?i)((?:token|passw(?:or)?d|secret|api-?key)[=\s]+)\S+`)

// clusterPackage are the packages that come first among those of one update.
var clusterPackage = regexp.MustCompile(`^(?:k3s|rke2|kube|cri-|containerd|runc|docker|podman|iptables|nftables|ufw|firewalld|linux-(?:image|modules)|kernel|systemd|netplan|network-manager|NetworkManager|containernetworking|cni|flannel|calico|cilium|nvidia|libnvidia|openssl|ca-certificates|etcd)`)

func changes(root *os.Root, f *snapshot.Host) error {
	zone := zoneOf(root)
	var out []snapshot.HostChange
	var failed error
	for _, read := range []func(*os.Root, *time.Location) ([]snapshot.HostChange, error){aptHistory, rpmHistory, zyppHistory, shellHistories} {
		found, err := read(root, zone)
		failed = errors.Join(failed, err)
		out = append(out, found...)
	}
	slices.SortStableFunc(out, func(a, b snapshot.HostChange) int { return a.At.Compare(b.At) })
	f.Changes = out[max(0, len(out)-maxChanges):]
	return failed
}

// aptHistory reads apt's own account, which names the command, or else dpkg's.
func aptHistory(root *os.Root, zone *time.Location) ([]snapshot.HostChange, error) {
	const file = "/var/log/apt/history.log"
	lines, err := tailLines(root, file, historyTail, oneName)
	if err != nil {
		return nil, err
	}
	if lines == nil {
		return dpkgLog(root, zone)
	}
	clock := times{zone: zone}
	var out []snapshot.HostChange
	var at time.Time
	by := ""
	for _, l := range lines {
		key, value, _ := strings.Cut(l, ": ")
		switch key {
		case "Start-Date":
			at, by = clock.of(value), ""
		case "Commandline":
			by = " (" + hide(value) + ")"
		case "Upgrade", "Install", "Remove", "Purge", "Downgrade":
			if !at.IsZero() {
				out = append(out, snapshot.HostChange{At: at, What: cut("apt: " + strings.ToLower(key) + " " + packages(value) + by), Where: file})
			}
		}
	}
	return out, nil
}

var aptPackage = regexp.MustCompile(`([^\s,:()]+)(?::[^\s,()]+)? \(([^()]*)\)`)

// packages tells an update's packages with their versions, those that a cluster stands on first, at most four.
func packages(list string) string {
	var first, rest []string
	for _, m := range aptPackage.FindAllStringSubmatch(list, 2000) {
		p := m[1] + " " + strings.TrimSuffix(strings.Replace(m[2], ", ", " to ", 1), " to automatic")
		if clusterPackage.MatchString(m[1]) {
			first = append(first, p)
		} else {
			rest = append(rest, p)
		}
	}
	all := append(first, rest...)
	if len(all) <= 4 {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:4], ", "), len(all)-4)
}

var dpkgLine = regexp.MustCompile(`^\S+ \S+ (upgrade|install|remove) ([^\s:]+)(?::\S+)? (\S+) (\S+)`)

func dpkgLog(root *os.Root, zone *time.Location) ([]snapshot.HostChange, error) {
	const file = "/var/log/dpkg.log"
	return matching(root, zone, file, func(l string) string {
		if m := dpkgLine.FindStringSubmatch(l); m != nil && clusterPackage.MatchString(m[2]) {
			return fmt.Sprintf("dpkg: %s %s %s to %s", m[1], m[2], m[3], m[4])
		}
		return ""
	})
}

var rpmLine = regexp.MustCompile(` (Installed|Upgraded|Upgrade|Erased|Removed|Downgraded): (\S+)`)

// rpmHistory reads what dnf says of packages; since Fedora 23 in a file of its own.
func rpmHistory(root *os.Root, zone *time.Location) ([]snapshot.HostChange, error) {
	file := "/var/log/dnf.rpm.log"
	if !exists(root, file) {
		file = "/var/log/dnf.log"
	}
	return matching(root, zone, file, func(l string) string {
		if m := rpmLine.FindStringSubmatch(l); m != nil && clusterPackage.MatchString(m[2]) {
			return fmt.Sprintf("dnf: %s %s", strings.ToLower(m[1]), m[2])
		}
		return ""
	})
}

func zyppHistory(root *os.Root, zone *time.Location) ([]snapshot.HostChange, error) {
	return matching(root, zone, "/var/log/zypp/history", func(l string) string {
		if w := strings.Split(l, "|"); len(w) > 3 && (w[1] == "install" || strings.TrimSpace(w[1]) == "remove") &&
			clusterPackage.MatchString(w[2]) {
			return fmt.Sprintf("zypper: %s %s %s", strings.TrimSpace(w[1]), w[2], w[3])
		}
		return ""
	})
}

// matching makes a change of every dated line that what has words for.
func matching(root *os.Root, zone *time.Location, file string, what func(line string) string) ([]snapshot.HostChange, error) {
	lines, err := tailLines(root, file, historyTail, oneName)
	clock := times{zone: zone}
	var out []snapshot.HostChange
	for _, l := range lines {
		if w := what(searched(l)); w != "" {
			if at := clock.of(l); !at.IsZero() {
				out = append(out, snapshot.HostChange{At: at, What: cut(w), Where: file})
			}
		}
	}
	return out, err
}

// shellHistories reads the histories of root and of the people who have a home. Lines without a time say nothing of when, and what does
// not touch the cluster is nobody's business.
func shellHistories(root *os.Root, _ *time.Location) ([]snapshot.HostChange, error) {
	homes := []string{"/root"}
	names, failed := listDirectory(root, "/home", maxHomes)
	for _, name := range names {
		homes = append(homes, path.Join("/home", name))
	}
	var out []snapshot.HostChange
	for _, home := range homes {
		for _, name := range []string{".bash_history", ".zsh_history"} {
			file := path.Join(home, name)
			if _, err := root.Lstat(inside(file)); errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // a file can lie in /home
				continue
			}
			lines, err := tailLines(root, file, historyTail, noLink)
			failed = errors.Join(failed, err)
			out = append(out, commands(lines, file)...)
		}
	}
	return out, failed
}

var zshLine = regexp.MustCompile(`^: (\d{9,11}):\d+;(.*)$`)

// commands reads bash's history, where a line "#1759457662" gives the time of the command below it, and zsh's extended one.
func commands(lines []string, file string) []snapshot.HostChange {
	var out []snapshot.HostChange
	var at time.Time
	for _, l := range lines {
		if s, ok := strings.CutPrefix(l, "#"); ok {
			if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 1e9 && n < 1e11 {
				at = time.Unix(n, 0).UTC()
				continue
			}
		}
		command := l
		if m := zshLine.FindStringSubmatch(l); m != nil {
			n, _ := strconv.ParseInt(m[1], 10, 64) // at most eleven digits
			at, command = time.Unix(n, 0).UTC(), m[2]
		}
		if !at.IsZero() && touches.MatchString(searched(command)) {
			out = append(out, snapshot.HostChange{At: at, What: "ran: " + hide(command), Where: file})
		}
		at = time.Time{}
	}
	return out
}

func hide(command string) string {
	return cut(secret.ReplaceAllString(searched(command), "${1}[hidden]"))
}
