package bundle_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// full is a bundle with something of everything.
func full(t testing.TB) *bundle.Bundle {
	b := broken(t)
	b.Manifest.NotSeen = []bundle.NotSeen{{What: "secrets", Why: "a bundle never holds Secrets",
		Resources: []incident.Resource{incident.Secrets}}}
	b.Manifest.Redactions = 3
	b.HostFiles[bundle.HostKey{Node: "leveling-pc", Path: "/etc/resolv.conf"}] = []byte("nameserver 127.0.0.1\n")
	b.HostFiles[bundle.HostKey{Node: "leveling-pc", Path: "/etc/cni/net.d/.keep"}] = []byte{}
	b.Facts = json.RawMessage(`{"dns":{"ollama.ollama.svc":"NXDOMAIN"}}`)
	return b
}

func written(t testing.TB, b *bundle.Bundle) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := b.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	b := full(t)
	path := filepath.Join(t.TempDir(), "incident.tar.zst")
	if _, err := b.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	got, err := bundle.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, diff := range []string{cmp.Diff(b.Objects, got.Objects), cmp.Diff(b.Logs, got.Logs), cmp.Diff(b.HostFiles, got.HostFiles),
		cmp.Diff(b.Facts, got.Facts)} {
		if diff != "" {
			t.Error("read is not what was written (-want +got):\n" + diff)
		}
	}
	if again := written(t, got); !bytes.Equal(again, written(t, b)) {
		t.Error("written again, the bytes differ")
	}
	info := got.Info()
	if info.Objects != 9 || info.Logs != 2 || info.HostFiles != 2 || !info.HasFacts || info.Redactions != 3 || info.UncompressedBytes < 1000 {
		t.Errorf("info is %+v", info)
	}
	if !info.CapturedAt.Equal(capturedBroken) || info.Cluster.ServerVersion != "v1.36.3" || info.Format != bundle.Format {
		t.Errorf("info says %v %+v, format %d", info.CapturedAt, info.Cluster, info.Format)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", st.Mode(), err)
	}
}

func TestOrderOfObjectsDoesNotShow(t *testing.T) {
	a, b := full(t), full(t)
	list := b.Objects[pods]
	list[0], list[1] = list[1], list[0]
	if !bytes.Equal(written(t, a), written(t, b)) {
		t.Error("the same objects in another order give other bytes")
	}
}

func TestSeen(t *testing.T) {
	if b := broken(t); b.Seen(pods.GroupVersion().WithResource("gadgets")) || !b.Seen(nodes) {
		t.Error("Seen is wrong about what was looked at")
	}
}

func TestSecretsAreRefused(t *testing.T) {
	secret := *object(t, "{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: d}, data: {a: Yg==}}")
	byPlace, byKind := full(t), full(t)
	byPlace.Objects[corev1.SchemeGroupVersion.WithResource("secrets")] = []unstructured.Unstructured{secret}
	byKind.Objects[pods] = []unstructured.Unstructured{secret}
	for _, b := range []*bundle.Bundle{byPlace, byKind} {
		if err := b.Write(io.Discard); err == nil || !strings.Contains(err.Error(), "never holds Secrets") {
			t.Errorf("written: %v", err)
		}
	}
}

func TestAFailedWriteLeavesTheOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "b.tar.zst")
	if _, err := full(t).WriteFile(path); err != nil {
		t.Fatal(err)
	}
	bad := full(t)
	bad.Facts = json.RawMessage("{")
	if _, err := bad.WriteFile(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("bad facts: %v", err)
	}
	if _, err := bundle.Open(path); err != nil {
		t.Errorf("the old file is gone: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

type entry struct {
	name, data string
	kind       byte
}

// pack makes an archive of entries as they are.
func pack(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	z, _ := zstd.NewWriter(&buf)
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Size: int64(len(e.data)), Mode: 0o600, Typeflag: e.kind, ModTime: time.Unix(0, 0)}
		if e.kind == tar.TypeSymlink {
			h.Size, h.Linkname = 0, "/etc/passwd"
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			w.Write([]byte(e.data))
		}
	}
	w.Close()
	z.Close()
	return buf.Bytes()
}

// unpack is pack's inverse.
func unpack(t testing.TB, data []byte) []entry {
	t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var entries []entry
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(r)
		entries = append(entries, entry{h.Name, string(text), tar.TypeReg})
	}
}

// with packs the entries with each occurrence of old replaced.
func with(t testing.TB, entries []entry, old, new string) []byte {
	changed := make([]entry, len(entries))
	for i, e := range entries {
		changed[i] = entry{strings.ReplaceAll(e.name, old, new), strings.ReplaceAll(e.data, old, new), e.kind}
	}
	return pack(t, changed...)
}

