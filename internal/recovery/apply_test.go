package recovery_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest"
)

var (
	coredns  = incident.Object{Kind: "ConfigMap", Namespace: "kube-system", Name: "coredns"}
	ada      = incident.Identity{User: "ada", Groups: []string{"operators"}}
	t0       = time.Date(2025, 10, 5, 9, 0, 0, 0, time.UTC)
	goodFile = "forward . 10.99.0.1\n"
)

// mend makes a cluster with a broken Corefile and the plan that mends it.
func mend(t *testing.T) (*steptest.Cluster, *steptest.Memory, *recovery.Recovery, *incident.Plan) {
	t.Helper()
	c, m := steptest.NewCluster(), &steptest.Memory{}
	c.Put(coredns, map[string]any{"data": map[string]any{"Corefile": "forward . 127.0.0.1\n"}})
	r := newRecovery(t, recovery.Options{Reader: c, WriterFor: c.WriterFor, Blobs: m, LastGood: m})
	hash, _ := m.PutBlob(t.Context(), []byte(goodFile))
	s, err := r.Bind(t.Context(), incident.Step{Kind: recovery.SetConfigMapKey, Target: incident.Target{Object: coredns},
		Params: map[string]string{"key": "Corefile", "value": hash}})
	if err != nil {
		t.Fatal(err)
	}
	p := &incident.Plan{Steps: []incident.Step{s}}
	recovery.Seal(p)
	return c, m, r, p
}

func newRecovery(t *testing.T, o recovery.Options) *recovery.Recovery {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return t0 }
	}
	r, err := recovery.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAnAnswerThatGetsLostIsNeitherDoneNorFailed(t *testing.T) {
	for name, lost := range map[string]error{"a gateway's time-out": steptest.Timeout(), "a connection that broke": &net.OpError{Op: "read",
		Err: errors.New("reset")}} {
		c, _, r, p := mend(t)
		c.Fail = func() error { return lost }
		if _, _, err := r.Apply(t.Context(), p, p.Steps[0], ada); !errors.Is(err, recovery.ErrUnclear) {
			t.Errorf("%s: %v, want ErrUnclear", name, err)
		}
		if o, err := r.Observe(t.Context(), p.Steps[0]); err != nil || o.Outcome != recovery.Done {
			t.Errorf("%s: observed %+v, %v; it was done", name, o, err)
		}
	}
}

func TestARefusalIsAFailure(t *testing.T) {
	c, _, r, p := mend(t)
	writers := 0
	o := recovery.Options{Reader: c, Blobs: &steptest.Memory{}, LastGood: &steptest.Memory{},
		WriterFor: func(incident.Identity) (recovery.Writer, error) {
			writers++
			return nil, errors.New("no user is configured")
		}}
	if _, _, err := newRecovery(t, o).Apply(t.Context(), p, p.Steps[0], ada); err == nil || errors.Is(err, recovery.ErrUnclear) ||
		writers != 1 {
		t.Errorf("got %v", err)
	}
	if checks := newRecovery(t, o).Review(t.Context(), p, ada); len(checks) != 1 || checks[0].OK {
		t.Errorf("review %+v", checks)
	}
	if ob, err := r.Observe(t.Context(), p.Steps[0]); err != nil || ob.Outcome != recovery.NotDone {
		t.Errorf("observed %+v, %v", ob, err)
	}
}

