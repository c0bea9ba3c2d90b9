package bundle_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// dumpFiles are the kinds that a dump holds of each namespace, in its order, by the names of their files.
var dumpFiles = []struct{ file, apiVersion, kind, resource string }{
	{"events", "v1", "Event", "events"},
	{"replication-controllers", "v1", "ReplicationController", "replicationcontrollers"},
	{"services", "v1", "Service", "services"},
	{"daemonsets", "apps/v1", "DaemonSet", "daemonsets"},
	{"deployments", "apps/v1", "Deployment", "deployments"},
	{"replicasets", "apps/v1", "ReplicaSet", "replicasets"},
	{"pods", "v1", "Pod", "pods"},
}

// dumped writes the broken world as "kubectl cluster-info dump" does: a file, its name and its text.
func dumped(t testing.TB, form string, namespaces ...string) []entry {
	return dumpOf(t, broken(t), form, namespaces...)
}

func dumpOf(t testing.TB, b *bundle.Bundle, form string, namespaces ...string) []entry {
	t.Helper()
	var files []entry
	list := func(name, apiVersion, kind, resource, namespace string) {
		items := []any{}
		for gvr, objects := range b.Objects {
			for _, o := range objects {
				if gvr.Resource == resource && o.GetNamespace() == namespace {
					o = *o.DeepCopy()
					delete(o.Object, "apiVersion")
					delete(o.Object, "kind")
					items = append(items, o.Object)
				}
			}
		}
		typed := struct {
			Kind       string         `json:"kind"`
			APIVersion string         `json:"apiVersion"`
			Metadata   map[string]any `json:"metadata"`
			Items      []any          `json:"items"`
		}{kind + "List", apiVersion, map[string]any{"resourceVersion": "7"}, items}
		data, err := json.MarshalIndent(typed, "", "    ")
		if form == "yaml" {
			data, err = yaml.Marshal(typed)
		}
		if err != nil {
			t.Fatal(err)
		}
		data = append(bytes.TrimSpace(data), '\n')
		if form == "yaml" && len(files) > 0 {
			data = append([]byte("---\n"), data...)
		}
		files = append(files, entry{name: name + "." + form, data: string(data)})
	}
	list("nodes", "v1", "Node", "nodes", "")
	for _, ns := range namespaces {
		for _, f := range dumpFiles {
			list(ns+"/"+f.file, f.apiVersion, f.kind, f.resource, ns)
		}
		for _, p := range b.Objects[pods] {
			if p.GetNamespace() == ns {
				files = append(files, entry{name: ns + "/" + p.GetName() + "/logs.txt", data: logsOf(b, p)})
			}
		}
	}
	return files
}

func logsOf(b *bundle.Bundle, p unstructured.Unstructured) string {
	var text strings.Builder
	containers, _, _ := unstructured.NestedSlice(p.Object, "spec", "containers")
	for _, c := range containers {
		name := c.(map[string]any)["name"].(string)
		fmt.Fprintf(&text, "==== START logs for container %s of pod %s/%s ====\n", name, p.GetNamespace(), p.GetName())
		if data, ok := b.Logs[bundle.LogKey{Namespace: p.GetNamespace(), Pod: p.GetName(), Container: name}]; ok {
			text.Write(data)
		} else {
			text.WriteString("Request log error: the server rejected our request for an unknown reason\n")
		}
		fmt.Fprintf(&text, "==== END logs for container %s of pod %s/%s ====\n", name, p.GetNamespace(), p.GetName())
	}
	return text.String()
}

