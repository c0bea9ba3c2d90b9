package snapshot

import (
	"cmp"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

type key struct{ namespace, name string }

type index struct {
	pods       map[key]*corev1.Pod
	podsByNS   map[string][]*corev1.Pod
	podsByNode map[string][]*corev1.Pod
	nodes      map[string]*corev1.Node
	owners     map[types.UID]incident.Object // of ReplicaSets and Jobs: the Deployment or CronJob above
	events     map[incident.Object][]*corev1.Event
	services   map[key]*corev1.Service
	configMaps map[key]*corev1.ConfigMap
	slices     map[key][]*discoveryv1.EndpointSlice // by service
	logs       map[logKey]*Log
	customs    map[schema.GroupKind][]*unstructured.Unstructured
	custom     map[incident.Object]*unstructured.Unstructured
	made       *sync.Map // by Once
}

type logKey struct {
	pod       key
	container string
	previous  bool
}

// Index sorts every list by namespace and name, so that order of arrival never shows, and builds the indexes. Call it once.
func (s *Snapshot) Index() {
	s.sort()
	x := index{
		pods: make(map[key]*corev1.Pod, len(s.Pods)), podsByNS: map[string][]*corev1.Pod{}, podsByNode: map[string][]*corev1.Pod{},
		nodes: map[string]*corev1.Node{}, owners: map[types.UID]incident.Object{}, events: map[incident.Object][]*corev1.Event{},
		services: map[key]*corev1.Service{}, configMaps: map[key]*corev1.ConfigMap{}, slices: map[key][]*discoveryv1.EndpointSlice{},
		logs: map[logKey]*Log{}, customs: map[schema.GroupKind][]*unstructured.Unstructured{},
		custom: map[incident.Object]*unstructured.Unstructured{}, made: &sync.Map{},
	}
	for i := range s.Pods {
		p := &s.Pods[i]
		x.pods[key{p.Namespace, p.Name}] = p
		x.podsByNS[p.Namespace] = append(x.podsByNS[p.Namespace], p)
		x.podsByNode[p.Spec.NodeName] = append(x.podsByNode[p.Spec.NodeName], p)
	}
	for i := range s.Nodes {
		x.nodes[s.Nodes[i].Name] = &s.Nodes[i]
	}
	for i := range s.ReplicaSets {
		x.own(&s.ReplicaSets[i])
	}
	for i := range s.Jobs {
		x.own(&s.Jobs[i])
	}
	for i := range s.Events {
		e := &s.Events[i]
		o := incident.Object{Kind: e.InvolvedObject.Kind, Namespace: e.InvolvedObject.Namespace, Name: e.InvolvedObject.Name}
		x.events[o] = append(x.events[o], e)
	}
	for i := range s.Services {
		x.services[key{s.Services[i].Namespace, s.Services[i].Name}] = &s.Services[i]
	}
	for i := range s.ConfigMaps {
		x.configMaps[key{s.ConfigMaps[i].Namespace, s.ConfigMaps[i].Name}] = &s.ConfigMaps[i]
	}
	for i := range s.EndpointSlices {
		e := &s.EndpointSlices[i]
		k := key{e.Namespace, e.Labels[discoveryv1.LabelServiceName]}
		x.slices[k] = append(x.slices[k], e)
	}
	for i := range s.Logs {
		l := &s.Logs[i]
		x.logs[logKey{key{l.Namespace, l.Pod}, l.Container, l.Previous}] = l
	}
	for i := range s.Customs {
		k := s.Customs[i].GroupVersionKind().GroupKind()
		x.customs[k] = append(x.customs[k], &s.Customs[i])
		x.custom[CustomObject(&s.Customs[i])] = &s.Customs[i]
	}
	s.index = x
}

func (x *index) own(o metav1.Object) {
	if c := metav1.GetControllerOf(o); c != nil {
		x.owners[o.GetUID()] = incident.Object{Kind: c.Kind, Namespace: o.GetNamespace(), Name: c.Name}
	}
}

// Pod returns the pod of the name, or nil.
func (s *Snapshot) Pod(namespace, name string) *corev1.Pod { return s.index.pods[key{namespace, name}] }

// PodsIn returns the namespace's pods, by name.
func (s *Snapshot) PodsIn(namespace string) []*corev1.Pod { return s.index.podsByNS[namespace] }

// PodsOn returns the pods bound to the node; of "", those bound to none.
func (s *Snapshot) PodsOn(node string) []*corev1.Pod { return s.index.podsByNode[node] }

// Node returns the node of the name, or nil.
func (s *Snapshot) Node(name string) *corev1.Node { return s.index.nodes[name] }

// Service returns the service of the name, or nil.
func (s *Snapshot) Service(namespace, name string) *corev1.Service {
	return s.index.services[key{namespace, name}]
}

// ConfigMap returns the ConfigMap of the name, or nil.
func (s *Snapshot) ConfigMap(namespace, name string) *corev1.ConfigMap {
	return s.index.configMaps[key{namespace, name}]
}

// EndpointSlicesOf returns the slices that belong to the service.
func (s *Snapshot) EndpointSlicesOf(namespace, service string) []*discoveryv1.EndpointSlice {
	return s.index.slices[key{namespace, service}]
}

// EventsOf returns the events about the object, oldest first.
func (s *Snapshot) EventsOf(o incident.Object) []*corev1.Event { return s.index.events[o] }

// Log returns the tail of a container's log, or nil if it was not read.
func (s *Snapshot) Log(namespace, pod, container string, previous bool) *Log {
	return s.index.logs[logKey{key{namespace, pod}, container, previous}]
}

// labelled is a label of a namespace's pods.
type labelled struct{ namespace, key, value string }

// podsByLabel indexes the pods by their labels, so that many selectors in one namespace do not each go through all its pods.
func (s *Snapshot) podsByLabel() map[labelled][]*corev1.Pod {
	type key struct{}
	return Once(s, key{}, func() map[labelled][]*corev1.Pod {
		m := make(map[labelled][]*corev1.Pod, len(s.Pods))
		for i := range s.Pods {
			p := &s.Pods[i]
			for k, v := range p.Labels {
				m[labelled{p.Namespace, k, v}] = append(m[labelled{p.Namespace, k, v}], p)
			}
		}
		return m
	})
}

// PodsSelected returns the namespace's pods that the selector matches, by name. An empty or nil selector matches nothing, as in a Service.
func (s *Snapshot) PodsSelected(namespace string, selector map[string]string) []*corev1.Pod {
	if len(selector) == 0 {
		return nil
	}
	by := s.podsByLabel()
	var fewest []*corev1.Pod
	first := true
	for k, v := range selector {
		if with := by[labelled{namespace, k, v}]; first || len(with) < len(fewest) {
			fewest, first = with, false
		}
	}
	sel := labels.SelectorFromSet(selector)
	var out []*corev1.Pod
	for _, p := range fewest {
		if sel.Matches(labels.Set(p.Labels)) {
			out = append(out, p)
		}
	}
	return out
}

// WorkloadOf names what a pod belongs to in the end: its Deployment rather than the ReplicaSet, its CronJob rather than the Job; the
// pod itself if nothing controls it.
func (s *Snapshot) WorkloadOf(p *corev1.Pod) incident.Object {
	c := metav1.GetControllerOf(p)
	if c == nil {
		return incident.Object{Kind: "Pod", Namespace: p.Namespace, Name: p.Name}
	}
	if above, ok := s.index.owners[c.UID]; ok {
		return above
	}
	if above, ok := s.unseenOwner(p, c); ok {
		return above
	}
	return incident.Object{Kind: c.Kind, Namespace: p.Namespace, Name: c.Name}
}

// EventTime is when an event was last seen.
func EventTime(e *corev1.Event) metav1.Time {
	switch {
	case e.Series != nil && !e.Series.LastObservedTime.IsZero():
		return metav1.Time{Time: e.Series.LastObservedTime.Time}
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp
	case !e.EventTime.IsZero():
		return metav1.Time{Time: e.EventTime.Time}
	}
	return e.CreationTimestamp
}

func (s *Snapshot) sort() {
	byName(s.Nodes)
	byName(s.Pods)
	byName(s.Services)
	byName(s.PersistentVolumeClaims)
	byName(s.PersistentVolumes)
	byName(s.Namespaces)
	byName(s.ServiceAccounts)
	byName(s.ConfigMaps)
	byName(s.ResourceQuotas)
	byName(s.LimitRanges)
	byName(s.Deployments)
	byName(s.ReplicaSets)
	byName(s.StatefulSets)
	byName(s.DaemonSets)
	byName(s.Jobs)
	byName(s.CronJobs)
	byName(s.EndpointSlices)
	byName(s.Ingresses)
	byName(s.NetworkPolicies)
	byName(s.HPAs)
	byName(s.PDBs)
	byName(s.StorageClasses)
	byName(s.Leases)
	byName(s.ValidatingWebhooks)
	byName(s.MutatingWebhooks)
	byName(s.ControllerRevisions)
	byName(s.IngressClasses)
	byName(s.VolumeAttachments)
	byName(s.Roles)
	byName(s.RoleBindings)
	byName(s.ClusterRoles)
	byName(s.ClusterRoleBindings)
	slices.SortStableFunc(s.Customs, func(a, b unstructured.Unstructured) int {
		return cmp.Or(cmp.Compare(a.GetAPIVersion(), b.GetAPIVersion()), cmp.Compare(a.GetKind(), b.GetKind()),
			cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	slices.SortFunc(s.Secrets, func(a, b Secret) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(s.Dials, func(a, b Dial) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Address, b.Address)) })
	slices.SortFunc(s.Metrics, func(a, b Metric) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.Object.Compare(b.Object), cmp.Compare(a.Query, b.Query))
	})
	slices.SortFunc(s.Health, func(a, b Health) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Events, func(a, b corev1.Event) int {
		at, bt := EventTime(&a), EventTime(&b)
		return cmp.Or(at.Compare(bt.Time), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(s.Logs, func(a, b Log) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Pod, b.Pod), cmp.Compare(a.Container, b.Container),
			boolCompare(a.Previous, b.Previous))
	})
	slices.SortFunc(s.Hosts, func(a, b Host) int { return cmp.Compare(a.Node, b.Node) })
	slices.SortFunc(s.Lookups, func(a, b Lookup) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Server, b.Server))
	})
	slices.SortFunc(s.NotSeen, incident.NotSeen.Compare)
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// byName sorts by namespace and name through pointers, for these structs are large to copy.
func byName[T any, P interface {
	*T
	metav1.Object
}](list []T) {
	less := func(a, b P) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	}
	if slices.IsSortedFunc(list, func(a, b T) int { return less(P(&a), P(&b)) }) {
		return
	}
	order := make([]P, len(list))
	for i := range list {
		order[i] = P(&list[i])
	}
	slices.SortFunc(order, less)
	sorted := make([]T, len(list))
	for i, p := range order {
		sorted[i] = *(*T)(p)
	}
	copy(list, sorted)
}