func TestBadFiles(t *testing.T) {
	good := written(t, full(t))
	entries := unpack(t, good)
	manifest := entries[0].data
	last := entries[len(entries)-1]
	onlyManifest := func(m string) []byte { return pack(t, entry{"manifest.json", m, tar.TypeReg}) }

	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "not a bundle (no manifest.json)"},
		{"text", []byte("hello, I am no bundle at all"), `not a bundle (not compressed with zstd); was it made by "paramedic bundle capture"?`},
		{"another archive", pack(t, entry{"README", "x", tar.TypeReg}), "not a bundle (no manifest.json)"},
		{"manifest is not JSON", onlyManifest("{"), "manifest.json is unreadable"},
		{"manifest of something else", onlyManifest("{}"), "gives no format"},
		{"newer", onlyManifest(strings.Replace(manifest, `"format": 1`, `"format": 2`, 1)),
			"format 2 is newer than the 1 that this program reads"},
		{"only a manifest", onlyManifest(manifest), "truncated: it ends after 0 of"},
		{"an entry less", pack(t, entries[:len(entries)-1]...), "truncated: it ends after"},
		{"cut in the middle", good[:len(good)/2], "truncated"},
		{"cut at the end", good[:len(good)-40], "truncated"},
		{"an entry more", pack(t, append(entries[:len(entries):len(entries)], entry{"logs/a/b/c.log", "x", tar.TypeReg})...),
			`"logs/a/b/c.log" is not in the manifest`},
		{"changed", pack(t, append(entries[:len(entries)-1:len(entries)-1], entry{last.name, last.data + " ", tar.TypeReg})...),
			"wrong checksum"},
		{"climbs out", with(t, entries, "host/leveling-pc/etc/resolv.conf", "host/../../etc/resolv.conf"), "has no place in a bundle"},
		{"absolute", with(t, entries, "host/leveling-pc/etc/resolv.conf", "/etc/resolv.conf"), "has no place in a bundle"},
		{"unknown place", with(t, entries, "facts.json", "secrets.json"), "has no place in a bundle"},
		{"Secrets", with(t, entries, "objects/core/v1/pods.json", "objects/core/v1/secrets.json"), "never holds Secrets"},
		{"a link", pack(t, entries[0], entry{entries[1].name, "", tar.TypeSymlink}), "is not a plain file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.tar.zst")
			if err := os.WriteFile(path, c.data, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := bundle.Open(path)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "open bundle "+path+": ") {
				t.Errorf("got: %v\nwant: %s", err, c.want)
			}
		})
	}
	if _, err := bundle.Open("/no/such/file"); err == nil || !strings.Contains(err.Error(), "open bundle") {
		t.Errorf("no file: %v", err)
	}
}

