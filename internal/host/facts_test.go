package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// facts reads a host of these files on which nothing stays unseen but what is named.
func facts(t *testing.T, files map[string]string, unseen ...string) snapshot.Host {
	t.Helper()
	h, _ := lay(t, files)
	f, blind := h.Facts(t.Context())
	for _, n := range blind {
		what, _, _ := strings.Cut(n.What, " of ")
		if what != "/etc/resolv.conf" && what != "service log" && !strings.Contains(strings.Join(unseen, ","), what) {
			t.Errorf("not seen: %+v", n)
		}
	}
	return f
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestKernel(t *testing.T) {
	f := facts(t, map[string]string{
		"proc/sys/kernel/osrelease":                          "6.8.0-45-generic\n",
		"proc/stat":                                          "cpu 1 2\nintr " + strings.Repeat("0 ", 9000) + "\nbtime 1759450000\n",
		"proc/sys/net/ipv4/ip_forward":                       "0\n",
		"proc/sys/net/netfilter/nf_conntrack_max":            "262144\n",
		"proc/sys/fs/file-nr":                                "1024\t0\t9223372036854775807\n",
		"proc/modules":                                       "xt_MASQUERADE 16384 3 - Live 0x0\noverlay 1 12 - Live 0x0\nsnd 1 0 - Live 0x0\n",
		"lib/modules/6.8.0-45-generic/modules.builtin":       "kernel/net/bridge/br_netfilter.ko\nkernel/fs/ext4/ext4.ko\n",
		"proc/swaps":                                         "Filename\tType\tSize\tUsed\tPriority\n/swap.img file 2097148 0 -2\n",
		"etc/os-release":                                     "NAME=Ubuntu\nPRETTY_NAME=\"Ubuntu 24.04.1 LTS\"\n",
		"run/reboot-required":                                "*** System restart required ***\n",
		"run/reboot-required.pkgs":                           "linux-image-6.8.0-47-generic\nlibc6\nlibc6\n",
		"run/systemd/timesync/synchronized":                  "",
		"run/systemd/resolve/resolv.conf":                    "nameserver 10.0.0.2\n",
		"proc/driver/nvidia/version":                         "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.90.07  Fri May 31\nGCC\n",
		"usr/lib/x86_64-linux-gnu/libnvidia-ml.so.560.35":    "",
		"usr/lib/x86_64-linux-gnu/libcuda.so.560.35":         "",
		"usr/lib/x86_64-linux-gnu/libcuda.so.1":              "",
		"dev/nvidia0":                                        "",
		"dev/nvidiactl":                                      "",
		"var/lib/rancher/k3s/server/db/state.db":             "12345",
		"var/lib/rancher/k3s/server/db/state.db-wal":         "678",
		"var/lib/rancher/k3s/agent/etc/cni/net.d/a.conf":     `{"type":"bridge"}`,
		"var/lib/rancher/k3s/agent/etc/cni/net.d/b.conf":     `{"type":`,
		"var/lib/rancher/k3s/agent/etc/cni/net.d/c.conflist": `{"name":"cbr0","plugins":[{"type":"flannel"},{"type":"portmap"}]}`,
	})
	same(t, f.Kernel+" "+f.OS, "6.8.0-45-generic Ubuntu 24.04.1 LTS")
	same(t, f.Boot, time.Unix(1759450000, 0).UTC())
	same(t, f.Sysctls, map[string]string{"net.ipv4.ip_forward": "0", "net.netfilter.nf_conntrack_max": "262144",
		"fs.file-nr": "1024 0 9223372036854775807"})
	same(t, f.Modules, map[string]int{"xt_MASQUERADE": 3, "overlay": 12, "br_netfilter": snapshot.BuiltIn})
	same(t, f.Swaps, []string{"/swap.img"})
	same(t, f.RebootPending, true)
	same(t, f.RebootFor, []string{"libc6", "linux-image-6.8.0-47-generic"})
	same(t, f.ClockSync, "systemd-timesyncd has synchronized it since the start")
	same(t, f.Upstream, "nameserver 10.0.0.2")
	same(t, f.GPU, &snapshot.HostGPU{Driver: "550.90.07", Libraries: []string{"560.35"}, Devices: []string{"/dev/nvidia0"}})
	same(t, f.Datastore, &snapshot.HostDatastore{Kind: "SQLite", Path: "/var/lib/rancher/k3s/server/db/state.db", Bytes: 8})
	var cni []string
	for _, c := range f.CNIFiles {
		cni = append(cni, c.Name+" "+strings.Join(c.Plugins, ",")+c.Broken)
	}
	same(t, cni, []string{"a.conf bridge", "b.conf it is not valid JSON: unexpected end of JSON input", "c.conflist flannel,portmap"})
}

func TestAnotherNetworkNamespaceIsNotTheHosts(t *testing.T) {
	h, root := lay(t, map[string]string{"proc/self/ns/": "", "proc/1/ns/": "", "proc/sys/net/ipv4/ip_forward": "0",
		"proc/sys/vm/swappiness": "60"})
	for p, to := range map[string]string{"proc/self/ns/net": "net:[2]", "proc/1/ns/net": "net:[1]"} {
		if err := os.Symlink(to, filepath.Join(root, p)); err != nil {
			t.Fatal(err)
		}
	}
	f, unseen := h.Facts(t.Context())
	same(t, f.Sysctls, map[string]string{"vm.swappiness": "60"})
	for _, n := range unseen {
		if strings.HasPrefix(n.What, "settings") && strings.Contains(n.Why, "hostNetwork") {
			return
		}
	}
	t.Errorf("not said: %v", unseen)
}

func TestDisksOfACopyAreNotTheHosts(t *testing.T) {
	h, _ := lay(t, map[string]string{"var/lib/kubelet/": "", "var/log/": ""})
	if f, _ := h.Facts(t.Context()); f.Disks != nil {
		t.Errorf("disks of a folder: %v", f.Disks)
	}
	h.folder = false
	h.usage = func(d *os.File) (usage, error) {
		if strings.HasSuffix(d.Name(), "kubelet") {
			return usage{id: 2, bytes: 100, bytesUsed: 96, inodes: 10, inodesUsed: 1}, nil
		}
		return usage{id: 1, bytes: 1000, bytesUsed: 10}, nil
	}
	f, _ := h.Facts(t.Context())
	same(t, f.Disks, []snapshot.HostDisk{{Paths: []string{"/", "/var/log"}, Bytes: 1000, BytesUsed: 10},
		{Paths: []string{"/var/lib/kubelet"}, Bytes: 100, BytesUsed: 96, Inodes: 10, InodesUsed: 1}})
	h.folder = true // with one mount in it
	f, _ = h.Facts(t.Context())
	same(t, f.Disks, []snapshot.HostDisk{{Paths: []string{"/var/lib/kubelet"}, Bytes: 100, BytesUsed: 96, Inodes: 10, InodesUsed: 1}})
}

func TestSystemLogKeepsWhatTells(t *testing.T) {
	var b strings.Builder
	for range 100 {
		b.WriteString("2025-10-03T02:14:22.000001+02:00 n1 cron[7]: routine\n2025-10-03T02:15:22+02:00 n1 systemd[1]: k3s.service: Failed with " +
			"result 'exit-code'.\n")
	}
	f := facts(t, map[string]string{
		"var/log/syslog":   b.String() + "2025-10-03T02:16:22+02:00 n1 k3s[9]: time=\"2025-10-03T00:16:22Z\" level=fatal msg=\"no\"\n",
		"var/log/kern.log": "2025-10-03T02:14:00+02:00 n1 kernel: [1.2] Out of memory: Killed process 77 (java) total-vm:1kB\n",
	})
	if len(f.Log) == 0 || !strings.Contains(f.Log[0].Text, "Killed process") || !f.Log[0].At.Equal(time.Date(2025, 10, 3, 0, 14, 0, 0,
		time.UTC)) || f.Log[0].File != "/var/log/kern.log" {
		t.Errorf("%+v", f.Log)
	}
	if len(f.Log) > 2+logAlike {
		t.Errorf("%d lines are kept", len(f.Log))
	}
	if len(f.ServiceLog) != 1 || !strings.Contains(f.ServiceLog[0], "level=fatal") {
		t.Errorf("service log out of syslog: %q", f.ServiceLog)
	}
	h, _ := lay(t, map[string]string{"var/log/journal/": ""})
	if _, unseen := h.Facts(t.Context()); !strings.Contains(unseen[len(unseen)-1].Why, "journal") {
		t.Errorf("a binary journal: %v", unseen)
	}
}

func TestTimesOfLines(t *testing.T) {
	berlin := time.FixedZone("x", 2*3600)
	clock := times{berlin, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}
	for line, want := range map[string]string{
		"2025-10-03 02:14:30 upgrade k3s:amd64":       "2025-10-03T00:14:30Z",
		"2025-10-03  02:14:30":                        "2025-10-03T00:14:30Z",
		"2025-10-03T02:14:30+0200 INFO":               "2025-10-03T00:14:30Z",
		"2025-10-03T02:14:30.123456+01:00 host":       "2025-10-03T01:14:30Z",
		"Oct  3 02:14:30 host k3s[1]: x":              "2025-10-03T00:14:30Z",
		"Jan  2 01:14:30 host k3s[1]: x":              "2026-01-01T23:14:30Z",
		"E1003 02:14:30.5 1 x.go:1] x":                "2025-10-03T00:14:30Z",
		`Oct  3 x time="2025-10-03T02:14:30Z" level=`: "2025-10-03T02:14:30Z",
		"nothing":                         "0001-01-01T00:00:00Z",
		"2025-13-40 99:14:30 upgrade k3s": "0001-01-01T00:00:00Z",
		"Feb 30 02:14:30 host":            "0001-01-01T00:00:00Z",
	} {
		if got := clock.of(line).Format(time.RFC3339); got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
	}
}

func TestChanges(t *testing.T) {
	f := facts(t, map[string]string{
		"var/log/apt/history.log": "\nStart-Date: 2025-10-03  02:14:22\nCommandline: /usr/bin/unattended-upgrade\nInstall: " +
			"linux-image-6.8.0-47:amd64 (6.8.0-47.47, automatic)\n" +
			"Upgrade: a:amd64 (1, 2), b:amd64 (1, 2), c:amd64 (1, 2), k3s:amd64 (1.30.1, 1.30.2), d:amd64 (1, 2)\nEnd-Date: 2025-10-03  02:15:00\n",
		"root/.bash_history": "ls\n#1759457600\niptables -F\n#1759457700\ncat diary.txt\n#1759457800\nK3S_TOKEN=abc k3s server " +
			"--token s3cr3t\n",
		"home/ann/.zsh_history": ": 1759457500:0;sudo systemctl stop k3s\n: 1759457501:0;vim love-letter\n",
		"home/bob/.profile":     "",
		"var/log/dnf.rpm.log": "2025-10-03T02:20:22+0000 SUBDEBUG Upgraded: containerd.io-1.7.1.x86_64\n2025-10-03T02:20:23+0000 SUBDEBUG " +
			"Upgraded: vim-9\n",
		"var/log/zypp/history": "# 2025\n2025-10-03 02:30:22|install|kernel-default|6.4.0|x86_64||repo|sum|\n",
		"var/log/dpkg.log":     "2025-10-03 02:14:30 upgrade k3s:amd64 1 2\n",
	})
	var got []string
	for _, c := range f.Changes {
		got = append(got, c.At.Format("15:04:05 ")+c.Where+" "+c.What)
	}
	same(t, got, []string{
		"02:11:40 /home/ann/.zsh_history ran: sudo systemctl stop k3s",
		"02:13:20 /root/.bash_history ran: iptables -F",
		"02:14:22 /var/log/apt/history.log apt: install linux-image-6.8.0-47 6.8.0-47.47 (/usr/bin/unattended-upgrade)",
		"02:14:22 /var/log/apt/history.log apt: upgrade k3s 1.30.1 to 1.30.2, a 1 to 2, b 1 to 2, c 1 to 2 and 1 more " +
			"(/usr/bin/unattended-upgrade)",
		"02:16:40 /root/.bash_history ran: K3S_TOKEN=[hidden] k3s server --token [hidden]",
		"02:20:22 /var/log/dnf.rpm.log dnf: upgraded containerd.io-1.7.1.x86_64",
		"02:30:22 /var/log/zypp/history zypper: install kernel-default 6.4.0",
	})
	f = facts(t, map[string]string{"var/log/dpkg.log": "2025-10-03 02:14:30 upgrade k3s:amd64 1 2\n2025-10-03 02:14:30 status installed " +
		"k3s:amd64 2\n"})
	if len(f.Changes) != 1 || f.Changes[0].What != "dpkg: upgrade k3s 1 to 2" {
		t.Errorf("dpkg's own log: %v", f.Changes)
	}
}

// pair is a certificate of the name and its key, as PEM.
func pair(t *testing.T, name string, notAfter time.Time) (certificate, key string) {
	t.Helper()
	k := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: notAfter.Add(-time.Hour),
		NotAfter: notAfter}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, c, c, k.Public(), k))
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: must[[]byte](t)(x509.MarshalECPrivateKey(k))}))
}

