package hosts

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// units are the services without which a node is none, and how systemd describes those that it does not call by name.
var units = []struct{ name, description string }{
	{"k3s", "Lightweight Kubernetes"}, {"k3s-agent", "Lightweight Kubernetes"},
	{"rke2-server", "Rancher Kubernetes Engine v2 (server)"}, {"rke2-agent", "Rancher Kubernetes Engine v2 (agent)"},
	{"kubelet", "kubelet: The Kubernetes Node Agent"}, {"containerd", "containerd container runtime"},
	{"crio", "Container Runtime Interface for OCI (CRI-O)"},
}

var (
	unitFailed  = regexp.MustCompile(`([\w-]+)\.service: (?:Main process exited|Failed with result|Start request repeated too quickly)`)
	unitRetried = regexp.MustCompile(`([\w-]+)\.service: Scheduled restart job, restart counter is at (\d{1,9})`)
	unitChanged = regexp.MustCompile(`systemd\[1\]: (Started|Stopped|Failed to start) (.+)`)

	// fatalSaid are lines by which K3s and the kubelet say why they end.
	fatalSaid = regexp.MustCompile(`level=(?:fatal|panic)|^F\d{4} |panic: |"command failed"|failed to run Kubelet`)
)

// unit is what the system's log last said of a service.
type unit struct {
	failed, stopped *snapshot.HostLine // since it was last started; nil: it was not
	failures        []time.Time        // of all that the log holds
	retries         string
}

// fail keeps the first line that speaks of it.
func (u *unit) fail(l *snapshot.HostLine) {
	if u.failed == nil {
		u.failed = l
	}
}

// unitsOf are the units that systemd speaks of: newer ones are named, older ones described, and K3s describes both of its alike.
func unitsOf(words string) []string {
	var names []string
	for _, u := range units {
		if strings.HasPrefix(words, u.name+".service") {
			return []string{u.name}
		}
		if strings.HasPrefix(words, u.description) {
			names = append(names, u.name)
		}
	}
	return names
}

func failingUnits(h hostlog.Host) map[string]*unit {
	by := map[string]*unit{}
	of := func(name string) *unit {
		if by[name] == nil {
			by[name] = &unit{}
		}
		return by[name]
	}
	for i := range h.Log {
		l := &h.Log[i]
		if m := unitFailed.FindStringSubmatch(l.Text); m != nil {
			u := of(m[1])
			u.fail(l)
			if strings.Contains(l.Text, "Failed with result") {
				u.failures = append(u.failures, l.At)
			}
		} else if m := unitRetried.FindStringSubmatch(l.Text); m != nil {
			of(m[1]).retries = m[2]
		} else if m := unitChanged.FindStringSubmatch(l.Text); m != nil {
			for _, name := range unitsOf(m[2]) {
				switch u := of(name); m[1] {
				case "Started":
					u.failed, u.stopped = nil, nil
				case "Stopped":
					u.stopped = l
				default:
					u.fail(l)
				}
			}
		}
	}
	return by
}

// loopTimes is how often a service must have failed to be in a loop.
const loopTimes = 3

// services speaks of a service that does not run, where its node is ill for it, and of one that fails again and again though its node
// happens to be ready.
func services(h hostlog.Host) {
	said := h.LastSaid(fatalSaid)
	known := failingUnits(h)
	found := false
	alike := map[*snapshot.HostLine]bool{}
	for _, name := range units {
		u := known[name.name]
		if u == nil {
			continue
		}
		var f *finding.Finding
		looping := slices.DeleteFunc(slices.Clone(u.failures), func(t time.Time) bool { return t.IsZero() || h.S.At.Sub(t) > finding.FailsAgain.For })
		switch {
		case alike[u.failed] || alike[u.stopped]:
			continue // told of the one that is described alike
		case h.Ill() && u.failed != nil:
			f = h.Find(HostServiceFailed, fmt.Sprintf("Service %s on node %s has failed%s", name.name, h.Node, because(said)))
			f.Since = u.failed.At
			h.SeeLine(f, u.failed)
		case h.Ill() && u.stopped != nil:
			f = h.Find(HostServiceFailed, fmt.Sprintf("Service %s on node %s was stopped at %s and not started again", name.name, h.Node,
				finding.Moment(h.S.At, u.stopped.At)))
			f.Since, f.Told = u.stopped.At, []time.Time{u.stopped.At}
			h.SeeLine(f, u.stopped)
		case len(looping) >= loopTimes:
			f = h.Find(HostServiceFailed, fmt.Sprintf("Service %s on node %s fails again and again (%d times in %s)%s", name.name, h.Node,
				len(looping), finding.Duration(finding.FailsAgain.For), because(said)))
			f.Severity, f.Since = incident.Warning, looping[0]
			h.SeeLine(f, h.LastLine(func(l snapshot.HostLine) bool {
				return strings.Contains(l.Text, name.name+".service: Failed with result")
			}))
		default:
			continue
		}
		found = true
		for _, l := range []*snapshot.HostLine{u.failed, u.stopped} {
			if l != nil {
				alike[l] = true
			}
		}
		if u.retries != "" && u.failed != nil {
			f.Retitle(f.Title + " (restarted " + u.retries + " times)")
		}
		h.SeeSaid(f, said)
		h.Cite(f, "systemctl", name.name)
	}
	if !found && said != "" && h.Ill() && endsWith(h, said) {
		f := h.Find(HostServiceFailed, fmt.Sprintf("The kubelet's service on node %s has failed%s", h.Node, because(said)))
		f.Since = h.SaidAt(said)
		h.SeeSaid(f, said)
		h.Cite(f, "systemctl", "k3s", "kubelet")
	}
}