func TestAWebhookThatMakesSomethingElseOfItIsNoticedBeforeTheWrite(t *testing.T) {
	c, _, r, p := mend(t)
	c.Mutate = func(_ incident.Object, o map[string]any) { o["data"].(map[string]any)["injected"] = "yes" }
	if _, _, err := r.Apply(t.Context(), p, p.Steps[0], ada); !errors.Is(err, recovery.ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
	if checks := r.Review(t.Context(), p, ada); incident.AllOK(checks) || !strings.Contains(checks[1].Detail, "webhook") {
		t.Errorf("review %+v", checks)
	}
	if c.Writes != 0 {
		t.Error("it was written")
	}
}

// busy changes an object's status between a read and the write that follows.
type busy struct {
	*steptest.Cluster
	times int
}

func (b *busy) WriterFor(as incident.Identity) (recovery.Writer, error) {
	w, err := b.Cluster.WriterFor(as)
	return busyWriter{w, b}, err
}

type busyWriter struct {
	recovery.Writer
	b *busy
}

func (w busyWriter) Patch(c context.Context, o incident.Object, patch []byte, dryRun bool) ([]byte, error) {
	if !dryRun && w.b.times > 0 {
		w.b.times--
		w.b.Put(o, map[string]any{"data": map[string]any{"Corefile": "forward . 127.0.0.1\n"}, "status": w.b.times})
	}
	return w.Writer.Patch(c, o, patch, dryRun)
}

func TestAStatusUpdateInBetweenDoesNotStopAStep(t *testing.T) {
	for times, want := range map[int]bool{2: true, 9: false} {
		c, m, _, p := mend(t)
		b := &busy{c, times}
		r := newRecovery(t, recovery.Options{Reader: c, WriterFor: b.WriterFor, Blobs: m, LastGood: m})
		_, _, err := r.Apply(t.Context(), p, p.Steps[0], ada)
		if (err == nil) != want {
			t.Errorf("%d updates: %v", times, err)
		}
	}
}

func TestAPlanThatWasTamperedWithIsRefused(t *testing.T) {
	c, m, r, p := mend(t)
	evil, _ := m.PutBlob(t.Context(), []byte("forward . 6.6.6.6\n"))
	p.Steps[0].Params["value"] = evil
	if _, _, err := r.Apply(t.Context(), p, p.Steps[0], ada); !errors.Is(err, recovery.ErrChanged) {
		t.Errorf("got %v", err)
	}
	if ok, why, err := r.Recheck(t.Context(), p, nil); ok || why == "" || err != nil {
		t.Errorf("recheck %v %q %v", ok, why, err)
	}
	if c.Writes != 0 {
		t.Error("it was written")
	}
	if _, err := r.Observe(t.Context(), incident.Step{Kind: "RunShell"}); err == nil {
		t.Error("a kind that does not exist was observed")
	}
}

func TestABlobThatWasTamperedWithIsRefused(t *testing.T) {
	_, m, _, p := mend(t)
	c := steptest.NewCluster()
	c.Put(coredns, map[string]any{"data": map[string]any{"Corefile": "forward . 127.0.0.1\n"}})
	r := newRecovery(t, recovery.Options{Reader: c, WriterFor: c.WriterFor, Blobs: liar{m}, LastGood: m})
	if _, err := r.Observe(t.Context(), p.Steps[0]); err == nil || !strings.Contains(err.Error(), "not what was stored") {
		t.Errorf("got %v", err)
	}
}

type liar struct{ *steptest.Memory }

func (liar) Blob(context.Context, string) ([]byte, error) { return []byte("forward . 6.6.6.6\n"), nil }

const cniDir = "/etc/cni/net.d"

// restores is a plan to restore two files on a node; wrap says how that node answers.
func restores(t *testing.T, wrap func(*host.Host) recovery.Host) (steptest.World, *host.Host, *recovery.Recovery, *incident.Plan) {
	t.Helper()
	w, _ := steptest.NewWorld()
	h, err := host.New(host.Config{Root: t.TempDir(), Node: w.Node})
	if err != nil {
		t.Fatal(err)
	}
	one, two := host.File{Name: "1.conf", Mode: 0o600, Content: []byte("1")}, host.File{Name: "2.conf", Mode: 0o600, Content: []byte("2")}
	w.Options.Hosts = map[string]recovery.Host{w.Node: wrap(h)}
	r := newRecovery(t, w.Options)
	hash, _ := w.Options.Blobs.PutBlob(t.Context(), host.Archive{Files: []host.File{one, two}}.Encode())
	s, err := r.Bind(t.Context(), incident.Step{Kind: recovery.RestoreHostFiles, Target: incident.Target{Object: incident.Object{Kind: "Node",
		Name: w.Node}},
		Params: map[string]string{"dir": cniDir, "archive": hash}})
	if err != nil {
		t.Fatal(err)
	}
	p := &incident.Plan{Steps: []incident.Step{s}}
	recovery.Seal(p)
	return w, h, r, p
}

// silent is a host whose mount no longer answers when it is written to.
type silent struct{ *host.Host }

func (silent) Restore(context.Context, string, host.Archive, []string) error {
	return fmt.Errorf("restore: %w in 10s", host.ErrNoAnswer)
}

func TestAFileSystemThatDoesNotAnswerIsNeitherDoneNorFailed(t *testing.T) {
	w, _, r, p := restores(t, func(h *host.Host) recovery.Host { return silent{h} })
	if _, _, err := r.Apply(t.Context(), p, p.Steps[0], w.May); !errors.Is(err, recovery.ErrUnclear) {
		t.Errorf("%v, want ErrUnclear", err)
	}
	if o, err := r.Observe(t.Context(), p.Steps[0]); err != nil || o.Outcome != recovery.NotDone {
		t.Errorf("observed %+v, %v", o, err)
	}
}

func TestFilesRestoredInPartAreRestoredAgain(t *testing.T) {
	w, h, r, p := restores(t, func(h *host.Host) recovery.Host { return h })
	s := p.Steps[0]
	one := host.File{Name: "1.conf", Mode: 0o600, Content: []byte("1")}
	if err := h.Restore(t.Context(), cniDir, host.Archive{Files: []host.File{one}}, nil); err != nil { // killed after the first file
		t.Fatal(err)
	}
	if o, err := r.Observe(t.Context(), s); err != nil || o.Outcome != recovery.NotDone || !strings.Contains(o.Detail, "1 of 2") {
		t.Errorf("observed %+v, %v", o, err)
	}
	if _, inverse, err := r.Apply(t.Context(), p, s, w.May); err != nil || inverse == nil ||
		inverse.Params["remove"] != `["1.conf","2.conf"]` {
		t.Errorf("apply: %+v, %v", inverse, err)
	}
	if o, err := r.Observe(t.Context(), s); err != nil || o.Outcome != recovery.Done {
		t.Errorf("observed %+v, %v", o, err)
	}
}

func TestStepsAreForTheirTargetsOnly(t *testing.T) {
	c, m := steptest.NewCluster(), &steptest.Memory{}
	r := newRecovery(t, recovery.Options{Reader: c, WriterFor: c.WriterFor, Blobs: m, LastGood: m})
	put := func(kind string, spec map[string]any) incident.Object {
		o := incident.Object{Kind: kind, Namespace: "shop", Name: strings.ToLower(kind)}
		c.Put(o, map[string]any{"spec": spec})
		return o
	}
	template := map[string]any{"metadata": map[string]any{}}
	for want, s := range map[string]incident.Step{
		"only a Deployment": {Kind: recovery.RestartWorkload, Target: incident.Target{Object: put("Job", nil)},
			Params: map[string]string{"at": "x"}},
		"OnDelete": {Kind: recovery.RestartWorkload,
			Target: incident.Target{Object: put("DaemonSet", map[string]any{"updateStrategy": map[string]any{"type": "OnDelete"}})},
			Params: map[string]string{"at": "x"}},
		"paused": {Kind: recovery.RollBackWorkload,
			Target: incident.Target{Object: put("Deployment", map[string]any{"paused": true, "template": template})}},
		"it has no pod template": {Kind: recovery.RollBackWorkload, Target: incident.Target{Object: put("StatefulSet", nil)}},
		"no key":                 {Kind: recovery.SetConfigMapKey, Target: incident.Target{Object: put("ConfigMap", nil)}},
		"out of Paramedic's reach": {Kind: recovery.RestoreHostFiles, Target: incident.Target{Object: incident.Object{Kind: "Node", Name: "n"}},
			Params: map[string]string{"dir": "/etc"}},
		"not a kind": {Kind: "RunShell"},
	} {
		if _, err := r.Bind(t.Context(), s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestNewSaysAllThatIsMissing(t *testing.T) {
	_, err := recovery.New(recovery.Options{})
	for _, want := range []string{"Reader", "WriterFor", "Blobs", "LastGood", "Now"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func TestAnAutoscalerDoesNotStopAStep(t *testing.T) {
	c, m := steptest.NewCluster(), &steptest.Memory{}
	r := newRecovery(t, recovery.Options{Reader: c, WriterFor: c.WriterFor, Blobs: m, LastGood: m})
	web := incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}
	scaled := func(n int, image string) {
		c.Put(web, map[string]any{"spec": map[string]any{"replicas": n, "template": map[string]any{"spec": map[string]any{"image": image}}}})
	}
	scaled(2, "web:1")
	s, err := r.Bind(t.Context(), incident.Step{Kind: recovery.RestartWorkload, Target: incident.Target{Object: web},
		Params: map[string]string{"at": "2025-10-05T09:00:00Z"}})
	if err != nil {
		t.Fatal(err)
	}
	p := &incident.Plan{Steps: []incident.Step{s}}
	recovery.Seal(p)
	for image, want := range map[string]bool{"web:1": true, "web:2": false} {
		scaled(5, image)
		if ok, why, err := r.Recheck(t.Context(), p, nil); ok != want || err != nil {
			t.Errorf("scaled, with image %s: %v, %q, %v", image, ok, why, err)
		}
	}
}
