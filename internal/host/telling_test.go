package host

import (
	"strings"
	"testing"
	"time"
)

// The words by which lines are chosen miss none that the expression would find.
func TestTheWordsMissNoTellingLine(t *testing.T) {
	for _, c := range []struct {
		teller
		lines string
	}{{telling, `level=error msg="x"
level=FATAL
level=panic
E0103 02:14:45 x
F1231 x
panic: runtime error
Starting k3s auto-update
autoupdate done
package upgraded
CNI plugin not initialized
Restarting
Starting k3s v1.31
Stopping now
shutting down
certificate of the kubelet has expired
write /x: no space left on device
running with swap on is not supported
etcdserver: mvcc: database space exceeded
database disk image is malformed
accept: too many open files
walpb: crc mismatch
Out of memory
open /x: Read-only file system`}, {systemTelling, `k3s.service: Main process exited, code=exited
containerd.service: Failed with result 'exit-code'.
systemd[1]: Started Kubernetes kubelet.
systemd[1]: Failed to start Lightweight Kubernetes k3s.
systemd-networkd[7]: eth0: Re-configuring with x
systemd[1]: Stopping Network Configuration
systemd[1]: Stopped firewalld
Out of memory: Killed process 7 (java)
nf_conntrack: nf_conntrack: table full, dropping packet
I/O error, dev sda, sector 7
EXT4-fs error (device sda1)
Remounting filesystem read-only
XFS (sda1): Corruption detected
XFS (sda1): metadata I/O error
multipathd[7]: sda: add path
multipathd: mpatha: addmap
NVRM: API mismatch
NVRM: Xid (PCI:0000)
ERROR: upgrades failed
2026 ERROR dpkg returned 1
database disk image is malformed`}} {
		for line := range strings.Lines(c.lines) {
			if line = strings.TrimSpace(line); !c.expression.MatchString(line) || !c.tells(line) {
				t.Errorf("%q: matches %v, tells %v", line, c.expression.MatchString(line), c.tells(line))
			}
		}
		if c.tells("time=x level=info msg=routine") {
			t.Error("routine tells")
		}
	}
}

// Full logs of routine, and one that is a single line of megabytes, are read in time.
func TestLogsAreReadInTime(t *testing.T) {
	routine := strings.Repeat("Jan  2 10:00:00 node k3s[1]: time=x level=info msg=\"a backend connection request for a pod\"\n", logTail/90)
	files := map[string]string{"var/log/k3s.log": strings.Repeat("\x00", 2*logTail), "root/.bash_history": "#1759457600\n" +
		strings.Repeat("k3s", historyTail/3)}
	for _, p := range systemLogs {
		files[p] = routine
	}
	h, _ := lay(t, files)
	began := time.Now()
	_, unseen := patient(h).Facts(t.Context())
	if took := time.Since(began); took > patience || whyNot(unseen, "system log")+whyNot(unseen, "service log")+whyNot(unseen,
		"history") != "" {
		t.Errorf("after %v: %v", took, unseen)
	}
}
