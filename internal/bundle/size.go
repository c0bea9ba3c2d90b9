package bundle

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var (
	podsGVR       = corev1.SchemeGroupVersion.WithResource("pods")
	namespacesGVR = corev1.SchemeGroupVersion.WithResource("namespaces")
	eventsGVR     = corev1.SchemeGroupVersion.WithResource("events")
)

// lastLeftOut are the kinds without which the others tell little.
var lastLeftOut = []schema.GroupVersionResource{podsGVR, nodesGVR, namespacesGVR}

// sizeOf is what an object takes in the file, uncompressed.
func sizeOf(o *unstructured.Unstructured) int64 {
	data, err := json.Marshal(o.Object)
	if err != nil {
		return 0 // Write will say so
	}
	return int64(len(data)) + 2
}

// whyLeftOut says in NotSeen that something was too large.
func whyLeftOut(limit int64) string {
	return fmt.Sprintf("left out: a capture may have %s; allow more, or capture one namespace", Bytes(limit))
}

// Bytes writes a number of bytes for people.
func Bytes(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

// fit leaves out what is more than limit bytes of objects: first the older half of the events, then whole kinds, the largest first, pods,
// nodes and namespaces last. NotSeen says what is missing, so that its absence proves nothing.
func (b *Bundle) fit(limit int64) {
	sizes := map[schema.GroupVersionResource]int64{}
	var total int64
	for gvr, list := range b.Objects {
		for i := range list {
			sizes[gvr] += sizeOf(&list[i])
		}
		total += sizes[gvr]
	}
	if total <= limit {
		return
	}
	freed := b.forgetEvents(limit)
	sizes[eventsGVR] -= freed
	total -= freed
	rank := func(gvr schema.GroupVersionResource) int { return slices.Index(lastLeftOut, gvr) }
	for _, gvr := range slices.SortedFunc(maps.Keys(sizes), func(x, y schema.GroupVersionResource) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(sizes[y], sizes[x]), cmp.Compare(x.String(), y.String()))
	}) {
		if total <= limit {
			return
		}
		total -= sizes[gvr]
		delete(b.Objects, gvr)
		b.notSeen(gvr.GroupResource().String(), whyLeftOut(limit), snapshot.ResourceOf(gvr.GroupResource()))
	}
}

// forgetEvents removes the older half of the events and returns how many bytes that freed.
func (b *Bundle) forgetEvents(limit int64) (freed int64) {
	list := b.Objects[eventsGVR]
	n := len(list) / 2
	if n == 0 {
		return 0
	}
	times := make([]int64, len(list))
	for i := range list {
		var e corev1.Event
		if runtime.DefaultUnstructuredConverter.FromUnstructured(list[i].Object, &e) == nil {
			times[i] = snapshot.EventTime(&e).UnixMicro()
		}
	}
	sorted := slices.Sorted(slices.Values(times))
	kept := make([]unstructured.Unstructured, 0, len(list)-n)
	for i := range list {
		if times[i] >= sorted[n] {
			kept = append(kept, list[i])
			continue
		}
		freed += sizeOf(&list[i])
	}
	b.Objects[eventsGVR] = kept
	b.notSeen(fmt.Sprintf("the %d oldest events", len(list)-len(kept)), whyLeftOut(limit), snapshot.ResourceOf(eventsGVR.GroupResource()))
	return freed
}

// notSeen adds to what the bundle says that it does not show.
func (b *Bundle) notSeen(what, why string, of ...incident.Resource) {
	b.Manifest.NotSeen = append(b.Manifest.NotSeen, NotSeen{What: what, Why: why, Resources: of})
}
