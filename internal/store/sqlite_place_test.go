package store

import (
	"bufio"
	"strings"
	"testing"
)

// A file that a container runtime mounts alone would leave its -wal and its lock outside.
func TestAFileThatIsMountedAlone(t *testing.T) {
	const mounts = `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
37 35 98:0 /state.db /var/lib/my\040state/state.db rw - ext4 /dev/vda1 rw
38 35 98:0 / /var/lib/back\134slash rw - ext4 /dev/vda1 rw
`
	for path, want := range map[string]bool{"/mnt2": true, "/mnt1": false, "/mnt2/state.db": false, "/var/lib/my state/state.db": true,
		`/var/lib/back\slash`: true} {
		if got := mountedAt(bufio.NewScanner(strings.NewReader(mounts)), path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}
