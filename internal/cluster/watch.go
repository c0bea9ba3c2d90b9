package cluster

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Watch keeps what a look lists current: every kind of a Snapshot, by one reflector each, as protobuf, streamed where the server can. What
// may not be read, or is not served, is left out and said, and tried again. It is safe for concurrent use.
type Watch struct {
	reader *Reader
	now    func() time.Time
	kinds  []*kept

	mu      sync.Mutex
	changed map[string]time.Time // the first change in a namespace that nobody took yet; "" stands for what lies in none
	wake    chan struct{}
	changes int64
}

// NewWatch prepares to watch. Nothing is asked before Run.
func (r *Reader) NewWatch(now func() time.Time) *Watch {
	w := &Watch{reader: r, now: now, changed: map[string]time.Time{}, wake: make(chan struct{}, 1)}
	for i := range snapshot.Kinds {
		w.kinds = append(w.kinds, &kept{kind: &snapshot.Kinds[i], changed: w.note, lost: now(),
			objects: map[string]map[string]metav1.Object{}})
	}
	return w
}

// Run watches until the context ends.
func (w *Watch) Run(ctx context.Context) {
	quiet := klog.NewContext(ctx, klog.Logger{}) // what a reflector would log, State says
	var g sync.WaitGroup
	for _, k := range w.kinds {
		g.Go(func() {
			cache.NewReflectorWithOptions(w.source(k), k.kind.New(), k, cache.ReflectorOptions{Name: k.kind.Resource}).RunWithContext(quiet)
		})
	}
	g.Wait()
}

// source lists and watches one kind, and notes how that goes.
func (w *Watch) source(k *kept) cache.ListerWatcher {
	client := w.reader.clients[k.kind.GroupVersion()]
	noted := func(err error) error {
		switch {
		case apierrors.IsForbidden(err), apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err):
			k.refuse(err)
		case err != nil:
			k.streaming(false, w.now())
		}
		return err
	}
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			list := k.kind.NewList()
			err := client.Get().Resource(k.kind.Resource).VersionedParams(&o, scheme.ParameterCodec).Do(ctx).Into(list)
			return list, noted(err)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.Watch = true
			stream, err := client.Get().Resource(k.kind.Resource).VersionedParams(&o, scheme.ParameterCodec).Watch(ctx)
			switch {
			case err == nil:
				k.streaming(true, w.now())
			case o.SendInitialEvents != nil:
				// A server that can't stream lists is asked for a list next, which says what is the matter.
			case apierrors.IsResourceExpired(err), apierrors.IsGone(err):
				// What changed meanwhile is no longer known there: it is listed anew.
			default:
				k.streaming(false, w.now())
			}
			return stream, err
		},
	}
}

// note notes a change.
func (w *Watch) note(namespace string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes++
	if _, there := w.changed[namespace]; !there {
		w.changed[namespace] = w.now()
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Changed wakes who takes changes.
func (w *Watch) Changed() <-chan struct{} { return w.wake }

// Take returns where something changed since it was last called, with when the first of it was received; "" stands for what lies in no
// namespace.
func (w *Watch) Take() map[string]time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.changed
	w.changed = map[string]time.Time{}
	select {
	case <-w.wake:
	default:
	}
	return out
}

// WatchState says how a Watch stands.
type WatchState struct {
	// Current says that everything that may be read is known, and that changes come in.
	Current bool
	// Lost is since when that is not so; zero where it is.
	Lost time.Time
	// Waits names the resources of which that is not so.
	Waits []string
	// Left lists what may not be read or is not served.
	Left []incident.NotSeen
	// Objects is how many are kept; Changes is how many came in since it began.
	Objects int
	Changes int64
}

// State says how the watch stands.
func (w *Watch) State() WatchState {
	out := WatchState{Current: true}
	var s snapshot.Snapshot
	for _, k := range w.kinds {
		current, lost := k.state()
		if !current {
			out.Current, out.Waits = false, append(out.Waits, k.kind.Resource)
			if out.Lost.IsZero() || lost.Before(out.Lost) {
				out.Lost = lost
			}
		}
		out.Objects += k.refusedOrCounted(&s)
	}
	out.Left = s.NotSeen
	w.mu.Lock()
	defer w.mu.Unlock()
	out.Changes = w.changes
	return out
}

// Namespaces lists those in which anything is known to lie.
func (w *Watch) Namespaces() []string {
	all := map[string]bool{}
	for _, k := range w.kinds {
		k.mu.RLock()
		for namespace := range k.objects {
			all[namespace] = namespace != ""
		}
		k.mu.RUnlock()
	}
	delete(all, "")
	return slices.Sorted(maps.Keys(all))
}

// lists fills a Snapshot with what a look would list of a namespace, or of all; false if that is not current.
func (w *Watch) lists(s *snapshot.Snapshot, namespace string) bool {
	for _, k := range w.kinds {
		if current, _ := k.state(); !current {
			return false
		}
	}
	for _, k := range w.kinds {
		k.fill(s, namespace)
	}
	return true
}

// notWatched is what the Snapshot of a namespace lacks: a look reads it.
var notWatched = []incident.NotSeen{
	{What: "custom resources", Why: "they are read by the looks at everything", Resources: []incident.Resource{incident.CustomResources}},
	{What: "logs", Why: "they are read by the looks at everything", Resources: []incident.Resource{incident.PodLogs}},
	{What: "the API server's health", Why: "it is asked for by the looks at everything", Resources: []incident.Resource{incident.ServerHealth,
		incident.ServerVersion}},
	snapshot.NoHosts,
}

// Namespace is what is known of a namespace and of what lies in none, indexed; ok is false while that is not current. It costs as much as
// the namespace is large, not the cluster.
func (w *Watch) Namespace(namespace string) (s *snapshot.Snapshot, ok bool) {
	s = &snapshot.Snapshot{At: w.now().UTC(), Cluster: w.reader.name, Namespace: namespace, NotSeen: slices.Clone(notWatched)}
	if ok = w.lists(s, namespace); ok {
		s.Index()
	}
	return s, ok
}
