package cluster

import (
	"reflect"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// kept is what a watch knows of one kind. A reflector fills it, as its cache.ReflectorStore; looks read it. An object in it is never
// changed, but replaced.
type kept struct {
	kind    *snapshot.Kind
	changed func(namespace string) // is told where something changed that a check may read; empty: beside the namespaces

	mu      sync.RWMutex
	objects map[string]map[string]metav1.Object // by namespace and name
	synced  bool                                // it was listed whole
	streams bool                                // changes come in
	refused error                               // it may not be read, or is not served: nothing is kept of it
	lost    time.Time                           // since when no changes come in; zero while they do
}

// Add takes an object in, or replaces it.
func (k *kept) Add(object any) error { return k.put(object) }

// Update replaces an object.
func (k *kept) Update(object any) error { return k.put(object) }

func (k *kept) put(object any) error {
	snapshot.Slim(object)
	m, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	k.mu.Lock()
	in := k.objects[m.GetNamespace()]
	if in == nil {
		in = map[string]metav1.Object{}
		k.objects[m.GetNamespace()] = in
	}
	old := in[m.GetName()]
	in[m.GetName()] = m
	k.mu.Unlock()
	if tells(old, m) {
		k.changed(m.GetNamespace())
	}
	return nil
}

// Delete forgets an object.
func (k *kept) Delete(object any) error {
	m, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	k.mu.Lock()
	delete(k.objects[m.GetNamespace()], m.GetName())
	if len(k.objects[m.GetNamespace()]) == 0 {
		delete(k.objects, m.GetNamespace())
	}
	k.mu.Unlock()
	if tells(nil, m) {
		k.changed(m.GetNamespace())
	}
	return nil
}

// Replace takes a whole list in. Where it has the object that is known already, in the same version, nothing changed.
func (k *kept) Replace(list []any, _ string) error {
	objects := map[string]map[string]metav1.Object{}
	for _, o := range list {
		snapshot.Slim(o)
		m, err := meta.Accessor(o)
		if err != nil {
			return err
		}
		if objects[m.GetNamespace()] == nil {
			objects[m.GetNamespace()] = map[string]metav1.Object{}
		}
		objects[m.GetNamespace()][m.GetName()] = m
	}
	k.mu.Lock()
	was := k.objects
	k.objects, k.synced, k.refused = objects, true, nil
	k.mu.Unlock()
	for namespace, now := range objects {
		if differs(was[namespace], now) {
			k.changed(namespace)
		}
	}
	for namespace := range was {
		if objects[namespace] == nil {
			k.changed(namespace)
		}
	}
	return nil
}

// Resync has nothing to do.
func (k *kept) Resync() error { return nil }

// differs says whether two lists of a namespace differ in what tells.
func differs(was, now map[string]metav1.Object) bool {
	if len(was) != len(now) {
		return true
	}
	for name, o := range now {
		if old := was[name]; old == nil || tells(old, o) {
			return true
		}
	}
	return false
}

// tells says whether a check may read what changed. Leases are renewed, nodes say that they are alive, and leaders of old renew an
// annotation: that is no change. What a check makes of a lease that is not renewed, a look at intervals sees.
func tells(old, now metav1.Object) bool {
	if _, lease := now.(*coordinationv1.Lease); lease {
		return false
	}
	if old == nil || reflect.TypeOf(old) != reflect.TypeOf(now) {
		return true
	}
	if old.GetUID() == now.GetUID() && old.GetResourceVersion() == now.GetResourceVersion() && now.GetResourceVersion() != "" {
		return false
	}
	switch now := now.(type) {
	case *corev1.Node:
		return !equality.Semantic.DeepEqual(withoutHeartbeats(old.(*corev1.Node)), withoutHeartbeats(now))
	case *corev1.ConfigMap:
		old := old.(*corev1.ConfigMap)
		return !equality.Semantic.DeepEqual(old.Data, now.Data) || !equality.Semantic.DeepEqual(old.BinaryData, now.BinaryData) ||
			!equality.Semantic.DeepEqual(old.Labels, now.Labels)
	}
	return true
}

// withoutHeartbeats is what is said of a node, but for when it was said last.
func withoutHeartbeats(n *corev1.Node) corev1.Node {
	out := corev1.Node{Spec: n.Spec, Status: n.Status}
	out.Labels, out.Annotations, out.DeletionTimestamp = n.Labels, n.Annotations, n.DeletionTimestamp
	out.Status.Images = nil
	out.Status.Conditions = make([]corev1.NodeCondition, len(n.Status.Conditions))
	for i, c := range n.Status.Conditions {
		c.LastHeartbeatTime = metav1.Time{}
		out.Status.Conditions[i] = c
	}
	return out
}

// leftOut says why nothing is kept of a kind that was refused.
func (k *kept) leftOut() incident.NotSeen {
	return unseen(k.kind.Resource, k.refused, snapshot.ResourceOf(k.kind.GroupResource()))
}

// fill puts what is known of the kind into a Snapshot: of one namespace, and where it has none; of all where the namespace is empty.
func (k *kept) fill(s *snapshot.Snapshot, namespace string) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.refused != nil {
		s.NotSeen = append(s.NotSeen, k.leftOut())
		return
	}
	if k.kind.Namespaced && namespace != "" {
		for _, o := range k.objects[namespace] {
			k.kind.Put(s, o)
		}
		return
	}
	for _, in := range k.objects {
		for _, o := range in {
			k.kind.Put(s, o)
		}
	}
}

// refuse notes that the kind may not be read, or is not served: nothing is known of it any longer.
func (k *kept) refuse(err error) {
	k.mu.Lock()
	was := k.refused
	k.refused, k.objects, k.synced = err, map[string]map[string]metav1.Object{}, false
	k.mu.Unlock()
	if was == nil {
		k.changed("")
	}
}

// streaming notes that changes come in, or no longer.
func (k *kept) streaming(yes bool, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.streams = yes
	switch {
	case yes:
		k.lost = time.Time{}
	case k.lost.IsZero():
		k.lost = now
	}
}

// refusedOrCounted is how many objects are kept; that the kind is left out is noted in the Snapshot.
func (k *kept) refusedOrCounted(s *snapshot.Snapshot) (n int) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.refused != nil {
		s.NotSeen = append(s.NotSeen, k.leftOut())
	}
	for _, in := range k.objects {
		n += len(in)
	}
	return n
}

// state says whether what is known is all there is, or known to be refused; and since when it is not.
func (k *kept) state() (current bool, lost time.Time) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.refused != nil || k.synced && k.streams, k.lost
}
