package bundle

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// moment is a bundle as it is served: at a time that may not be its own.
type moment struct {
	records map[schema.GroupVersionResource][]*record
	logs    map[LogKey][]byte
	beating beating
}

// moved returns the bundle with its times moved to now, unless they are to be kept.
func (s *Server) moved(b *Bundle) moment {
	var by time.Duration
	at := b.Manifest.CapturedAt
	if !s.options.KeepTimes && !at.IsZero() {
		// By whole seconds, for most times have no parts of them: nothing that was simultaneous drifts apart, nothing is in the future.
		by = s.options.Now().Sub(at).Truncate(time.Second)
	}
	m := moment{records: map[schema.GroupVersionResource][]*record{}, logs: map[LogKey][]byte{}}
	for gvr, list := range b.Objects {
		m.records[gvr] = []*record{} // a kind that was seen and has none
		if isSecret(gvr) {
			continue
		}
		for i := range list {
			rec := newRecord(withOwnMetadata(&list[i]))
			if by != 0 {
				rec = newRecord(shiftObject(&list[i], by))
			}
			rec.origin = list[i].Object
			m.records[gvr] = append(m.records[gvr], rec)
		}
	}
	for k, data := range b.Logs {
		if by != 0 {
			data = []byte(shiftText(string(data), by))
		}
		m.logs[k] = data
	}
	m.beating = beatingOf(m.records, at.Add(by))
	return m
}

// TransitionOptions says how a Transition treats what requests have written.
type TransitionOptions struct {
	// KeepWrites leaves in place what requests have written since the last Transition: of an object that one wrote, only the status
	// moves. For a world that gets well because of those writes.
	KeepWrites bool
}

// Moved counts what a Transition did.
type Moved struct{ Added, Modified, Deleted, Unchanged int }

// Transition moves the world to the state that another bundle shows, as changes that watches see: objects that it does not have are
// deleted, others added or modified; what is the same but for its resourceVersion is left alone, and so are kinds that it has not
// seen. Times are moved so that the bundle's capture is now (unless KeepTimes). An object that comes back gets a new UID, and its
// dependants' references follow, for a UID is never used twice. Logs are replaced. OnWrite is not called. The Server takes the
// bundle's objects over: they must not be changed any more, but may be used in other Transitions.
func (s *Server) Transition(to *Bundle, o TransitionOptions) (Moved, error) {
	s.moving.Lock()
	defer s.moving.Unlock()
	for gvr := range to.Objects {
		if s.world.resources[gvr] == nil {
			return Moved{}, fmt.Errorf("transition: this server does not serve %s; start it with a bundle that has it", gvr)
		}
	}
	m := s.moved(to)
	s.beat(m.beating)
	return s.world.move(m, o), nil
}

// move replaces the world's objects by the moment's, all at once.
func (w *world) move(m moment, o TransitionOptions) Moved {
	w.mu.Lock()
	defer w.mu.Unlock()
	var count Moved
	renamed := w.reborn(m)
	gvrs := slices.SortedFunc(maps.Keys(m.records), func(a, b schema.GroupVersionResource) int { return strings.Compare(a.String(), b.String()) })
	for _, gvr := range gvrs {
		wanted := map[string]*record{}
		for _, rec := range m.records[gvr] {
			wanted[objectKey(rec.object)] = rename(rec, renamed)
		}
		current := w.resources[gvr].records
		for _, key := range slices.Sorted(maps.Keys(current)) {
			if next := wanted[key]; next == nil || current[key].object.GetUID() != next.object.GetUID() {
				w.put(gvr, key, nil)
				count.Deleted++
			}
		}
		for _, key := range slices.Sorted(maps.Keys(wanted)) {
			now, next := current[key], wanted[key]
			switch {
			case now == nil:
				w.put(gvr, key, next)
				count.Added++
			case same(now, next):
				count.Unchanged++
			default:
				if o.KeepWrites && now.written {
					next = withStatusOf(now, next)
				}
				if reflect.DeepEqual(withoutVersion(now.object.Object), withoutVersion(next.object.Object)) {
					count.Unchanged++
					continue
				}
				w.put(gvr, key, next)
				count.Modified++
			}
		}
	}
	w.logs = m.logs
	w.publish()
	return count
}

// same reports whether both are the same object at the same moment, but for resourceVersions and the time they are served at.
func same(now, next *record) bool {
	return now.origin != nil && reflect.DeepEqual(withoutVersion(now.origin), withoutVersion(next.origin))
}

func withoutVersion(o map[string]any) map[string]any {
	out := withOwnMetadata(&unstructured.Unstructured{Object: o})
	meta, _ := out.Object["metadata"].(map[string]any)
	delete(meta, "resourceVersion")
	return out.Object
}

