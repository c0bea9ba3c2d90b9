package steptest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

// World is a cluster, and a node's files, that the suite may do as it likes with.
type World struct {
	Options   recovery.Options // Hosts is set by the suite
	Namespace string           // all objects but Node are made here
	Node      string           // the name of a Node object that exists
	May       incident.Identity
	MayNot    incident.Identity
	Without   []string // kinds of [OfOthers] that it does not serve
	// Put creates or replaces an object, as somebody else would; Delete removes it, if it is there, and waits until it is gone.
	Put    func(t *testing.T, o incident.Object, object map[string]any)
	Delete func(t *testing.T, o incident.Object)
}

// NewWorld is a World in memory.
func NewWorld() (World, *Cluster) {
	c := NewCluster()
	node := incident.Object{Kind: "Node", Name: "leveling-pc"}
	c.Put(node, map[string]any{"apiVersion": "v1", "spec": map[string]any{}})
	w := World{Namespace: "recovery-test", Node: node.Name, May: incident.Identity{User: "ada", Groups: []string{"operators"}},
		MayNot: incident.Identity{User: "ben"}}
	c.Allowed = func(as incident.Identity, _ incident.Right) bool { return as.User == w.May.User }
	w.Put = func(_ *testing.T, o incident.Object, object map[string]any) { c.Put(o, object) }
	w.Delete = func(_ *testing.T, o incident.Object) { c.Delete(o) }
	m := &Memory{}
	w.Options = recovery.Options{Reader: c, WriterFor: c.WriterFor, Blobs: m, LastGood: m, Now: time.Now}
	return w, c
}

// kindCase is how the suite meets one kind of step.
type kindCase struct {
	kind     string
	setUp    func(*testing.T, World) incident.Step // the target as it is to be mended, and the draft of the step
	meddle   func(*testing.T, World, incident.Object)
	undoable bool
	of       string // the kind of object, where the suite meets several
	absent   bool   // the target is not there before
	ends     bool   // the step is done when its target is gone, whoever did it
}

// Run runs the suite: every kind of step, each case on a target of its own.
func Run(t *testing.T, world func(t *testing.T) World) {
	covered := map[string]bool{}
	for _, c := range cases() {
		covered[c.kind] = true
		t.Run(strings.TrimSuffix(c.kind+" "+c.of, " "), func(t *testing.T) {
			if slices.Contains(world(t).Without, c.of) {
				t.Skip("this cluster has no " + c.of)
			}
			c.run(t, world)
		})
	}
	for _, k := range recovery.StepKinds() {
		if !covered[k.Kind] {
			t.Errorf("%s is not in the suite", k.Kind)
		}
	}
}

func (c kindCase) run(t *testing.T, world func(t *testing.T) World) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, World)
	}{
		{"before it is not done, and a review changes nothing", c.untouched},
		{"somebody without the right is told so, and nothing happens", c.forbidden},
		{"applied it is done, and applied again it is done once", c.onceOnly},
		{"the inverse restores", c.undone},
		{"a target that somebody changed is left alone", c.meddledWith},
		{"a target that was replaced or is gone is left alone", c.replaced},
		{"a step that is not the plan's is refused", c.notThePlans},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, world(t)) })
	}
}

func (c kindCase) untouched(t *testing.T, w World) {
	b := c.begin(t, w)
	b.observes(recovery.NotDone)
	if b.step.Title == "" || b.step.Diff == "" || len(b.step.Rights) == 0 || (b.step.Target.UID == "") != c.absent ||
		b.step.Target.SpecHash == "" {
		t.Errorf("something is missing: %+v", b.step)
	}
	checks := b.r.Review(t.Context(), b.plan, b.w.May)
	if len(checks) != 2 || !incident.AllOK(checks) {
		t.Errorf("review: %+v", checks)
	}
	b.observes(recovery.NotDone)
	b.rechecks(true)
}

