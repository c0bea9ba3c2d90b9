package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const foreign = "token: K10-a-secret-of-somebody-else apt-get install k3s"

// linked is a host on which name is a second name of a file that is none of Paramedic's business.
func linked(t *testing.T, name string, link func(old, name string) error) (*Host, string) {
	t.Helper()
	h, root := lay(t, map[string]string{"etc/shadow": foreign, "etc/cni/net.d/a.conf": `{"type":"bridge"}`, "home/ada/": "", "proc/sys/": ""})
	p := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := link(filepath.Join(root, "etc/shadow"), p); err != nil {
		t.Fatal(err)
	}
	return h, root
}

// What a file holds that has a second name is not read: neither kept, nor shown, nor bundled.
func TestHardLinksBringNothingIn(t *testing.T) {
	h, _ := linked(t, "etc/cni/net.d/b.conf", os.Link)
	a, _, err := h.Archive(t.Context(), cni)
	if err == nil || !strings.Contains(err.Error(), "/etc/cni/net.d/b.conf: it has 2 names (hard links)") {
		t.Errorf("%s, %v", names(a), err)
	}
	for name, what := range map[string]string{
		"etc/cni/net.d/b.conf": cni, "etc/resolv.conf": "/etc/resolv.conf", "run/systemd/resolve/resolv.conf": "/run/systemd/resolve/resolv.conf",
		"var/log/k3s.log": "service log", "var/log/syslog": "system log", "var/log/dpkg.log": "history", "home/ada/.bash_history": "history",
	} {
		h, _ := linked(t, name, os.Link)
		f, unseen := h.Facts(t.Context())
		if why := whyNot(unseen, what); !strings.Contains(why, "/"+name+": it has 2 names (hard links)") {
			t.Errorf("%s: %q; seen %+v", name, why, f)
		}
	}
}

// Nor does a link in a directory that others than root write to; the system's own may be links.
func TestLinksOfPeopleBringNothingIn(t *testing.T) {
	for name, what := range map[string]string{"home/ada/.bash_history": "history", "home/ada/.zsh_history": "history"} {
		for kind, link := range map[string]func(old, name string) error{
			"absolute": func(_, name string) error { return os.Symlink("/etc/shadow", name) },
			"relative": func(_, name string) error { return os.Symlink("../../etc/shadow", name) },
		} {
			h, _ := linked(t, name, link)
			if _, unseen := h.Facts(t.Context()); !strings.Contains(whyNot(unseen, what), "it is a link") {
				t.Errorf("%s, %s: %v", name, kind, unseen)
			}
		}
	}
	h, _ := linked(t, "etc/os-release", func(_, name string) error { // as ostree and Nix keep it
		first := filepath.Join(filepath.Dir(name), "object")
		if err := os.WriteFile(first, []byte("PRETTY_NAME=Fedora CoreOS"), 0o600); err != nil {
			return err
		}
		return os.Link(first, name)
	})
	if f, _ := h.Facts(t.Context()); f.OS != "Fedora CoreOS" {
		t.Errorf("OS %q", f.OS)
	}
}

// Restoring puts a new file in the place of the name, and leaves what else the old one was.
func TestARestoreDoesNotWriteThroughLinks(t *testing.T) {
	for kind, link := range map[string]func(old, name string) error{"hard": os.Link, "symbolic": os.Symlink} {
		for _, name := range []string{"etc/cni/net.d/b.conf", "etc/cni/net.d/.paramedic-b.conf.tmp"} {
			h, root := linked(t, name, link)
			good := Archive{Files: []File{{Name: "b.conf", Mode: 0o600, Content: []byte("B")}}}
			if err := h.Restore(t.Context(), cni, good, nil); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			old, err := os.ReadFile(filepath.Join(root, "etc/shadow"))
			if err != nil || string(old) != foreign {
				t.Errorf("%s link: the foreign file is now %q, %v", kind, old, err)
			}
			if a := read(t, h); a.File("b.conf") == nil || string(a.File("b.conf").Content) != "B" {
				t.Errorf("%s link: restored %s", kind, names(a))
			}
		}
	}
}