// reborn gives new UIDs to the moment's objects whose UIDs belong to objects that are gone. It returns what each UID of the bundle
// became, by the Transitions before this one too.
func (w *world) reborn(m moment) map[string]string {
	for _, list := range m.records {
		for _, rec := range list {
			uid := string(rec.object.GetUID())
			served := cmp.Or(w.renamed[uid], uid)
			if uid != "" && w.retired[served] {
				x := fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%s %d", served, w.version)))
				w.renamed[uid] = fmt.Sprintf("%s-%s-4%s-8%s-%s", x[:8], x[8:12], x[12:15], x[15:18], x[18:30])
			}
		}
	}
	return w.renamed
}

// rename replaces UIDs where they identify: in the object's own metadata, its owners and what an Event is about.
func rename(rec *record, renamed map[string]string) *record {
	if len(renamed) == 0 {
		return rec
	}
	o := rec.object.DeepCopy()
	meta, _ := o.Object["metadata"].(map[string]any)
	about, _ := o.Object["involvedObject"].(map[string]any)
	holders := []map[string]any{meta, about}
	owners, _ := meta["ownerReferences"].([]any)
	for _, owner := range owners {
		if owner, ok := owner.(map[string]any); ok {
			holders = append(holders, owner)
		}
	}
	changed := false
	for _, h := range holders {
		uid, _ := h["uid"].(string)
		if to, ok := renamed[uid]; ok {
			h["uid"], changed = to, true
		}
	}
	if !changed {
		return rec
	}
	out := newRecord(o)
	out.origin = rec.origin
	return out
}

// withStatusOf is now with the status of next: as seen by a controller that has caught up with what was written.
func withStatusOf(now, next *record) *record {
	o := withOwnMetadata(now.object)
	status, ok := next.object.Object["status"]
	if !ok {
		return now
	}
	status = runtime.DeepCopyJSONValue(status)
	if m, ok := status.(map[string]any); ok && m["observedGeneration"] != nil {
		m["observedGeneration"] = o.GetGeneration()
	}
	o.Object["status"] = status
	out := newRecord(o)
	out.written = true
	return out
}

// Set adds or replaces objects as they are, as changes that watches see. Each needs apiVersion, kind and name; a UID, a creation time
// and, for one that is replaced, what it does not say about itself of these are filled in. OnWrite is not called. The Server takes the
// objects over.
func (s *Server) Set(objects ...*unstructured.Unstructured) error {
	for _, o := range objects {
		gvr, err := s.gvrOf(o)
		if err != nil {
			return fmt.Errorf("set %s %s: %w", o.GetKind(), objectKey(o), err)
		}
		key := objectKey(o)
		s.world.mu.Lock()
		if now := s.world.resources[gvr].records[key]; now != nil && o.GetUID() == "" {
			o.SetUID(now.object.GetUID())
			o.SetCreationTimestamp(now.object.GetCreationTimestamp())
		} else if o.GetUID() == "" {
			o.SetUID(s.options.NewUID())
		}
		if created := o.GetCreationTimestamp(); created.IsZero() {
			o.SetCreationTimestamp(metav1.NewTime(s.options.Now().UTC()))
		}
		s.world.put(gvr, key, newRecord(o))
		s.world.publish()
		s.world.mu.Unlock()
	}
	return nil
}

// Delete removes an object, as a change that watches see, and reports whether it was there. OnWrite is not called.
func (s *Server) Delete(gvr schema.GroupVersionResource, namespace, name string) bool {
	key := name
	if namespace != "" {
		key = namespace + "/" + name
	}
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	if r := s.world.resources[gvr]; r == nil || r.records[key] == nil {
		return false
	}
	s.world.put(gvr, key, nil)
	s.world.publish()
	return true
}

// Get returns an object as it is served now, nil if there is none. It must not be changed.
func (s *Server) Get(gvr schema.GroupVersionResource, namespace, name string) *unstructured.Unstructured {
	key := name
	if namespace != "" {
		key = namespace + "/" + name
	}
	if rec := s.world.get(gvr, key); rec != nil {
		return rec.object
	}
	return nil
}

// gvrOf finds the resource of an object by its kind.
func (s *Server) gvrOf(o *unstructured.Unstructured) (schema.GroupVersionResource, error) {
	gvk := o.GroupVersionKind()
	if err := checkObject(o, gvk.GroupVersion()); err != nil {
		return schema.GroupVersionResource{}, err
	}
	for gvr, r := range s.world.resources {
		if r.kind.GVK() == gvk {
			return gvr, nil
		}
	}
	return schema.GroupVersionResource{}, fmt.Errorf("this server does not serve %s", gvk)
}