func TestBadObjects(t *testing.T) {
	for text, want := range map[string]string{
		`{"items":[{"apiVersion":"v1","kind":"Pod"}]}`:                                                                                   "no kind or no name",
		`{"items":[{"apiVersion":"v2","kind":"Pod","metadata":{"name":"a"}}]}`:                                                           `apiVersion "v2"`,
		`{"items":[{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}]}`:                                                        "never holds Secrets",
		`{"items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}},{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}]}`:  "there twice",
		`{"items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}},{"apiVersion":"v1","kind":"Node","metadata":{"name":"b"}}]}`: "a Node among Pod",
		`{"items":[7]}`: "cannot unmarshal",
	} {
		b := &bundle.Bundle{HostFiles: map[bundle.HostKey][]byte{{Node: "n", Path: "/x"}: []byte(text)}}
		// The checksum is that of the text, so that only the place is a lie.
		data := with(t, unpack(t, written(t, b)), "host/n/x", "objects/core/v1/pods.json")
		if _, err := bundle.Read(bytes.NewReader(data), bundle.Limits{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot: %v\nwant: %s", text, err, want)
		}
	}
}

// Of an entry that is there twice nobody can say which of the two is meant.
func TestAnEntryTwiceIsRefused(t *testing.T) {
	pods := func(name string) string {
		return `{"items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"` + name + `"}}]}`
	}
	for name, c := range map[string]struct{ first, second, want string }{
		"the same name":          {"objects/core/v1/pods.json", "objects/core/v1/pods.json", `entry "objects/core/v1/pods.json" is there twice`},
		"logs":                   {"logs/a/b/c.log", "logs/a/b/c.log", `entry "logs/a/b/c.log" is there twice`},
		"host files":             {"host/n/x", "host/n/x", `entry "host/n/x" is there twice`},
		"facts":                  {"facts.json", "facts.json", `entry "facts.json" is there twice`},
		"another way to write":   {"objects/core/v1/pods.json", "./objects/core/v1/pods.json", "no place in a bundle"},
		"in other case":          {"logs/a/b/c.log", "logs/a/B/c.log", "no place in a bundle"},
		"in other characters":    {"logs/a/b/c.log", "logs/a/b\u0301/c.log", "no place in a bundle"},
		"a host's own two names": {"host/n/x", "host/n/X", ""},
	} {
		var entries []entry
		var listed []string
		for i, n := range []string{c.first, c.second} {
			data := pods(fmt.Sprint("p", i))
			entries = append(entries, entry{n, data, tar.TypeReg})
			listed = append(listed, fmt.Sprintf(`{"name":%q,"size":%d,"sha256":"%x"}`, n, len(data), sha256.Sum256([]byte(data))))
		}
		manifest := entry{"manifest.json", `{"format":1,"entries":[` + strings.Join(listed, ",") + `]}`, tar.TypeReg}
		_, err := bundle.Read(bytes.NewReader(pack(t, append([]entry{manifest}, entries...)...)), bundle.Limits{})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	b := &bundle.Bundle{HostFiles: map[bundle.HostKey][]byte{
		{Node: "n", Path: "/a"}: bytes.Repeat([]byte("x"), 5000), {Node: "n", Path: "/b"}: bytes.Repeat([]byte("y"), 5000)}}
	data := written(t, b)
	for want, l := range map[string]bundle.Limits{
		"more than the 4000 allowed":             {Entry: 4000},
		"more than 8000 bytes when uncompressed": {Total: 8000},
		"more than 1 entries":                    {Entries: 1},
	} {
		if _, err := bundle.Read(bytes.NewReader(data), l); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", l, err)
		}
	}
	if _, err := bundle.Read(bytes.NewReader(data), bundle.Limits{Entry: 6000, Total: 12000, Entries: 2}); err != nil {
		t.Errorf("within limits: %v", err)
	}
}

// A small file that grows when it is read is refused before it fills the memory.
func TestBombs(t *testing.T) {
	sum := func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
	manifest := func(name, data string) entry {
		return entry{"manifest.json", fmt.Sprintf(`{"format":1,"entries":[{"name":%q,"size":%d,"sha256":%q}]}`, name, len(data), sum(data)),
			tar.TypeReg}
	}
	zeros := strings.Repeat("\x00", 64<<20)
	empty := `{"items":[` + strings.Repeat("{},", 20<<20) + `{}]}`
	for name, c := range map[string]struct {
		entries []entry
		want    string
	}{
		"zeros": {[]entry{manifest("logs/a/b/c.log", zeros), {"logs/a/b/c.log", zeros, tar.TypeReg}}, "more than 33554432 bytes"},
		"a manifest": {[]entry{{"manifest.json", `{"format":1,"entries":[` + strings.Repeat("{},", 8<<20) + `{}]}`, tar.TypeReg}},
			"more than the 16777216 allowed"},
		"empty objects": {[]entry{manifest("objects/core/v1/pods.json", empty), {"objects/core/v1/pods.json", empty, tar.TypeReg}},
			"object 0: it has no kind or no name"},
		"nested objects": {[]entry{manifest("facts.json", strings.Repeat("[", 1<<20)), {"facts.json", strings.Repeat("[", 1<<20), tar.TypeReg}},
			"exceeded max depth"},
	} {
		data := pack(t, c.entries...)
		limits := bundle.Limits{}
		if name == "zeros" {
			limits.Total = 32 << 20
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := bundle.Read(bytes.NewReader(data), limits)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 512<<20 {
			t.Errorf("%s: %d bytes of a file took %d MiB", name, len(data), used>>20)
		}
	}
}

// FuzzRead: whatever the bytes are, reading ends, and what is accepted can be written again.
func FuzzRead(f *testing.F) {
	f.Add(written(f, full(f)))
	f.Add(pack(f, entry{"manifest.json", `{"format":1}`, tar.TypeReg}))
	f.Add([]byte("no bundle"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := bundle.Read(bytes.NewReader(data), bundle.Limits{Entry: 1 << 20, Total: 4 << 20, Entries: 100})
		if err != nil {
			return
		}
		b.Info()
		if err := b.Write(io.Discard); err != nil {
			t.Errorf("read but not written: %v", err)
		}
	})
}

// FuzzObjects takes the archive away, so that the fuzzer reaches what is inside.
func FuzzObjects(f *testing.F) {
	for _, e := range unpack(f, written(f, full(f))) {
		f.Add(e.name, e.data)
	}
	f.Fuzz(func(t *testing.T, name, data string) {
		b, err := bundle.ReadEntry(name, []byte(data))
		if err != nil {
			return
		}
		if err := b.Write(io.Discard); err != nil {
			t.Errorf("%q read but not written: %v", name, err)
		}
		bundle.NewServer(b, bundle.ServerOptions{})
	})
}
