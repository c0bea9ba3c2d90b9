package host

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const cni = "/etc/cni/net.d"

// lay makes a host whose files are these; a name ending in "/" is a directory.
func lay(t *testing.T, files map[string]string) (*Host, string) {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"proc", "var/log"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		p := filepath.Join(root, name)
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(p, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h, err := New(Config{Root: root, Node: "leveling-pc"})
	if err != nil {
		t.Fatal(err)
	}
	return h, root
}

func names(a Archive) string {
	var n []string
	for _, f := range a.Files {
		n = append(n, fmt.Sprintf("%s=%s/%o", f.Name, f.Content, f.Mode))
	}
	return strings.Join(n, " ")
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func read(t *testing.T, h *Host) Archive {
	t.Helper()
	a, _, err := h.Archive(t.Context(), cni)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTheCNIDirectoryIsTheOneThatIsUsedHere(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"/etc/cni/net.d": {"etc/cni/net.d/": ""},
		"/var/lib/rancher/k3s/agent/etc/cni/net.d":  {"var/lib/rancher/k3s/agent/etc/cni/net.d/": "", "etc/cni/net.d/": ""},
		"/var/lib/rancher/k3s/agent/etc/cni/net.d ": {"var/lib/rancher/k3s/agent/": ""}, // lost, and still the one
		"/etc/cni/net.d ":                           {"etc/": ""},
	} {
		h, _ := lay(t, files)
		if h.CNIDir() != strings.TrimSpace(want) {
			t.Errorf("with %v: %s, want %s", files, h.CNIDir(), want)
		}
	}
}

func TestFactsOfAWellHost(t *testing.T) {
	h, root := lay(t, map[string]string{
		"etc/cni/net.d/10-lab.conflist": "{}", "etc/cni/net.d/README": "no", "run/resolv.conf": "nameserver 10.99.0.1\n",
		"var/log/k3s.log": "level=info msg=\"Starting k3s auto-update\"\n" + strings.Repeat("level=info msg=routine\n", 500),
	})
	if err := os.Symlink("/run/resolv.conf", filepath.Join(root, "etc/resolv.conf")); err != nil {
		t.Fatal(err)
	}
	f, unseen := h.Facts(t.Context())
	if len(unseen) > 0 {
		t.Errorf("not seen: %v", unseen)
	}
	if len(f.CNIFiles) != 1 || f.CNIFiles[0].Name != "10-lab.conflist" || f.CNIFiles[0].Size != 2 || len(f.CNIFiles[0].Hash) != 64 {
		t.Errorf("CNI files %v", f.CNIFiles)
	}
	if f.Resolv != "nameserver 10.99.0.1\n" {
		t.Errorf("resolv.conf through a link: %q", f.Resolv)
	}
	if len(f.ServiceLog) != 1+logPlain || !strings.Contains(f.ServiceLog[0], "auto-update") {
		t.Errorf("service log %d lines: %q", len(f.ServiceLog), f.ServiceLog[0])
	}
}

func TestFactsOfAnIllHost(t *testing.T) {
	h, root := lay(t, map[string]string{"etc/cni/net.d/": "", "var/log/k3s.log/": ""})
	if err := os.Symlink("../../../../../../etc/passwd", filepath.Join(root, "etc/resolv.conf")); err != nil {
		t.Fatal(err)
	}
	f, unseen := h.Facts(t.Context())
	if len(f.CNIFiles) != 0 || f.CNIDir != cni {
		t.Errorf("an empty directory is a fact: %+v", f)
	}
	var what []string
	for _, n := range unseen {
		what = append(what, n.What)
	}
	if !slices.Equal(what, []string{"/etc/resolv.conf of leveling-pc", "service log of leveling-pc"}) || f.Resolv != "" {
		t.Errorf("not seen %v, resolv %q", unseen, f.Resolv)
	}
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	if _, unseen := h.Facts(t.Context()); len(unseen) != 1 {
		t.Errorf("a root that is gone: %v", unseen)
	}
}

func TestTellingLinesAreFewAndSpanTheOutage(t *testing.T) {
	var b strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&b, "time=\"2025-10-03T02:%02d:00Z\" level=error msg=\"cni plugin not initialized\" pod=%08x\n", i%60, i)
	}
	got := tellingLines("E1003 02:14:45 first\n" + b.String())
	if len(got) != 2+logPlain || got[0] != "E1003 02:14:45 first" {
		t.Errorf("%d lines, first %q", len(got), got[0])
	}
	if got := tellingLines(strings.Repeat("x", 10000)); len(got) != 1 || len(got[0]) > maxLine+4 {
		t.Errorf("a long line stayed long: %d", len(got[0]))
	}
}

