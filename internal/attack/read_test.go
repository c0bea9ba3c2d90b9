package attack

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// planted are the secrets of the cluster, by where they are. They must not be told or kept anywhere.
var planted = map[string]string{
	"a container's environment": "Env9fK2mQz7TpLw4Xc", "a container's arguments": "Arg8hJ3nRy6VqMd5Zb", "a log": "Log7gH4pSx5WrNf6Ya",
	"an event":      "Evt6dG5qTw4XsPh7Zc",
	"an annotation": "Ann5cF6rUv3YtQj8Bd", "a ConfigMap": "Cfg4bD7sVt2ZuRk9Ce", "an alert": "Alr3aC8tWs1BvSm2Df",
	"words of a person": "Say2zB9vXr8CwTn3Fg",
}

// plant puts the secrets into a cluster.
func plant(b *bundle.Bundle) {
	each := func(resource, group, version string, change func(o map[string]any)) {
		gvr := schema.GroupVersionResource{Group: group, Version: version, Resource: resource}
		for i := range b.Objects[gvr] {
			if b.Objects[gvr][i].GetNamespace() != "kube-system" {
				change(b.Objects[gvr][i].Object)
			}
		}
	}
	container := func(path ...string) func(o map[string]any) {
		return func(o map[string]any) {
			all, _, _ := unstructured.NestedSlice(o, append(path, "containers")...)
			for _, c := range all {
				c := c.(map[string]any)
				env, _ := c["env"].([]any)
				c["env"] = append(env, map[string]any{"name": "DB_PASSWORD", "value": planted["a container's environment"]})
				args, _ := c["args"].([]any)
				c["args"] = append(args, "--api-token="+planted["a container's arguments"])
			}
			_ = unstructured.SetNestedSlice(o, all, append(path, "containers")...)
			_ = unstructured.SetNestedField(o, planted["an annotation"], "metadata", "annotations", "example.com/api-key")
		}
	}
	each("pods", "", "v1", container("spec"))
	each("deployments", "apps", "v1", container("spec", "template", "spec"))
	each("configmaps", "", "v1", func(o map[string]any) {
		_ = unstructured.SetNestedField(o, "db.password="+planted["a ConfigMap"]+"\n", "data", "app.properties")
	})
	each("events", "", "v1", func(o map[string]any) {
		o["message"] = fmt.Sprint(o["message"], " (url https://svc:", planted["an event"], "@db.example:5432/)")
	})
	for key, log := range b.Logs {
		b.Logs[key] = fmt.Appendf(log, "Error: password authentication failed, password=%s\n", planted["a log"])
	}
}