func (c kindCase) forbidden(t *testing.T, w World) {
	b := c.begin(t, w)
	checks := b.r.Review(t.Context(), b.plan, b.w.MayNot)
	if len(checks) == 0 || checks[0].OK || !strings.Contains(checks[0].Detail, b.w.MayNot.User) {
		t.Errorf("review: %+v", checks)
	}
	if _, _, err := b.r.Apply(t.Context(), b.plan, b.step, b.w.MayNot); err == nil {
		t.Error("applied")
	}
	b.observes(recovery.NotDone)
}

func (c kindCase) onceOnly(t *testing.T, w World) {
	b := c.begin(t, w)
	b.apply(b.plan, b.step) // a crash here leaves no record; observe must know
	b.observes(recovery.Done)
	was := b.target()
	b.apply(b.plan, b.step)
	if now := b.target(); now != was {
		t.Errorf("the second time changed it from %s to %s", was, now)
	}
	b.observes(recovery.Done)
	b.rechecks(false)
}

func (c kindCase) undone(t *testing.T, w World) {
	b := c.begin(t, w)
	inverse := b.apply(b.plan, b.step)
	if (inverse != nil) != c.undoable {
		t.Fatalf("inverse %+v", inverse)
	}
	if inverse == nil {
		return
	}
	back := recovery.Inverse(b.plan, []incident.Step{*inverse})
	if back.InverseOf != b.plan.Hash || back.Hash != back.ComputeHash() {
		t.Errorf("inverse plan %+v", back)
	}
	if ok, why, err := b.r.Recheck(t.Context(), back, nil); !ok || err != nil {
		t.Errorf("the inverse is not what it would be if made again: %s, %v", why, err)
	}
	if checks := b.r.Review(t.Context(), back, b.w.May); !incident.AllOK(checks) {
		t.Errorf("review of the inverse: %+v", checks)
	}
	again := b.apply(back, back.Steps[0])
	if !c.ends { // what was made again is not what the step removed
		b.observes(recovery.NotDone)
	}
	if o, err := b.r.Observe(t.Context(), back.Steps[0]); err != nil || o.Outcome != recovery.Done {
		t.Errorf("observe the inverse: %+v, %v", o, err)
	}
	want := b.step.Target
	if c.ends { // what was made again is another object, and had no UID when this was written
		want.UID = ""
	}
	if again == nil || again.Target != want {
		t.Errorf("the inverse of the inverse is not the step: %+v", again)
	}
}

func (c kindCase) meddledWith(t *testing.T, w World) {
	b := c.begin(t, w)
	c.meddle(t, b.w, b.step.Target.Object)
	b.refused()
}

func (c kindCase) replaced(t *testing.T, w World) {
	b := c.begin(t, w)
	if stays[b.step.Target.Object.Kind] || c.absent {
		t.Skip("there is nothing to delete")
	}
	b.w.Delete(t, b.step.Target.Object)
	expect := b.refused
	if c.ends {
		expect = b.doneByOthers
	}
	expect()
	c.setUp(t, b.w)
	was := b.target()
	expect()
	if now := b.target(); now != was {
		t.Errorf("another object of that name was changed from %s to %s", was, now)
	}
}

func (c kindCase) notThePlans(t *testing.T, w World) {
	b := c.begin(t, w)
	other := b.step
	other.Title += "!"
	if _, _, err := b.r.Apply(t.Context(), b.plan, other, b.w.May); !errors.Is(err, recovery.ErrChanged) {
		t.Errorf("got %v", err)
	}
	b.observes(recovery.NotDone)
}

// Hosts is a node whose files lie below root, for a World's Options.
func Hosts(t *testing.T, node, root string) map[string]recovery.Host {
	t.Helper()
	h, err := host.New(host.Config{Root: root, Node: node})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]recovery.Host{node: rooted{h, root}}
}

// bench is one case under way.
type bench struct {
	t    *testing.T
	w    World
	r    *recovery.Recovery
	plan *incident.Plan
	step incident.Step
}

