package bundle

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/scheme"
)

// record is one version of an object. It never changes, so it can be read without a lock; encodings are made once.
type record struct {
	object *unstructured.Unstructured
	// origin is the object as its bundle has it, before times were moved; nil if a request or Set made this version. Two records with
	// equal origins are the same object at the same moment.
	origin map[string]any
	// written says that a request made this version, or a version since the last Set or Transition that replaced it.
	written bool

	json  func() ([]byte, error)
	typed func() (runtime.Object, error) // fails for kinds that are not built in
}

func newRecord(o *unstructured.Unstructured) *record {
	return &record{
		object: o,
		json:   sync.OnceValues(func() ([]byte, error) { return json.Marshal(o.Object) }),
		typed: sync.OnceValues(func() (runtime.Object, error) {
			typed, err := scheme.Scheme.New(o.GroupVersionKind())
			if err != nil {
				return nil, err
			}
			err = runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, typed)
			return typed, err
		}),
	}
}

// change is one event of the world's history. For Deleted, record is the object's last version under the deletion's resourceVersion.
type change struct {
	version uint64
	gvr     schema.GroupVersionResource
	event   watch.EventType
	record  *record
	before  *record // nil for Added
}

// world is the state behind a Server: the objects, their recent history, the logs. Every method locks for itself.
type world struct {
	mu        sync.RWMutex
	version   uint64 // the newest resourceVersion
	resources map[schema.GroupVersionResource]*resource
	logs      map[LogKey][]byte

	history []change // ascending, at most keep (and as much again until it is trimmed)
	keep    int
	dropped uint64            // changes up to this version are no longer in history
	changed chan struct{}     // closed at the next change
	retired map[string]bool   // UIDs of objects that are gone: they never come back
	renamed map[string]string // what became of a bundle's UIDs because they were retired
}

// resource is the objects of one kind, by objectKey.
type resource struct {
	kind    Kind
	records map[string]*record
	changed uint64 // the version of the last change
}

func newWorld(keep int) *world {
	return &world{
		resources: map[schema.GroupVersionResource]*resource{}, logs: map[LogKey][]byte{}, keep: keep,
		changed: make(chan struct{}), retired: map[string]bool{}, renamed: map[string]string{},
	}
}

// load puts in the first records. Their resourceVersions are kept where they are numbers.
func (w *world) load(kinds []Kind, records map[schema.GroupVersionResource][]*record) {
	for _, k := range kinds {
		w.resources[k.GVR()] = &resource{kind: k, records: map[string]*record{}}
	}
	var unversioned []*record
	for gvr, list := range records {
		for _, rec := range list {
			v, err := strconv.ParseUint(rec.object.GetResourceVersion(), 10, 64)
			if err != nil {
				unversioned = append(unversioned, rec)
			}
			w.version = max(w.version, v)
			w.resources[gvr].records[objectKey(rec.object)] = rec
		}
	}
	for _, rec := range unversioned {
		w.version++
		rec.object.SetResourceVersion(strconv.FormatUint(w.version, 10))
	}
	w.version++ // so that it is never 0, which has a meaning of its own
	w.dropped = w.version
	for _, r := range w.resources {
		r.changed = w.version
	}
}

// get returns the object's current version, nil if there is none.
func (w *world) get(gvr schema.GroupVersionResource, key string) *record {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if r := w.resources[gvr]; r != nil {
		return r.records[key]
	}
	return nil
}

// state is a kind's objects at one moment.
type state struct {
	records []*record // by namespace and name
	version uint64    // of the world
	changed uint64    // of the kind
}

// list returns the kind's objects in a namespace, or in all if it is empty.
func (w *world) list(gvr schema.GroupVersionResource, namespace string) state {
	w.mu.RLock()
	defer w.mu.RUnlock()
	s := state{version: w.version}
	if r := w.resources[gvr]; r != nil {
		s.changed = r.changed
		for _, rec := range r.records {
			if namespace == "" || rec.object.GetNamespace() == namespace {
				s.records = append(s.records, rec)
			}
		}
	}
	slices.SortFunc(s.records, func(a, b *record) int { return strings.Compare(objectKey(a.object), objectKey(b.object)) })
	return s
}

// since returns the kind's changes after a version, the version up to which it looked, and a channel that is closed when there is more.
// ok is false if some of those changes are forgotten.
func (w *world) since(gvr schema.GroupVersionResource, version uint64) (changes []change, upTo uint64, more <-chan struct{}, ok bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if version < w.dropped {
		return nil, 0, nil, false
	}
	first, _ := slices.BinarySearchFunc(w.history, version+1, func(c change, v uint64) int {
		switch {
		case c.version < v:
			return -1
		case c.version > v:
			return 1
		}
		return 0
	})
	for _, c := range w.history[first:] {
		if c.gvr == gvr {
			changes = append(changes, c)
		}
	}
	return changes, w.version, w.changed, true
}

// swap replaces expected, the version that the caller's decision rests on, by next: an object to store, or nil to delete. Expected nil
// means that there must be none. It returns the stored record (of a deletion, the last version) and false if the world has moved on.
func (w *world) swap(gvr schema.GroupVersionResource, key string, expected, next *record) (*record, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.resources[gvr].records[key] != expected {
		return nil, false
	}
	rec := w.put(gvr, key, next)
	w.publish()
	return rec, true
}

// put stores next, or deletes for nil, and remembers the change. The caller holds the lock and publishes.
func (w *world) put(gvr schema.GroupVersionResource, key string, next *record) *record {
	r := w.resources[gvr]
	before := r.records[key]
	w.version++
	r.changed = w.version
	c := change{version: w.version, gvr: gvr, before: before, event: watch.Modified}
	switch {
	case next == nil:
		c.event = watch.Deleted
		c.record = versioned(before, w.version)
		delete(r.records, key)
		w.retired[string(before.object.GetUID())] = true
	case before == nil:
		c.event = watch.Added
		fallthrough
	default:
		c.record = versioned(next, w.version)
		r.records[key] = c.record
	}
	w.history = append(w.history, c)
	if len(w.history) > 2*w.keep {
		cut := len(w.history) - w.keep
		w.dropped = w.history[cut-1].version
		w.history = slices.Clone(w.history[cut:])
	}
	return c.record
}

// publish wakes those who wait in since's channel.
func (w *world) publish() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// versioned returns the record's object under another resourceVersion.
func versioned(r *record, version uint64) *record {
	o := withOwnMetadata(r.object)
	o.SetResourceVersion(strconv.FormatUint(version, 10))
	out := newRecord(o)
	out.origin, out.written = r.origin, r.written
	return out
}

// withOwnMetadata returns a copy whose metadata's own fields can be set; all below is shared.
func withOwnMetadata(o *unstructured.Unstructured) *unstructured.Unstructured {
	top := make(map[string]any, len(o.Object))
	for k, v := range o.Object {
		top[k] = v
	}
	meta, _ := o.Object["metadata"].(map[string]any)
	own := make(map[string]any, len(meta)+1)
	for k, v := range meta {
		own[k] = v
	}
	top["metadata"] = own
	return &unstructured.Unstructured{Object: top}
}
