package demo

import (
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

const (
	dnsNamespace = "kube-system"
	dnsLabel     = "k8s-app"
	dnsApp       = "kube-dns"
	dnsName      = "coredns" // of the Deployment and of the ConfigMap
)

var (
	podsGVR        = corev1.SchemeGroupVersion.WithResource("pods")
	nodesGVR       = corev1.SchemeGroupVersion.WithResource("nodes")
	servicesGVR    = corev1.SchemeGroupVersion.WithResource("services")
	configMapsGVR  = corev1.SchemeGroupVersion.WithResource("configmaps")
	leasesGVR      = coordinationv1.SchemeGroupVersion.WithResource("leases")
	deploymentsGVR = appsv1.SchemeGroupVersion.WithResource("deployments")
)

// scene is how far the cluster is from broken to well. The zero value is all broken.
type scene struct {
	Node   bool // the node is Ready
	Healed int  // how many of the namespaces are well, in the order of scenes.order
}

// scenes makes the bundle of any scene from the two that were captured.
type scenes struct {
	healthy, broken *bundle.Bundle
	order           []string // namespaces with pods that the incident reaches, in the order in which they get well: DNS first
}

func newScenes(healthy, broken *bundle.Bundle) scenes {
	reached := map[string]bool{}
	for _, p := range failing(broken) {
		if p.GetNamespace() != dnsNamespace {
			reached[p.GetNamespace()] = true
		}
	}
	return scenes{restartedDNS(healthy, broken.Manifest.CapturedAt), sudden(broken, healthy.Manifest.CapturedAt),
		append([]string{dnsNamespace}, slices.Sorted(maps.Keys(reached))...)}
}

// well is the scene in which nothing is wrong.
func (s scenes) well() scene { return scene{Node: true, Healed: len(s.order)} }

// bundle is the cluster in a scene: each object from one bundle or the other. Objects are shared with them. Its time is the broken
// bundle's, whose leases are the ones that are held at that time; what is taken from the healthy one looks a minute or so older than it
// was.
func (s scenes) bundle(c scene) *bundle.Bundle {
	fromHealthy := func(gvr schema.GroupVersionResource, namespace string) bool {
		switch gvr {
		case nodesGVR:
			return c.Node
		case leasesGVR:
			return false
		}
		return c.Healed == len(s.order) || slices.Contains(s.order[:c.Healed], namespace)
	}
	out := &bundle.Bundle{Manifest: s.broken.Manifest, Objects: map[schema.GroupVersionResource][]unstructured.Unstructured{},
		Logs: map[bundle.LogKey][]byte{}}
	for _, from := range []*bundle.Bundle{s.healthy, s.broken} {
		for gvr, list := range from.Objects {
			taken := out.Objects[gvr]
			for _, o := range list {
				if fromHealthy(gvr, o.GetNamespace()) == (from == s.healthy) {
					taken = append(taken, o)
				}
			}
			out.Objects[gvr] = taken
		}
		for key, log := range from.Logs {
			if fromHealthy(podsGVR, key.Namespace) == (from == s.healthy) {
				out.Logs[key] = log
			}
		}
	}
	return out
}

// failing are the pods of which a container crash-loops.
func failing(b *bundle.Bundle) []unstructured.Unstructured {
	var out []unstructured.Unstructured
	for _, p := range b.List(podsGVR) {
		statuses, _, _ := unstructured.NestedSlice(p.Object, "status", "containerStatuses")
		if slices.ContainsFunc(statuses, func(c any) bool {
			m, _ := c.(map[string]any)
			reason, _, _ := unstructured.NestedString(m, "state", "waiting", "reason")
			exit, _, _ := unstructured.NestedInt64(m, "state", "terminated", "exitCode")
			return reason == "CrashLoopBackOff" || exit != 0
		}) {
			out = append(out, p)
		}
	}
	return out
}

// sudden is the broken bundle as if all that has happened since the time given had happened at its end. It took a minute then; in the
// replay it is there at once when somebody breaks the cluster, who has just seen that all was well, and must not read that it began before.
func sudden(broken *bundle.Bundle, since time.Time) *bundle.Bundle {
	since, end := since.Truncate(time.Second), broken.Manifest.CapturedAt
	return broken.Retimed(func(t time.Time) time.Time {
		if t.Before(since) {
			return t
		}
		return end.In(t.Location())
	})
}

// restartedDNS is the healthy bundle with the pods of DNS as new as the restart that is part of the remedy: begun at the moment that the
// broken bundle calls now.
func restartedDNS(healthy *bundle.Bundle, at time.Time) *bundle.Bundle {
	out := *healthy
	out.Objects = maps.Clone(healthy.Objects)
	pods := slices.Clone(out.Objects[podsGVR])
	for i, p := range pods {
		if isDNS(p) {
			pods[i] = begunAt(p, at)
		}
	}
	out.Objects[podsGVR] = pods
	return &out
}

func isDNS(p unstructured.Unstructured) bool {
	return p.GetNamespace() == dnsNamespace && p.GetLabels()[dnsLabel] == dnsApp
}

// begunAt is a pod all of whose times are the one given.
func begunAt(p unstructured.Unstructured, at time.Time) unstructured.Unstructured {
	stamp := at.UTC().Format(time.RFC3339)
	var set func(v any) any
	set = func(v any) any {
		switch v := v.(type) {
		case string:
			if _, err := time.Parse(time.RFC3339, v); err == nil {
				return stamp
			}
		case []any:
			for i := range v {
				v[i] = set(v[i])
			}
		case map[string]any:
			for k := range v {
				v[k] = set(v[k])
			}
		}
		return v
	}
	o := unstructured.Unstructured{Object: runtime.DeepCopyJSON(p.Object)}
	set(o.Object["metadata"])
	set(o.Object["status"])
	return o
}