// folder lays a dump out as --output-directory does.
func folder(t testing.TB, files []entry) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(f.data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// stream puts a dump into one file, as standard output has it.
func stream(t testing.TB, files []entry, compress bool) string {
	t.Helper()
	var buf bytes.Buffer
	for _, f := range files {
		buf.WriteString(f.data)
	}
	data := buf.Bytes()
	if compress {
		var small bytes.Buffer
		z := gzip.NewWriter(&small)
		z.Write(data)
		z.Close()
		data = small.Bytes()
	}
	path := filepath.Join(t.TempDir(), "dump.txt")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var allNamespaces = []string{"convocanvas", "default", "kube-node-lease", "kube-public", "kube-system"}

func TestDumpsInEveryForm(t *testing.T) {
	world := broken(t)
	for name, path := range map[string]string{
		"folder":       folder(t, dumped(t, "json", allNamespaces...)),
		"YAML folder":  folder(t, dumped(t, "yaml", allNamespaces...)),
		"output":       stream(t, dumped(t, "json", allNamespaces...), false),
		"YAML output":  stream(t, dumped(t, "yaml", allNamespaces...), false),
		"gzip":         stream(t, dumped(t, "json", allNamespaces...), true),
		"system twice": stream(t, dumped(t, "json", append(allNamespaces, "kube-system")...), false),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := bundle.OpenAny(path, asIs)
			if err != nil {
				t.Fatal(err)
			}
			for _, gvr := range []string{"nodes", "pods", "events", "services"} {
				gvr := pods.GroupVersion().WithResource(gvr)
				if diff := cmp.Diff(world.Objects[gvr], got.Objects[gvr]); diff != "" && gvr != nodes && gvr != events {
					t.Errorf("-world +dump:\n%s", diff)
				}
				if len(got.Objects[gvr]) != len(world.Objects[gvr]) || !got.Seen(gvr) {
					t.Errorf("%d %s, want %d", len(got.Objects[gvr]), gvr.Resource, len(world.Objects[gvr]))
				}
			}
			want := []bundle.LogKey{{Namespace: "kube-system", Pod: "coredns-1", Container: "coredns"}}
			if keys := slices.Collect(maps.Keys(got.Logs)); !slices.Equal(keys, want) ||
				!strings.HasSuffix(string(got.Logs[want[0]]), "Loop detected\n") {
				t.Errorf("logs %+v: %v", keys, got.Logs)
			}
			s, err := got.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			if want := time.Date(2025, 10, 2, 23, 4, 0, 0, time.UTC); s.At.After(want) {
				t.Errorf("it is of %s, later than the node's heartbeat allows", s.At)
			}
			blind := fmt.Sprint(s.NotSeen)
			for _, kind := range []string{"configmaps", "endpointslices", "statefulsets", "leases", "secrets"} {
				if !strings.Contains(blind, kind) {
					t.Errorf("nothing is said of %s: %s", kind, blind)
				}
			}
			if all := strings.Contains(name, "folder"); strings.Contains(blind, "other namespaces") == all || s.Namespace != "" {
				t.Errorf("of all namespaces: %v; of one: %q: %s", all, s.Namespace, blind)
			}
			if _, err := got.WriteFile(filepath.Join(t.TempDir(), "x.tar.zst")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestADumpOfOneNamespace(t *testing.T) {
	for _, path := range []string{folder(t, dumped(t, "json", "kube-system")), stream(t, dumped(t, "json", "kube-system"), false)} {
		b, err := bundle.OpenAny(path, asIs)
		if err != nil {
			t.Fatal(err)
		}
		if b.Manifest.Namespace != "kube-system" || !strings.Contains(fmt.Sprint(b.Manifest.NotSeen),
			"the dump is of kube-system; make it with --all-namespaces") {
			t.Errorf("%+v", b.Manifest)
		}
	}
}

func TestDumpsAreRedacted(t *testing.T) {
	files := dumped(t, "json", allNamespaces...)
	for i := range files {
		files[i].data = strings.ReplaceAll(files[i].data, "Loop detected", "password is hunter2")
		files[i].data = strings.ReplaceAll(files[i].data, "Back-off restarting failed container", "hunter2")
		files[i].data = strings.ReplaceAll(files[i].data, `"image": "coredns:1.15"`,
			`"image": "coredns:1.15", "env": [{"name": "DB_PASSWORD", "value": "tiger"}]`)
	}
	b, err := bundle.OpenAny(folder(t, files), hide)
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprint(b.Objects, b.Logs)
	for _, log := range b.Logs {
		all += string(log)
	}
	if strings.Contains(all, "hunter2") || strings.Contains(all, "tiger") || !strings.Contains(all, "DB_PASSWORD") ||
		b.Manifest.Redactions < 4 {
		t.Errorf("%d redactions:\n%s", b.Manifest.Redactions, all)
	}
	if _, err := bundle.OpenAny(folder(t, files), nil); err == nil || !strings.Contains(err.Error(), "no redactor") {
		t.Errorf("without a redactor: %v", err)
	}
}

// A log can hold every line, those that end its own section too.
func TestLogsThatLookLikeADump(t *testing.T) {
	files := dumped(t, "json", allNamespaces...)
	const end = "==== END logs for container coredns of pod kube-system/coredns-1 ====\n"
	for i := range files {
		files[i].data = strings.Replace(files[i].data, "two\n", end+"two\n{ not a list\n}\n", 1)
		files[i].data = strings.Replace(files[i].data, "Loop detected\n"+end, "Loop detected"+end, 1)
	}
	for _, path := range []string{folder(t, files), stream(t, files, false)} {
		b, err := bundle.OpenAny(path, asIs)
		if err != nil {
			t.Fatal(err)
		}
		log := string(b.Logs[bundle.LogKey{Namespace: "kube-system", Pod: "coredns-1", Container: "coredns"}])
		if want := "one\n" + end + "two\n{ not a list\n}\n2025-10-02T23:19:00.500Z [FATAL] plugin/loop: Loop detected"; log != want {
			t.Errorf("got:\n%s\nwant:\n%s", log, want)
		}
	}
}

func TestALogThatKubectlCouldNotRead(t *testing.T) {
	files := dumped(t, "json", allNamespaces...)
	for i := range files {
		if strings.HasSuffix(files[i].name, "coredns-1/logs.txt") {
			b := broken(t)
			clear(b.Logs)
			files[i].data = logsOf(b, *object(t, "{apiVersion: v1, kind: Pod, metadata: {name: coredns-1, namespace: kube-system}, spec: "+
				"{containers: [{name: coredns}]}}"))
		}
	}
	b, err := bundle.OpenAny(folder(t, files), asIs)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(fmt.Sprint(b.Manifest.NotSeen),
		"{log of coredns in kube-system/coredns-1 the server rejected our request for an unknown reason [pods/log] "+
			"Pod/kube-system/coredns-1 ") || len(b.Logs) != 0 {
		t.Errorf("%v, %d logs", b.Manifest.NotSeen, len(b.Logs))
	}
}

func TestBadDumps(t *testing.T) {
	good := dumped(t, "json", allNamespaces...)
	change := func(name, old, new string) []entry {
		files := slices.Clone(good)
		for i := range files {
			if files[i].name == name {
				files[i].data = strings.Replace(files[i].data, old, new, 1)
			}
		}
		return files
	}
	for name, c := range map[string]struct{ path, want string }{
		"a folder of something": {folder(t, []entry{{name: "README", data: "x"}}),
			`not a bundle (a folder without nodes.json); was it made by "paramedic bundle capture", or by "kubectl cluster-info dump"?`},
		"a text": {stream(t, []entry{{data: "hello"}}, false),
			"not a bundle (neither compressed with zstd nor with a list of nodes)"},
		"a long text":   {stream(t, []entry{{data: strings.Repeat("hello\n", 1<<20)}}, false), "not a bundle"},
		"an empty file": {stream(t, nil, false), "not a bundle"},
		"other JSON":    {stream(t, []entry{{data: "{\"a\": 1}\n"}}, false), "not a bundle"},
		"cut in a list": {stream(t, []entry{{data: good[0].data[:200]}}, false), "truncated: it ends within a list; dump it again"},
		"a file cut": {folder(t, change("nodes.json", good[0].data[200:], "")),
			"nodes.json: unexpected end of JSON input; was the dump broken off?"},
		"a Secret among pods": {folder(t, change("kube-system/pods.json", `"items": [`,
			`"items": [{"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s"}},`)), "never holds Secrets"},
		"an object without a name": {folder(t, change("nodes.json", `"name": "leveling-pc"`, `"name": ""`)),
			"Node 0: it has no kind or no name"},
		"a name that is a path": {folder(t, change("kube-system/pods.json", `"name": "coredns-1"`, `"name": "../../etc"`)),
			`"../../etc" is not a name`},
		"a name that climbs": {folder(t, change("kube-system/pods.json", `"name": "coredns-1"`, `"name": ".."`)), ""},
		"a kind that nobody knows": {stream(t, append(slices.Clone(good),
			entry{data: "{\n    \"kind\": \"GadgetList\", \"apiVersion\": \"v1\", \"items\": [7]\n}\n"}), false), ""},
		"a list of nothing":      {folder(t, change("default/pods.json", `"items": []`, `"items": null`)), ""},
		"an object that is null": {folder(t, change("default/pods.json", `"items": []`, `"items": [null]`)), "Pod 0 is null"},
		"items that are no list": {folder(t, change("default/pods.json", `"items": []`, `"items": 7`)), "its items are no list"},
		"not gzip after all":     {stream(t, []entry{{data: "\x1f\x8bxx"}}, false), "decompress"},
		"words between the objects": {stream(t, slices.Insert(slices.Clone(good), 1, entry{data: "Warning: v1 ComponentStatus is deprecated\n"}),
			false), ""},
	} {
		_, err := bundle.OpenAny(c.path, asIs)
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) ||
			!strings.HasPrefix(err.Error(), "open bundle "+c.path+": ")):
			t.Errorf("%s: %v\nwant: %s", name, err, c.want)
		}
	}
	if _, err := bundle.OpenAny("/no/such/dump", asIs); err == nil || !strings.Contains(err.Error(), "open bundle") {
		t.Errorf("nothing there: %v", err)
	}
}

func TestABrokenOffDump(t *testing.T) {
	files := slices.DeleteFunc(dumped(t, "json", allNamespaces...), func(f entry) bool {
		return f.name == "kube-system/pods.json" || strings.HasSuffix(f.name, "replicasets.json")
	})
	b, err := bundle.OpenAny(folder(t, files), asIs)
	if err != nil {
		t.Fatal(err)
	}
	blind := fmt.Sprint(b.Manifest.NotSeen)
	for _, want := range []string{"{pods of 1 namespaces the dump was broken off", "{replicasets the dump was broken off"} {
		if !strings.Contains(blind, want) {
			t.Errorf("nothing of %s: %s", want, blind)
		}
	}
}

// What lies outside of the folder is not read through a link.
func TestDumpsDoNotLeadOut(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("==== START logs for container coredns of pod kube-system/coredns-1 ====\nhidden\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	dir := folder(t, dumped(t, "json", allNamespaces...))
	log := filepath.Join(dir, "kube-system", "coredns-1", "logs.txt")
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, log); err != nil {
		t.Fatal(err)
	}
	b, err := bundle.OpenAny(dir, asIs)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Logs) != 0 {
		t.Errorf("read: %v", b.Logs)
	}
}

// The time of the file counts if the cluster can have been silent as long: a copy's does not.
func TestWhenADumpWasWritten(t *testing.T) {
	for name, c := range map[string]struct{ written, want string }{
		"as it was":            {"2026-01-01T10:05:00Z", "2026-01-01T10:05:00Z"},
		"copied":               {"2026-03-01T00:00:00Z", "2026-01-01T10:00:00Z"},
		"a clock that is slow": {"2026-01-01T09:00:00Z", "2026-01-01T10:00:00Z"},
	} {
		list := `{"kind": "NodeList", "apiVersion": "v1", "items": [{"metadata": {"name": "a", "creationTimestamp": "2026-01-01T10:00:00Z"}}]}` +
			"\n"
		at, err := time.Parse(time.RFC3339, c.written)
		if err != nil {
			t.Fatal(err)
		}
		dir, file := folder(t, []entry{{name: "nodes.json", data: list}}), stream(t, []entry{{data: list}}, false)
		for open, written := range map[string]string{dir: filepath.Join(dir, "nodes.json"), file: file} {
			if err := os.Chtimes(written, at, at); err != nil {
				t.Fatal(err)
			}
			b, err := bundle.OpenAny(open, asIs)
			if err != nil {
				t.Fatal(err)
			}
			if got := b.Manifest.CapturedAt.Format(time.RFC3339); got != c.want {
				t.Errorf("%s: %s, want %s", name, got, c.want)
			}
		}
	}
}

// When a dump was made follows from what it holds; the fast clock of one node does not make all else look old.
func TestWhenADumpWasMade(t *testing.T) {
	node := func(name, ready, at string) string {
		return fmt.Sprintf(`{"metadata": {"name": %q}, "status": {"conditions": [{"type": "Ready", "status": %q, "lastHeartbeatTime": %q}]}}`,
			name, ready, at)
	}
	for name, c := range map[string]struct {
		nodes []string
		event string
		want  string
	}{
		"the newest": {[]string{node("a", "True", "2026-01-01T10:00:00Z"), node("b", "True", "2026-01-01T10:03:00Z")},
			"2026-01-01T10:04:00Z", "2026-01-01T10:04:00Z"},
		"one clock ahead": {[]string{node("a", "True", "2026-01-01T10:00:00Z"), node("b", "True", "2026-01-01T13:00:00Z"),
			node("c", "True", "2026-01-01T10:02:00Z")}, "2026-01-01T10:04:00Z", "2026-01-01T10:04:00Z"},
		"of two clocks, one": {[]string{node("a", "True", "2026-01-01T10:00:00Z"), node("b", "True", "2026-01-01T13:00:00Z")},
			"2026-01-01T13:04:00Z", "2026-01-01T10:00:00Z"},
		"a dead node": {[]string{node("a", "Unknown", "2026-01-01T07:00:00Z"), node("b", "True", "2026-01-01T10:00:00Z")},
			"2026-01-01T10:04:00Z", "2026-01-01T10:04:00Z"},
		"no node that is alive":   {[]string{node("a", "Unknown", "2026-01-01T07:00:00Z")}, "2026-01-01T10:04:00Z", "2026-01-01T10:04:00Z"},
		"an event of the year 99": {[]string{node("a", "True", "2026-01-01T10:00:00Z")}, "9999-01-01T10:04:00Z", "2026-01-01T10:00:00Z"},
	} {
		events := fmt.Sprintf("{\n \"kind\": \"EventList\", \"apiVersion\": \"v1\", \"items\": [{\"metadata\": {\"name\": \"e\", "+
			"\"namespace\": \"d\"}, \"message\": \"at 2027-01-01T00:00:00Z\", \"lastTimestamp\": %q}]\n}\n", c.event)
		b, err := bundle.OpenAny(stream(t, []entry{{data: fmt.Sprintf("{\n \"kind\": \"NodeList\", \"apiVersion\": \"v1\", \"items\": [%s]\n}\n%s", strings.Join(c.nodes, ","), events)}}, false), asIs)
		if err != nil {
			t.Fatal(name, err)
		}
		if got := b.Manifest.CapturedAt.Format(time.RFC3339); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// FuzzDump: whatever kubectl is said to have printed, reading ends, and what is accepted can be diagnosed and written.
func FuzzDump(f *testing.F) {
	for _, form := range []string{"json", "yaml"} {
		var all strings.Builder
		for _, file := range dumped(f, form, "kube-system", "convocanvas") {
			all.WriteString(file.data)
		}
		f.Add([]byte(all.String()))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := bundle.ReadDump(data, bundle.Limits{Entry: 1 << 20, Total: 4 << 20}, asIs)
		if err != nil {
			return
		}
		s, err := b.Snapshot()
		if err != nil {
			t.Fatalf("read, but no Snapshot: %v", err)
		}
		diagnosis.Diagnose(s, diagnosis.Scope{})
		if err := b.Write(io.Discard); err != nil && !strings.Contains(err.Error(), "has no place in a bundle") {
			t.Errorf("read but not written: %v", err)
		}
	})
}
