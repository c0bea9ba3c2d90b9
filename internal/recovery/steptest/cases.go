package steptest

import (
	"cmp"
	"slices"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

const cniDir = "/etc/cni/net.d"

func cases() []kindCase {
	all := append(append(wholeCases(), podCases()...), drainCase())
	for _, c := range fieldCases {
		all = append(all, c.kindCase())
	}
	return append(all, []kindCase{
		{kind: recovery.SetConfigMapKey, undoable: true,
			setUp: func(t *testing.T, w World) incident.Step {
				o := incident.Object{Kind: "ConfigMap", Namespace: w.Namespace, Name: "coredns"}
				w.Delete(t, o)
				w.Put(t, o, configMap("forward . 127.0.0.1\n"))
				return draft(recovery.SetConfigMapKey, o, "key", "Corefile", "value", blob(t, w, []byte("forward . 10.99.0.1\n")))
			},
			meddle: func(t *testing.T, w World, o incident.Object) { w.Put(t, o, configMap("forward . 8.8.8.8\n")) },
		},
		{kind: recovery.RestartWorkload,
			setUp: func(t *testing.T, w World) incident.Step {
				o := incident.Object{Kind: "Deployment", Namespace: w.Namespace, Name: "web"}
				w.Delete(t, o)
				w.Put(t, o, deployment("busybox:1.36"))
				return draft(recovery.RestartWorkload, o, "at", "2025-10-05T11:00:00Z")
			},
			meddle: func(t *testing.T, w World, o incident.Object) { w.Put(t, o, deployment("busybox:1.35")) },
		},
		{kind: recovery.RollBackWorkload, undoable: true,
			setUp: func(t *testing.T, w World) incident.Step {
				o := incident.Object{Kind: "Deployment", Namespace: w.Namespace, Name: "web"}
				w.Delete(t, o)
				w.Put(t, o, deployment("busybox:1.36"))
				good := get(t, w, o)["spec"].(map[string]any)["template"] // with the API server's defaults
				w.Put(t, o, deployment("busybox:none"))
				return draft(recovery.RollBackWorkload, o, "template", blob(t, w, encode(good)), "from", "2", "to", "1")
			},
			meddle: func(t *testing.T, w World, o incident.Object) { w.Put(t, o, deployment("busybox:1.35")) },
		},
		{kind: recovery.RestoreHostFiles, undoable: true,
			setUp: func(t *testing.T, w World) incident.Step {
				files(w).write(t, "20-kept.conf", "{}")
				files(w).write(t, "10-lab.conflist", "broken")
				good := host.Archive{Files: []host.File{
					{Name: "05-lost.conf", Mode: 0o644, Content: []byte("{\"a\":1}\n")},
					{Name: "10-lab.conflist", Mode: 0o600, Content: []byte("whole\n")}}}
				return draft(recovery.RestoreHostFiles, incident.Object{Kind: "Node", Name: w.Node}, "dir", cniDir, "archive",
					blob(t, w, good.Encode()))
			},
			meddle: func(t *testing.T, w World, _ incident.Object) { files(w).write(t, "20-kept.conf", "{\"other\":true}") },
		},
	}...)
}

func draft(kind string, o incident.Object, params ...string) incident.Step {
	s := incident.Step{Kind: kind, Target: incident.Target{Object: o}, Params: map[string]string{}}
	for i := 0; i < len(params); i += 2 {
		s.Params[params[i]] = params[i+1]
	}
	return s
}

func blob(t *testing.T, w World, content []byte) string {
	t.Helper()
	hash, err := w.Options.Blobs.PutBlob(t.Context(), content)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func files(w World) rooted { return w.Options.Hosts[w.Node].(rooted) }

func configMap(corefile string) map[string]any {
	return map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"Corefile": corefile, "other": "stays"}}
}

// deployment has no replicas, so that a real cluster has nothing to do but its bookkeeping.
func deployment(image string) map[string]any {
	labels := map[string]any{"app": "web"}
	return map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "spec": map[string]any{
		"replicas": 0, "selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": map[string]any{
			"containers": []any{map[string]any{"name": "web", "image": image, "env": []any{map[string]any{"name": "A", "value": "b"}}}}}},
	}}
}

// Draft is a step of one kind, and how its target comes to be as it is to be mended.
type Draft struct {
	Kind  string
	Of    string // the kind of object, where there are several
	SetUp func(*testing.T, World) incident.Step
}

// Drafts are the steps that the suite meets: at least one of each kind.
func Drafts() []Draft {
	var all []Draft
	for _, c := range cases() {
		all = append(all, Draft{Kind: c.kind, Of: c.of, SetUp: c.setUp})
	}
	slices.SortStableFunc(all, func(a, b Draft) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Of, b.Of)) })
	return all
}