func reads() []attempt {
	const nobody = "is mapped to no Kubernetes user"
	theirs := []string{"librechat", "rag-api"} // of a namespace that Cy may not read
	away := func(who, line string) func(*testing.T, *world) string {
		return func(_ *testing.T, w *world) string { return w.saysIn(who, elsewhere, line) }
	}
	direct := func(who, line string) func(*testing.T, *world) string {
		return func(t *testing.T, w *world) string {
			return w.hears(who, func() error { _, err := w.slack.DM(t.Context(), who, line); return err })
		}
	}
	secret := planted["words of a person"]
	return []attempt{
		{name: "a bystander asks what is wrong", try: says(ben, "check"), told: nobody, not: theirs},
		{name: "a bystander asks why", try: says(ben, "why deployment/librechat -n convocanvas"), told: nobody, not: theirs[1:]},
		{name: "a bystander asks by a lookalike of a person", try: says(ben, "check -n ollama"), told: nobody, not: theirs},
		{name: "a bystander asks for evidence where the incident was not told", try: away(ben, "evidence INC-1"), told: nobody, not: theirs},
		{name: "a bystander asks for evidence by its ids in a direct message", try: direct(ben, "evidence INC-1 E1 E2 E20 E22"), told: nobody,
			not: theirs},
		{name: "a bystander asks for an incident where it was not told", try: away(ben, "incidents INC-1"), told: nobody, not: theirs},
		{name: "a bystander asks for a plan where it was not told", try: away(ben, "plan INC-1"), told: nobody, not: theirs},
		{name: "a bystander asks for a postmortem where it was not told", try: away(ben, "postmortem INC-1"), not: theirs},
		{name: "somebody of another organisation asks what is wrong", try: says(fay, "check"), not: theirs},
		{name: "somebody of another organisation asks for evidence in a direct message", try: direct(fay, "evidence INC-1"), not: theirs},
		{name: "who may read one namespace asks for another", try: says(cy, "check -n convocanvas"), told: "convocanvas", not: theirs},
		{name: "who may read one namespace asks for all", try: says(cy, "check"), told: "ollama",
			not: append(theirs, "convocanvas/", "Deployment/convocanvas")},
		{name: "who may read one namespace asks why of all", try: says(cy, "why"), not: theirs},
		{name: "who may read one namespace traces all", try: says(cy, "why --trace"), not: theirs},
		{name: "who may read one namespace asks for an object of another", try: says(cy, "why Deployment/convocanvas-worker -n convocanvas"),
			not: theirs},
		{name: "who may read one namespace asks for an object by its name alone", try: says(cy, "why convocanvas-worker"), not: theirs},
		{name: "who may read one namespace has names of another suggested", try: says(cy, "why deployment/libre -n convocanvas"), not: theirs},
		{name: "who may read one namespace asks whether a name is there", try: func(_ *testing.T, w *world) string {
			is, isNot := w.says(cy, "why deployment/librechat -n convocanvas"), w.says(cy, "why deployment/lobrechat -n convocanvas")
			if strings.ReplaceAll(tail(is), "librechat", "X") != strings.ReplaceAll(tail(isNot), "lobrechat", "X") {
				return "they differ:\n" + is + "\n" + isNot
			}
			return ""
		}, not: []string{"they differ"}},
		{name: "who may read one namespace asks for evidence in a direct message", try: direct(cy, "evidence INC-1"), not: theirs},
		{name: "who may read one namespace asks for an incident where it was not told", try: away(cy, "incidents INC-1"), not: theirs},
		{name: "who may read one namespace lists incidents where they were not told", try: away(cy, "incidents all"), not: theirs},

		{name: "the numbers for Prometheus tell secrets or names",
			try:  func(_ *testing.T, w *world) string { return w.get("/metrics") + w.get("/healthz") + w.get("/readyz") },
			told: "paramedic_", not: append(theirs, bearer, "xoxb-", "xapp-", "convocanvas", "t-bot")},
		{name: "the log tells tokens", try: func(_ *testing.T, w *world) string { return w.log.String() }, told: "on duty",
			not: []string{bearer, "xoxb-", "xapp-", "t-bot"}},
		{name: "doctor tells tokens", try: func(_ *testing.T, w *world) string { return w.terminal("doctor", "--config", w.file) },
			not: []string{bearer, "xoxb-emu", "xapp-emu", "t-bot"}},
		{name: "an unreachable server's address tells its password", try: func(t *testing.T, w *world) string {
			return w.terminal("check", "--kubeconfig", write(t, "k",
				fmt.Sprintf(`{"clusters":[{"name":"c","cluster":{"server":"http://svc:%s@127.0.0.1:1"}}],"users":[{"name":"u","user":{"token":"%s"}}],"contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],"current-context":"c"}`, secret, secret)))
		}, told: "exit 2"},
		{name: "the terminal tells secrets of the cluster", try: func(t *testing.T, w *world) string {
			return w.terminal("why", "-o", "json", "--kubeconfig", w.kube(t, "t-ada")) + w.terminal("check", "--kubeconfig", w.kube(t, "t-ada"))
		}, told: "CoreDNS"},
		{name: "a bundle keeps secrets of the cluster", try: func(t *testing.T, w *world) string {
			file := filepath.Join(t.TempDir(), "b.tar.zst")
			answer := w.terminal("bundle", "capture", "--kubeconfig", w.kube(t, "t-ada"), file)
			return answer + unpacked(t, file)
		}, told: "librechat"},
		{name: "a bundle keeps what a link on the node points to", try: func(t *testing.T, w *world) string {
			root, outside := t.TempDir(), write(t, "outside.conf", "outside-the-root")
			for _, dir := range []string{"etc/cni/net.d", "etc/rancher/k3s"} {
				ok(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
			}
			ok(t, os.Symlink(outside, filepath.Join(root, "etc/cni/net.d/10-x.conflist")))
			ok(t, os.Symlink(filepath.Dir(outside), filepath.Join(root, "etc/cni/linked")))
			ok(t, os.Symlink("../../../../../../../../../../../.."+outside, filepath.Join(root, "etc/resolv.conf")))
			file := filepath.Join(t.TempDir(), "b.tar.zst")
			answer := w.terminal("bundle", "capture", "--kubeconfig", w.kube(t, "t-ada"), "--host-root", root, "--node", "leveling-pc", file)
			return answer + unpacked(t, file)
		}, told: "librechat", not: []string{"outside-the-root"}},
		{name: "a bundle's entry lies outside of it", try: packed("../../../../tmp/paramedic-was-here", "objects/../../x"), told: "exit 2"},
		{name: "a bundle has an entry twice", try: packed("manifest.json", "manifest.json"), told: "exit 2"},
	}
}

// tail is the end of an answer, without what differs by chance.
func tail(s string) string {
	_, text, _ := strings.Cut(s, " ") // without the message's time
	return strings.TrimSpace(text)
}

// unpacked is all that a bundle holds.
func unpacked(t *testing.T, file string) string {
	raw, err := os.ReadFile(file)
	ok(t, err)
	d, err := zstd.NewReader(bytes.NewReader(raw))
	ok(t, err)
	defer d.Close()
	var out bytes.Buffer
	_, err = out.ReadFrom(d)
	ok(t, err)
	return out.String()
}

// packed makes a bundle with entries of those names, and has the program read it.
func packed(names ...string) func(*testing.T, *world) string {
	return func(t *testing.T, w *world) string {
		var b bytes.Buffer
		z, err := zstd.NewWriter(&b)
		ok(t, err)
		out := tar.NewWriter(z)
		for _, name := range names {
			text := `{"format":1}`
			ok(t, out.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}))
			_, err := out.Write([]byte(text))
			ok(t, err)
		}
		ok(t, out.Close())
		ok(t, z.Close())
		answer := w.terminal("bundle", "info", write(t, "b.tar.zst", b.String()))
		if _, err := os.Stat("/tmp/paramedic-was-here"); err == nil {
			t.Error("it was written outside")
		}
		return answer
	}
}
