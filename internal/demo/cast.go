package demo

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

var (
	replicaSetsGVR    = appsv1.SchemeGroupVersion.WithResource("replicasets")
	endpointSlicesGVR = discoveryv1.SchemeGroupVersion.WithResource("endpointslices")
	eventsGVR         = corev1.SchemeGroupVersion.WithResource("events")
)

// known are the types that the controllers write.
var known = runtime.NewScheme()

func init() {
	for _, add := range []func(*runtime.Scheme) error{appsv1.AddToScheme, corev1.AddToScheme, discoveryv1.AddToScheme} {
		utilruntime.Must(add(known))
	}
}

// Who acts on the objects of a Deployment, as managedFields and Events name them.
const (
	controllers = "kube-controller-manager"
	kubelet     = "kubelet"
	scheduler   = "kube-scheduler"
	// defaultScheduler is the name under which the scheduler places pods.
	defaultScheduler = "default-scheduler"
)

// cluster is what controllers see of the replay, in the types of the API.
type cluster struct{ api *bundle.Server }

// decode reads an object of the API.
func decode[T any](o *unstructured.Unstructured) (*T, error) {
	out := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, out); err != nil {
		return nil, fmt.Errorf("read %s %s/%s: %w", o.GetKind(), o.GetNamespace(), o.GetName(), err)
	}
	return out, nil
}

// all reads the objects of a kind in a namespace of which some are wanted.
func all[T any](c cluster, gvr schema.GroupVersionResource, namespace string, wanted func(*unstructured.Unstructured) bool) ([]*T, error) {
	var out []*T
	for _, o := range c.api.List(gvr, namespace) {
		if !wanted(o) {
			continue
		}
		t, err := decode[T](o)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// ownedBy are the objects whose controller has the UID.
func ownedBy(owner metav1.Object) func(*unstructured.Unstructured) bool {
	return func(o *unstructured.Unstructured) bool { return metav1.IsControlledBy(o, owner) }
}

// act writes an object as who does, if nobody has changed it since it was read; where somebody has, its controller looks again soon.
func (c cluster) act(o runtime.Object, who, subresource string) error {
	kinds, _, err := known.ObjectKinds(o)
	if err != nil {
		return err
	}
	m, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return err
	}
	u := &unstructured.Unstructured{Object: m}
	u.SetGroupVersionKind(kinds[0])
	_, err = c.api.Act(u, who, subresource)
	return err
}

// tell is an Event about an object: one more of the same, or a first one.
func (c cluster) tell(about runtime.Object, field, kind, reason, who, message string, now time.Time) error {
	ref, err := refTo(about)
	if err != nil {
		return err
	}
	ref.FieldPath = field
	at := metav1.NewTime(now.UTC().Truncate(time.Second))
	same, err := all[corev1.Event](c, eventsGVR, ref.Namespace, func(o *unstructured.Unstructured) bool {
		uid, _, _ := unstructured.NestedString(o.Object, "involvedObject", "uid")
		r, _, _ := unstructured.NestedString(o.Object, "reason")
		m, _, _ := unstructured.NestedString(o.Object, "message")
		return uid == string(ref.UID) && r == reason && m == message
	})
	if err != nil {
		return err
	}
	e := &corev1.Event{InvolvedObject: *ref, Reason: reason, Message: message, Type: kind, ReportingController: who}
	e.Namespace, e.Name, e.CreationTimestamp = ref.Namespace, eventName(ref.Name, reason, now), at
	manager := controllers
	switch {
	case len(same) > 0:
		e = same[0]
		e.Count, e.LastTimestamp, manager = e.Count+1, at, e.ManagedFields[0].Manager
	case who == defaultScheduler: // writes Events of the newer kind
		e.EventTime, e.Action, e.ReportingInstance, manager = metav1.NewMicroTime(now), "Scheduling", who, scheduler
	default:
		e.Source, e.FirstTimestamp, e.LastTimestamp, e.Count = corev1.EventSource{Component: who}, at, at, 1
		if p, ok := about.(*corev1.Pod); ok && who == kubelet {
			e.Source.Host, e.ReportingInstance, manager = p.Spec.NodeName, p.Spec.NodeName, kubelet
		}
	}
	return c.act(e, manager, "")
}

// eventName is an object's name and a time, which differs between what is told of it at once.
func eventName(of, reason string, now time.Time) string {
	sum := fnv.New32a()
	sum.Write([]byte(reason))
	return fmt.Sprintf("%s.%x", of, now.UnixNano()+int64(sum.Sum32()%1e6))
}

// refTo names an object as Events do.
func refTo(o runtime.Object) (*corev1.ObjectReference, error) {
	kinds, _, err := known.ObjectKinds(o)
	if err != nil {
		return nil, err
	}
	m, ok := o.(metav1.Object)
	if !ok {
		return nil, fmt.Errorf("%T has no name", o)
	}
	version, kind := kinds[0].ToAPIVersionAndKind()
	return &corev1.ObjectReference{APIVersion: version, Kind: kind, Namespace: m.GetNamespace(), Name: m.GetName(), UID: m.GetUID(),
		ResourceVersion: m.GetResourceVersion()}, nil
}

// endpoints keeps the EndpointSlice of a Service as the pods that it selects are.
func (c cluster) endpoints(service string, pods []*corev1.Pod, now time.Time) error {
	slicesOf, err := all[discoveryv1.EndpointSlice](c, endpointSlicesGVR, releaseNamespace, func(o *unstructured.Unstructured) bool {
		return o.GetLabels()[discoveryv1.LabelServiceName] == service
	})
	if err != nil || len(slicesOf) == 0 {
		return err
	}
	s := slicesOf[0]
	var want []discoveryv1.Endpoint
	for _, p := range pods {
		if p.Status.PodIP == "" {
			continue
		}
		is, no := podReady(p), false
		want = append(want, discoveryv1.Endpoint{Addresses: []string{p.Status.PodIP}, NodeName: &p.Spec.NodeName,
			Conditions: discoveryv1.EndpointConditions{Ready: &is, Serving: &is, Terminating: &no},
			TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: p.Namespace, Name: p.Name, UID: p.UID}})
	}
	if slices.EqualFunc(s.Endpoints, want, sameEndpoint) {
		return nil
	}
	s.Endpoints = want
	s.Generation++
	metav1.SetMetaDataAnnotation(&s.ObjectMeta, corev1.EndpointsLastChangeTriggerTime, now.UTC().Format(time.RFC3339))
	return c.act(s, controllers, "")
}

func sameEndpoint(a, b discoveryv1.Endpoint) bool {
	return strings.Join(a.Addresses, " ") == strings.Join(b.Addresses, " ") && a.TargetRef != nil && a.TargetRef.UID == b.TargetRef.UID &&
		a.Conditions.Ready != nil && *a.Conditions.Ready == *b.Conditions.Ready
}

func podReady(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
