package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// patience is what a slow machine may take for what does not hang.
const patience = time.Minute

// patient is a host whose time limit ends nothing that soon looks at.
func patient(h *Host) *Host {
	h.within = 2 * patience
	return h
}

// soon fails unless do ends by itself: the time limit of a patient host must not have to end it.
func soon(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s hangs", what)
	}
}

func whyNot(unseen []incident.NotSeen, what string) string {
	for _, n := range unseen {
		if n.What == what+" of leveling-pc" {
			return n.Why
		}
	}
	return ""
}

// A pipe without a writer, a socket and a device in the place of a file or a directory are said, and nothing waits for them.
func TestWhatIsNoFileIsNotOpened(t *testing.T) {
	makes := map[string]func(string) error{
		"pipe": func(p string) error { return syscall.Mkfifo(p, 0o644) },
		"socket": func(p string) error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: p, Net: "unix"})
			if err == nil {
				l.SetUnlinkOnClose(false)
				err = l.Close()
			}
			return err
		},
		"terminal": func(p string) error { return syscall.Mknod(p, syscall.S_IFCHR|0o644, 5<<8) }, // /dev/tty
	}
	for kind, create := range makes {
		for place, what := range map[string]string{
			"etc/cni/net.d": cni, "etc/cni/net.d/a.conf": cni, "etc/resolv.conf": "/etc/resolv.conf", "var/log/k3s.log": "service log",
			"var/log/syslog": "system log", "var/log/apt/history.log": "history", "proc/stat": "kernel", "etc/kubernetes/pki/ca.crt": "certificates",
			"proc/modules": "modules", "home": "history", "etc/localtime": "", "root/.bash_history": "", "var/lib/kubelet": "", "dev": "GPU",
		} {
			t.Run(kind+" "+place, func(t *testing.T) {
				t.Chdir(t.TempDir()) // a socket's path is short
				for _, dir := range []string{filepath.Dir(place), "proc", "var/log"} {
					if err := os.MkdirAll(dir, 0o755); err != nil {
						t.Fatal(err)
					}
				}
				if err := create(place); err != nil {
					t.Skip(err) // devices are root's to make
				}
				soon(t, "a look", func() {
					h, err := New(Config{Root: ".", Node: "leveling-pc", CNIDir: cni})
					if err != nil {
						t.Error(err)
						return
					}
					_, unseen := patient(h).Facts(t.Context())
					if why := whyNot(unseen, what); what != "" && !strings.Contains(why, "not a ") {
						t.Errorf("%s is not seen for %q", what, why)
					}
					if _, _, err := h.Archive(t.Context(), cni); what == cni && err == nil {
						t.Error("it was archived")
					}
					good := Archive{Files: []File{{Name: "a.conf", Mode: 0o600, Content: []byte("A")}}}
					if err := h.Restore(t.Context(), "/"+place, good, nil); err == nil {
						t.Error("files were restored below it")
					}
					if h.CanRestore(t.Context(), "/"+place) == nil {
						t.Error("files are said to be restorable below it")
					}
				})
			})
		}
	}
}

// hanging is a host of which something never answers, as a mount whose server is gone, until the test lets it.
func hanging(t *testing.T, hang func(h *Host, wait func())) (h *Host, release func()) {
	t.Helper()
	h, _ = lay(t, map[string]string{"etc/cni/net.d/a.conf": `{"type":"bridge"}`, "etc/resolv.conf": "nameserver 10.0.0.1",
		"var/log/k3s.log": "x"})
	h.folder = false
	released := make(chan struct{})
	hang(h, func() { <-released })
	return h, func() { close(released) }
}

func aDiskHangs(h *Host, wait func()) {
	system := h.usage
	h.usage = func(f *os.File) (usage, error) { wait(); return system(f) }
}

func theRootHangs(h *Host, wait func()) {
	h.open = func(p string) (*os.Root, error) { wait(); return os.OpenRoot(p) }
}

// One mount that hangs hides what lies on it, and nothing else; it costs one thread, however often it is looked at.
func TestAMountThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, release := hanging(t, aDiskHangs)
		for i, want := range []struct {
			takes time.Duration
			why   string
		}{{answerWithin, "no answer from the file system in 10s"}, {0, "no answer from the file system, which was asked at 00:00:00 UTC"}} {
			began := time.Now()
			f, unseen := h.Facts(t.Context())
			if len(f.CNIFiles) != 1 || f.Resolv == "" || len(f.ServiceLog) != 1 || f.Disks != nil {
				t.Errorf("look %d: %+v", i, f)
			}
			if len(unseen) != 1 || whyNot(unseen, "disk usage") != want.why {
				t.Errorf("look %d: %v", i, unseen)
			}
			if took := time.Since(began); took != want.takes {
				t.Errorf("look %d took %v", i, took)
			}
		}
		release()
		synctest.Wait()
		if f, unseen := h.Facts(t.Context()); len(unseen) > 0 || f.Disks == nil {
			t.Errorf("after it has answered: %v, %v", f.Disks, unseen)
		}
	})
}

func TestAHostThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, release := hanging(t, theRootHangs)
		ctx := t.Context()
		f, unseen := h.Facts(ctx)
		if len(unseen) != 1 || unseen[0].What != "files of leveling-pc" || unseen[0].Why != "no answer from the file system in 10s" ||
			f.CNIDir != "" {
			t.Errorf("%+v, %v", f, unseen)
		}
		_, _, archive := h.Archive(ctx, cni)
		_, absent := h.Absent(ctx)
		_, opened := open(Config{Root: "/mnt", Node: "n"}, &Host{within: h.within, open: h.open, usage: h.usage})
		for what, err := range map[string]error{
			"archive": archive, "absent": absent, "new": opened,
			"may restore": h.CanRestore(ctx, cni), "restore": h.Restore(ctx, "/opt/cni", Archive{}, nil),
		} {
			if !errors.Is(err, ErrNoAnswer) {
				t.Errorf("%s: %v", what, err)
			}
		}
		release()
		synctest.Wait()
		if _, err := os.Stat(filepath.Join(h.root, "opt/cni")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a restore that nobody waits for any more began: %v", err)
		}
	})
}

// A shutdown does not wait for what does not answer.
func TestTheEndOfAContextEndsALook(t *testing.T) {
	for name, hang := range map[string]func(*Host, func()){"a disk": aDiskHangs, "the root": theRootHangs} {
		synctest.Test(t, func(t *testing.T) {
			h, release := hanging(t, hang)
			defer release()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			began := time.Now()
			if _, unseen := h.Facts(ctx); len(unseen) == 0 || time.Since(began) != time.Second {
				t.Errorf("%s: after %v: %v", name, time.Since(began), unseen)
			}
		})
	}
	h, root := lay(t, nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	err := h.Restore(ended, cni, Archive{Files: []File{{Name: "a.conf", Mode: 0o600}}}, nil)
	if _, stat := os.Stat(filepath.Join(root, cni, "a.conf")); err == nil || stat == nil {
		t.Errorf("a restore began after the end: %v", err)
	}
}

// A panic over what a host holds is one thing not seen.
func TestAPanicIsAnError(t *testing.T) {
	h, _ := hanging(t, func(h *Host, _ func()) { h.usage = func(*os.File) (usage, error) { panic("a strange disk") } })
	f, unseen := h.Facts(t.Context())
	if len(f.Failures) != 1 || f.Failures[0].Panic != "a strange disk" || whyNot(unseen, "disk usage") != f.Failures[0].Why ||
		len(f.CNIFiles) != 1 {
		t.Errorf("%v, %v", f.CNIFiles, unseen)
	}
}

// A directory with thousands of entries, files of 10 GB and files that grow cost no more than others.
func TestTheSizeOfAHostDoesNotMatter(t *testing.T) {
	h, root := lay(t, map[string]string{"etc/cni/net.d/": "", "home/": ""})
	dir := filepath.Join(root, cni)
	for i := range maxEntries + 10 {
		if err := syscall.Mknod(fmt.Sprintf("%s/%d.conf", dir, i), syscall.S_IFREG|0o600, 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"etc/resolv.conf", "var/log/k3s.log", "var/log/syslog", "etc/os-release", "proc/modules"} {
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(root, name), 10<<30); err != nil {
			t.Fatal(err)
		}
	}
	grows, err := os.OpenFile(filepath.Join(root, "var/log/syslog"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		defer grows.Close()
		for range 100_000 {
			select {
			case <-stop:
				return
			default:
				_, _ = grows.WriteString("Out of memory: Killed process\n")
			}
		}
	}()
	soon(t, "a look", func() {
		f, unseen := patient(h).Facts(t.Context())
		if why := whyNot(unseen, cni); !strings.Contains(why, "more than 4096 entries") || f.CNIDir != "" {
			t.Errorf("the CNI directory %q: %q", f.CNIDir, why)
		}
		if len(f.Resolv) != maxResolv {
			t.Errorf("%d bytes of resolv.conf", len(f.Resolv))
		}
		if _, _, err := h.Archive(t.Context(), cni); err == nil || !strings.Contains(err.Error(), "is it a configuration directory?") {
			t.Error(err)
		}
	})
	close(stop)
	<-stopped
}

func TestLinksInACircle(t *testing.T) {
	h, root := lay(t, map[string]string{"etc/": ""})
	for name, to := range map[string]string{
		"etc/resolv.conf": "resolv.conf", "var/log/k3s.log": "/var/log/kubelet.log", "var/log/kubelet.log": "/var/log/k3s.log",
		"etc/cni": "/etc/cni",
	} {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	soon(t, "a look", func() {
		_, unseen := patient(h).Facts(t.Context())
		for _, what := range []string{"/etc/resolv.conf", "service log", cni} {
			if whyNot(unseen, what) == "" {
				t.Errorf("%s is seen: %v", what, unseen)
			}
		}
	})
}

// Every reader fills fields of its own, so that none is lost when they are put together.
func TestReadersShareNoField(t *testing.T) {
	full := snapshot.Host{Node: "n", CNIDir: "d", Sysctls: map[string]string{"a": "1"}}
	fill(&full, &snapshot.Host{Resolv: "r", RebootPending: true})
	if full.Node != "n" || full.CNIDir != "d" || len(full.Sysctls) != 1 || full.Resolv != "r" || !full.RebootPending {
		t.Errorf("%+v", full)
	}
	h, _ := lay(t, nil)
	var names []string
	for _, r := range h.readers() {
		names = append(names, r.what)
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != len(h.readers()) {
		t.Errorf("two readers of one name would wait for each other: %v", names)
	}
}