func TestCertificatesAndNeverKeys(t *testing.T) {
	end := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cert, key := pair(t, "system:node:n1", end)
	f := facts(t, map[string]string{
		"var/lib/kubelet/pki/kubelet-client-2024-01-01-00-00-00.pem":  cert,
		"var/lib/kubelet/pki/kubelet-client-current.pem":              key + cert,
		"var/lib/rancher/k3s/server/tls/serving-kube-apiserver.crt":   cert,
		"var/lib/rancher/k3s/server/tls/serving-kube-apiserver.key":   key,
		"var/lib/rancher/k3s/server/tls/temporary-certs/loopback.crt": cert,
		"etc/kubernetes/pki/broken.crt":                               "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	})
	same(t, f.Certificates, []snapshot.HostCertificate{
		{Path: "/var/lib/kubelet/pki/kubelet-client-current.pem", Subject: "system:node:n1", NotBefore: end.Add(-time.Hour), NotAfter: end},
		{Path: "/var/lib/rancher/k3s/server/tls/serving-kube-apiserver.crt", Subject: "system:node:n1", NotBefore: end.Add(-time.Hour),
			NotAfter: end},
	})
	b := must[[]byte](t)(json.Marshal(f))
	if body := strings.Split(key, "\n")[1]; strings.Contains(string(b), body) || strings.Contains(string(b), "PRIVATE") {
		t.Error("a key is among the facts")
	}
}

func TestEtcdWithItsQuota(t *testing.T) {
	f := facts(t, map[string]string{
		"var/lib/etcd/member/snap/db":           "12345",
		"etc/kubernetes/manifests/etcd.yaml":    "    - --quota-backend-bytes=8589934592\n",
		"var/lib/rancher/k3s/server/db/nothing": "",
	})
	same(t, f.Datastore, &snapshot.HostDatastore{Kind: "etcd", Path: "/var/lib/etcd/member/snap/db", Bytes: 5, Quota: 8 << 30})
}

// A root that holds only some of a host's directories says what it does not show.
func TestARootOfAFewDirectories(t *testing.T) {
	root := t.TempDir()
	h := must[*Host](t)(New(Config{Root: root, Node: "n1"}))
	_, unseen := h.Facts(t.Context())
	var what []string
	for _, n := range unseen {
		what = append(what, n.What)
		if strings.Contains(n.Why, "\n") {
			t.Errorf("more than a line: %q", n.Why)
		}
	}
	same(t, what, []string{"/etc/resolv.conf of n1", "service log of n1", "kernel of n1", "system log of n1"})
}

// Whatever logs, histories and configurations hold, reading them ends, and without a panic.
func FuzzTexts(f *testing.F) {
	f.Add("Oct  3 02:14:30 host k3s[1]: x\n#1759457600\niptables -F\n: 1:0;ls\nUpgrade: a:amd64 (1, 2)")
	f.Add(`{"name":"x","plugins":[{"type":"flannel"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		clock := times{time.UTC, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}
		for _, l := range lines {
			clock.of(l)
		}
		for _, c := range commands(lines, "x") {
			if c.At.IsZero() || len(c.What) > maxLine+4 {
				t.Errorf("%+v", c)
			}
		}
		packages(text)
		fewAlike(lines)
		if types, broken := plugins("x.conflist", []byte(text)); len(types) > 0 && broken != "" {
			t.Errorf("%v, but %s", types, broken)
		}
		firstCertificate([]byte(text))
	})
}