func (c kindCase) begin(t *testing.T, w World) *bench {
	t.Helper()
	w.Options.Hosts = Hosts(t, w.Node, t.TempDir())
	r, err := recovery.New(w.Options)
	if err != nil {
		t.Fatal(err)
	}
	step, err := r.Bind(t.Context(), c.setUp(t, w))
	if err != nil {
		t.Fatal(err)
	}
	p := &incident.Plan{Runbook: "test", Title: "test", Steps: []incident.Step{step}}
	recovery.Seal(p)
	var stored incident.Plan // as it comes back from the log
	mustJSON(encode(p), &stored)
	return &bench{t: t, w: w, r: r, plan: &stored, step: stored.Steps[0]}
}

func (b *bench) observes(want recovery.Outcome) {
	b.t.Helper()
	o, err := b.r.Observe(b.t.Context(), b.step)
	if err != nil || o.Outcome != want || o.Detail == "" {
		b.t.Errorf("observed %+v, %v; want %s", o, err, want)
	}
}

func (b *bench) rechecks(want bool) {
	b.t.Helper()
	ok, why, err := b.r.Recheck(b.t.Context(), b.plan, nil)
	if err != nil || ok != want || ok == (why != "") {
		b.t.Errorf("recheck %v %q, %v; want %v", ok, why, err, want)
	}
}

func (b *bench) apply(p *incident.Plan, s incident.Step) *incident.Step {
	b.t.Helper()
	detail, inverse, err := b.r.Apply(b.t.Context(), p, s, b.w.May)
	if err != nil || detail == "" {
		b.t.Fatalf("apply: %q, %v", detail, err)
	}
	return inverse
}

func (b *bench) refused() {
	b.t.Helper()
	if _, _, err := b.r.Apply(b.t.Context(), b.plan, b.step, b.w.May); !errors.Is(err, recovery.ErrChanged) {
		b.t.Errorf("apply: %v, want ErrChanged", err)
	}
	b.observes(recovery.Unknown)
	b.rechecks(false)
	if incident.AllOK(b.r.Review(b.t.Context(), b.plan, b.w.May)) {
		b.t.Error("the review found nothing wrong")
	}
}

// doneByOthers: the target is gone, and whatever has its name now is not touched.
func (b *bench) doneByOthers() {
	b.t.Helper()
	b.observes(recovery.Done)
	b.rechecks(false)
	if _, _, err := b.r.Apply(b.t.Context(), b.plan, b.step, b.w.May); err != nil {
		b.t.Errorf("apply: %v", err)
	}
}

// target is the target as it is, as far as somebody decided about it.
func (b *bench) target() string {
	b.t.Helper()
	if b.step.Kind == recovery.RestoreHostFiles {
		a, changed, err := b.w.Options.Hosts[b.w.Node].Archive(b.t.Context(), cniDir)
		if err != nil {
			b.t.Fatal(err)
		}
		return a.Hash() + changed.String()
	}
	data, err := b.w.Options.Reader.Get(b.t.Context(), b.step.Target.Object)
	if apierrors.IsNotFound(err) {
		return "gone"
	}
	if err != nil {
		b.t.Fatal(err)
	}
	var o map[string]any
	mustJSON(data, &o)
	meta := o["metadata"].(map[string]any)
	if spec, ok := o["spec"].(map[string]any); ok && b.step.Target.Object.Kind == "Node" {
		taints, _ := spec["taints"].([]any) // the cluster taints what is cordoned
		spec["taints"] = slices.DeleteFunc(taints, func(x any) bool {
			key, _ := x.(map[string]any)["key"].(string)
			return strings.HasPrefix(key, "node.kubernetes.io/")
		})
	}
	notes, _ := meta["annotations"].(map[string]any) // controllers write some of their own
	return string(encode([]any{o["data"], o["spec"], meta["uid"], meta["finalizers"], meta["labels"], o["rules"], o["subjects"], o["webhooks"],
		notes["storageclass.kubernetes.io/is-default-class"]}))
}

func get(t *testing.T, w World, o incident.Object) map[string]any {
	t.Helper()
	data, err := w.Options.Reader.Get(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// rooted lets the suite meddle with the files behind a host.
type rooted struct {
	*host.Host
	root string
}

func (r rooted) write(t *testing.T, name, content string) {
	t.Helper()
	p := filepath.Join(r.root, cniDir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