func TestArchiveAndRestore(t *testing.T) {
	h, root := lay(t, map[string]string{"etc/cni/net.d/b.conf": "B", "etc/cni/net.d/a.conf": "A", "etc/cni/net.d/sub/c": "C"})
	dir := filepath.Join(root, cni)
	if err := os.Chmod(filepath.Join(dir, "a.conf"), 0o644); err != nil {
		t.Fatal(err)
	}
	good, changed, err := h.Archive(t.Context(), cni)
	if err != nil || names(good) != "a.conf=A/644 b.conf=B/600" {
		t.Fatalf("archive: %s, %v", names(good), err)
	}
	if changed.IsZero() || time.Since(changed) > time.Minute {
		t.Errorf("changed %v", changed)
	}
	back := must[Archive](t)(DecodeArchive(good.Encode()))
	if back.Hash() != good.Hash() {
		t.Error("an archive does not survive its encoding")
	}

	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if lost, changed, err := h.Archive(t.Context(), cni); err != nil || len(lost.Files) != 0 || !changed.IsZero() {
		t.Errorf("an absent directory is empty: %v %v %v", lost, changed, err)
	}
	if err := h.CanRestore(t.Context(), cni); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := h.Restore(t.Context(), cni, good, nil); err != nil {
			t.Fatal(err)
		}
	}
	if now := read(t, h); now.Hash() != good.Hash() {
		t.Errorf("restored %s", names(now))
	}

	if err := os.WriteFile(filepath.Join(dir, "mine.conf"), []byte("M"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.Restore(t.Context(), cni, Archive{Files: []File{{Name: "b.conf", Mode: 0o640, Content: []byte("B2")}}},
		[]string{"a.conf", "gone"}); err != nil {
		t.Fatal(err)
	}
	now := read(t, h)
	want := good.Overlay(Archive{Files: []File{{Name: "b.conf", Mode: 0o640, Content: []byte("B2")},
		{Name: "mine.conf", Mode: 0o600, Content: []byte("M")}}}, []string{"a.conf"})
	if now.Hash() != want.Hash() || names(now) != "b.conf=B2/640 mine.conf=M/600" {
		t.Errorf("overlay %s, want %s", names(now), names(want))
	}
}

func TestARestoreCutShortIsDoneAgain(t *testing.T) {
	h, root := lay(t, map[string]string{"etc/cni/net.d/.paramedic-a.conf.tmp": "half"})
	good := Archive{Files: []File{{Name: "a.conf", Mode: 0o600, Content: []byte("A")}}}
	if a := read(t, h); len(a.Files) != 0 {
		t.Errorf("half a file is archived: %s", names(a))
	}
	if err := h.Restore(t.Context(), cni, good, nil); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(filepath.Join(root, cni))
	if len(entries) != 1 || names(read(t, h)) != "a.conf=A/600" {
		t.Errorf("left behind: %v", entries)
	}
}

func TestNothingLeavesTheRoot(t *testing.T) {
	h, root := lay(t, map[string]string{"etc/cni/": ""})
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(root, cni)); err != nil {
		t.Fatal(err)
	}
	good := Archive{Files: []File{{Name: "a.conf", Mode: 0o600}}}
	if err := h.Restore(t.Context(), cni, good, nil); err == nil {
		t.Error("restored through a link that leads out")
	}
	if err := h.Restore(t.Context(), "../../../"+outside, good, nil); err != nil { // ends at the root, as ".." of "/" does
		t.Error(err)
	}
	if entries, _ := os.ReadDir(outside); len(entries) != 0 {
		t.Errorf("wrote outside: %v", entries)
	}
	if _, _, err := h.Archive(t.Context(), cni); err == nil {
		t.Error("read through a link that leads out")
	}
	for _, name := range []string{"", "..", "a/b", "../x", "a\x00", ".paramedic-x"} {
		a := Archive{Files: []File{{Name: name, Mode: 0o600}}}
		if err := h.Restore(t.Context(), "/etc", a, nil); err == nil {
			t.Errorf("wrote a file named %q", name)
		}
		if err := h.Restore(t.Context(), "/etc", Archive{}, []string{name}); err == nil {
			t.Errorf("removed a file named %q", name)
		}
		if _, err := DecodeArchive(a.Encode()); err == nil {
			t.Errorf("decoded a file named %q", name)
		}
	}
}

func TestWhatIsNoConfigurationDirectoryIsRefused(t *testing.T) {
	h, root := lay(t, map[string]string{"etc/cni/net.d/a.conf": "A"})
	if err := os.Symlink("a.conf", filepath.Join(root, cni, "link.conf")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Archive(t.Context(), cni); err == nil || !strings.Contains(err.Error(), "link.conf") {
		t.Errorf("a link was archived: %v", err)
	}
	big, _ := lay(t, map[string]string{"etc/cni/net.d/a": strings.Repeat("x", MaxBytes+1)})
	if _, _, err := big.Archive(t.Context(), cni); err == nil {
		t.Error("a huge file was archived")
	}
	many := map[string]string{}
	for i := range MaxFiles + 1 {
		many[fmt.Sprintf("etc/cni/net.d/%d.conf", i)] = ""
	}
	full, _ := lay(t, many)
	if _, _, err := full.Archive(t.Context(), cni); err == nil {
		t.Error("too many files were archived")
	}
	if err := full.CanRestore(t.Context(), "/etc/cni/net.d/1.conf"); err == nil {
		t.Error("a file passes for a directory")
	}
	if _, err := New(Config{Root: filepath.Join(root, "absent")}); err == nil {
		t.Error("an absent root was accepted")
	}
}

func FuzzDecodeArchive(f *testing.F) {
	f.Add(Archive{Files: []File{{Name: "a", Mode: 0o600, Content: []byte("x")}}}.Encode())
	f.Add([]byte(`{"files":[{"name":"../x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := DecodeArchive(data)
		if err != nil {
			return
		}
		if b, err := DecodeArchive(a.Encode()); err != nil || b.Hash() != a.Hash() {
			t.Errorf("not stable: %v", err)
		}
	})
}