// because quotes the service's last words.
func because(said string) string {
	if said == "" {
		return ""
	}
	return fmt.Sprintf(": %q", finding.OneLine(hostlog.LogMessage(said), 160))
}

// endsWith says whether a line is among the service log's last: nothing has run since that would have said more.
func endsWith(h hostlog.Host, line string) bool {
	return slices.Contains(h.ServiceLog[max(0, len(h.ServiceLog)-3):], line)
}

// swapRefused are the kubelet's words (pkg/kubelet/cm/container_manager_linux.go).
var swapRefused = regexp.MustCompile(`running with swap on is not supported`)

func swap(h hostlog.Host) {
	said := h.LastSaid(swapRefused)
	if said == "" || !h.Ill() {
		return
	}
	on := ""
	if len(h.Swaps) > 0 {
		on = " (" + strings.Join(h.Swaps, ", ") + ")"
	}
	f := h.Find(HostSwapRefused, fmt.Sprintf("The kubelet of node %s does not start because swap is on%s", h.Node, on))
	f.Since = h.SaidAt(said)
	h.SeeSaid(f, said)
	f.Cite(hostlog.Seen(h.Host, "/proc/swaps", time.Time{}, strings.Join(h.Swaps, ", ")))
	h.Cite(f, "swapon", "fstab")
}

var (
	updateBegins = regexp.MustCompile(`(?i)auto-?update`)
	updateFails  = regexp.MustCompile(`level=(?:error|fatal)|^[EF]\d{4} |(?i:update failed)`)
)

// failedUpdate speaks of an automatic update that failed: by the package tools' word, or by the service's, where an error follows the
// update's beginning. A lost CNI configuration tells of it itself.
func failedUpdate(h hostlog.Host) {
	if n := h.S.Node(h.Node); n != nil {
		if c := kube.NodeCondition(n, "Ready"); c != nil && !kube.NodeReady(n) && kube.NoCNI(c.Message) {
			return
		}
	}
	recent := func(t time.Time) bool { return !t.IsZero() && !t.After(h.S.At) && h.S.At.Sub(t) < finding.LastWeek.For }
	if l := h.LastLine(func(l snapshot.HostLine) bool {
		return strings.Contains(l.File, "unattended-upgrades") && !strings.Contains(l.Text, "INFO ") && recent(l.At)
	}); l != nil {
		f := h.Find(HostUpdateFailed, fmt.Sprintf("An automatic update failed on node %s at %s", h.Node, finding.Moment(h.S.At, l.At)))
		f.Since, f.Told = l.At, []time.Time{l.At}
		h.SeeLine(f, l)
		return
	}
	for i := len(h.ServiceLog) - 1; i > 0; i-- {
		if !updateFails.MatchString(h.ServiceLog[i]) || !recent(h.SaidAt(h.ServiceLog[i])) {
			continue
		}
		at := h.SaidAt(h.ServiceLog[i])
		for j := i; j >= 0 && j > i-logNear; j-- {
			began := h.SaidAt(h.ServiceLog[j])
			if !updateBegins.MatchString(h.ServiceLog[j]) || began.IsZero() || at.Sub(began) > finding.UpdateTakes.For {
				continue
			}
			f := h.Find(HostUpdateFailed, fmt.Sprintf("An automatic update failed on node %s at %s: %q", h.Node, finding.Moment(h.S.At, at),
				finding.OneLine(hostlog.LogMessage(h.ServiceLog[i]), 160)))
			f.Since, f.Told = began, []time.Time{at}
			h.SeeSaid(f, h.ServiceLog[j])
			h.SeeSaid(f, h.ServiceLog[i])
			return
		}
	}
}

// logNear is how many lines before an error the update's beginning is looked for.
const logNear = 20

// limits are those of the kernel that services run into, by their words.
func limits(h hostlog.Host) {
	if w := strings.Fields(h.Sysctls["fs.file-nr"]); len(w) == 3 && number(w[2]) > 0 && number(w[0])*100 >= number(w[2])*conntrackFull {
		f := h.Find(HostLimitReached, fmt.Sprintf("Node %s has %s of at most %s files open (fs.file-max)", h.Node, w[0], w[2]))
		f.Cite(hostlog.Seen(h.Host, sysctl("fs.file-nr"), time.Time{}, strings.Join(w, " ")))
	}
	const name = "fs.inotify.max_user_instances"
	said := h.LastSaid(noInotify)
	if at := h.SaidAt(said); said == "" || !at.IsZero() && h.S.At.Sub(at) > finding.StillTold.For {
		return
	}
	value := ""
	if v := h.Sysctls[name]; v != "" {
		value = " is " + v
	}
	f := h.Find(HostLimitReached, fmt.Sprintf("Node %s has no inotify instances left (%s%s)", h.Node, name, value))
	f.Cite(hostlog.Seen(h.Host, sysctl(name), time.Time{}, h.Sysctls[name]))
	h.SeeSaid(f, said)
}

var noInotify = regexp.MustCompile(`(?i)(?:inotify|fsnotify|watcher)[^"]*too many open files`)
