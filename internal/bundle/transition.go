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
				rec = newRecord(moveObject(&list[i], later(by)))
			}
			rec.origin = list[i].Object
			m.records[gvr] = append(m.records[gvr], rec)
		}
	}
	for k, data := range b.Logs {
		if by != 0 {
			data = []byte(moveText(string(data), later(by)))
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
	// Spare says which objects are in somebody else's hands: they, and the logs of such pods, stay as they are, whatever the bundle shows.
	Spare func(schema.GroupVersionResource, *unstructured.Unstructured) bool
}

func (o TransitionOptions) spares(gvr schema.GroupVersionResource, rec *record) bool {
	return o.Spare != nil && o.Spare(gvr, rec.object)
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
	gvrs := slices.SortedFunc(maps.Keys(m.records), func(a, b schema.GroupVersionResource) int {
		return strings.Compare(a.String(),
			b.String())
	})
	for _, gvr := range gvrs {
		wanted := map[string]*record{}
		for _, rec := range m.records[gvr] {
			if !o.spares(gvr, rec) {
				wanted[objectKey(rec.object)] = rename(rec, renamed)
			}
		}
		current := w.resources[gvr].records
		for _, key := range slices.Sorted(maps.Keys(current)) {
			if o.spares(gvr, current[key]) {
				continue
			}
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
	w.keepLogs(m.logs, o)
	w.logs = m.logs
	w.publish()
	return count
}

// keepLogs adds to logs those of the pods that are spared.
func (w *world) keepLogs(logs map[LogKey][]byte, o TransitionOptions) {
	pods := Kind{Version: "v1", Resource: "pods"}.GVR()
	for k, data := range w.logs {
		if rec := w.resources[pods].records[k.Namespace+"/"+k.Pod]; rec != nil && o.spares(pods, rec) {
			logs[k] = data
		}
	}
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
