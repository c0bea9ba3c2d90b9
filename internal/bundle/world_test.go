package bundle_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// The founding incident in small: CoreDNS, its Corefile, a Deployment that depends on it, a node with its lease, an event.
const healthyWorld = `
apiVersion: v1
kind: Namespace
metadata: {name: kube-system, uid: u-ns, resourceVersion: "10", creationTimestamp: "2025-10-02T22:00:00Z"}
status: {phase: Active}
---
apiVersion: v1
kind: Namespace
metadata: {name: convocanvas, uid: u-ns2, resourceVersion: "11", creationTimestamp: "2025-10-02T22:00:00Z"}
status: {phase: Active}
---
apiVersion: v1
kind: Node
metadata: {name: leveling-pc, uid: u-node, resourceVersion: "20", creationTimestamp: "2025-10-02T22:00:00Z", labels: {disk: ssd}}
status:
  conditions: [{type: Ready, status: "True", lastHeartbeatTime: "2025-10-02T22:58:00Z", lastTransitionTime: "2025-10-02T22:01:00Z"}]
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: leveling-pc, namespace: kube-node-lease, uid: u-lease, resourceVersion: "21", creationTimestamp: "2025-10-02T22:00:00Z"}
spec: {holderIdentity: leveling-pc, leaseDurationSeconds: 40, renewTime: "2025-10-02T22:59:55.123456Z"}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: coredns
  namespace: kube-system
  uid: u-cm
  resourceVersion: "30"
  creationTimestamp: "2025-10-02T22:00:00Z"
  managedFields: [{manager: deployer, operation: Update, apiVersion: v1, time: "2025-10-02T22:00:00Z"}]
data: {Corefile: ".:53 { forward . 10.99.0.1 }"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns, namespace: kube-system, uid: u-dep, resourceVersion: "31", generation: 1, creationTimestamp: "2025-10-02T22:00:00Z", labels: {k8s-app: kube-dns}}
spec:
  replicas: 1
  selector: {matchLabels: {k8s-app: kube-dns}}
  template:
    metadata: {labels: {k8s-app: kube-dns}}
    spec: {containers: [{name: coredns, image: "coredns:1.15", resources: {}}]}
status: {observedGeneration: 1, replicas: 1, readyReplicas: 1}
---
apiVersion: v1
kind: Pod
metadata: {name: coredns-1, namespace: kube-system, uid: u-pod1, resourceVersion: "40", creationTimestamp: "2025-10-02T22:00:00Z", labels: {k8s-app: kube-dns}}
spec: {nodeName: leveling-pc, containers: [{name: coredns, image: "coredns:1.15"}]}
status: {phase: Running, startTime: "2025-10-02T22:00:10Z", containerStatuses: [{name: coredns, restartCount: 0, state: {running: {startedAt: "2025-10-02T22:00:12Z"}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: convocanvas-1, namespace: convocanvas, uid: u-pod2, resourceVersion: "41", creationTimestamp: "2025-10-02T22:00:00Z", labels: {app: convocanvas}}
spec: {nodeName: leveling-pc, containers: [{name: app, image: "busybox:1.36"}, {name: side, image: "busybox:1.36"}]}
status: {phase: Running}
`

// brokenWorld is the same twenty minutes later: CoreDNS loops, convocanvas was replaced by a pod that is pending.
const brokenWorld = `
apiVersion: v1
kind: Namespace
metadata: {name: kube-system, uid: u-ns, resourceVersion: "10", creationTimestamp: "2025-10-02T22:00:00Z"}
status: {phase: Active}
---
apiVersion: v1
kind: Namespace
metadata: {name: convocanvas, uid: u-ns2, resourceVersion: "11", creationTimestamp: "2025-10-02T22:00:00Z"}
status: {phase: Active}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system, uid: u-cm, resourceVersion: "90", creationTimestamp: "2025-10-02T22:00:00Z"}
data: {Corefile: ".:53 { forward . 127.0.0.1 }"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns, namespace: kube-system, uid: u-dep, resourceVersion: "91", generation: 1, creationTimestamp: "2025-10-02T22:00:00Z", labels: {k8s-app: kube-dns}}
spec:
  replicas: 1
  selector: {matchLabels: {k8s-app: kube-dns}}
  template:
    metadata: {labels: {k8s-app: kube-dns}}
    spec: {containers: [{name: coredns, image: "coredns:1.15", resources: {}}]}
status: {observedGeneration: 1, replicas: 1, unavailableReplicas: 1}
---
apiVersion: v1
kind: Pod
metadata: {name: coredns-1, namespace: kube-system, uid: u-pod1, resourceVersion: "92", creationTimestamp: "2025-10-02T22:00:00Z", labels: {k8s-app: kube-dns}}
spec: {nodeName: leveling-pc, containers: [{name: coredns, image: "coredns:1.15"}]}
status:
  phase: Running
  containerStatuses: [{name: coredns, restartCount: 5, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, finishedAt: "2025-10-02T23:19:00Z"}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: convocanvas-2, namespace: convocanvas, uid: u-pod3, resourceVersion: "93", creationTimestamp: "2025-10-02T23:10:00Z", labels: {app: convocanvas}}
spec: {containers: [{name: app, image: "busybox:1.36"}]}
status: {phase: Pending}
---
apiVersion: v1
kind: Event
metadata: {name: coredns-1.1, namespace: kube-system, uid: u-ev, resourceVersion: "94", creationTimestamp: "2025-10-02T23:18:00Z"}
involvedObject: {kind: Pod, namespace: kube-system, name: coredns-1, uid: u-pod1}
reason: BackOff
type: Warning
lastTimestamp: "2025-10-02T23:19:30Z"
message: Back-off restarting failed container
`

var (
	pods        = corev1.SchemeGroupVersion.WithResource("pods")
	nodes       = corev1.SchemeGroupVersion.WithResource("nodes")
	events      = corev1.SchemeGroupVersion.WithResource("events")
	configMaps  = corev1.SchemeGroupVersion.WithResource("configmaps")
	deployments = appsv1.SchemeGroupVersion.WithResource("deployments")
	leases      = coordinationv1.SchemeGroupVersion.WithResource("leases")

	capturedHealthy = time.Date(2025, 10, 2, 23, 0, 0, 0, time.UTC)
	capturedBroken  = time.Date(2025, 10, 2, 23, 20, 0, 0, time.UTC)
)

// object reads one object in YAML.
func object(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	data, err := yaml.YAMLToJSON([]byte(text))
	if err == nil {
		err = o.UnmarshalJSON(data)
	}
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	return o
}

// worldOf makes a bundle of objects in YAML. Every kind that Capture asks for counts as seen.
func worldOf(t testing.TB, at time.Time, text string) *bundle.Bundle {
	t.Helper()
	b := &bundle.Bundle{
		Manifest:  bundle.Manifest{Paramedic: "test", CapturedAt: at, Cluster: bundle.Cluster{Name: "lab", ServerVersion: "v1.36.3"}},
		Objects:   map[schema.GroupVersionResource][]unstructured.Unstructured{},
		Logs:      map[bundle.LogKey][]byte{},
		HostFiles: map[bundle.HostKey][]byte{},
	}
	byKind := map[schema.GroupVersionKind]schema.GroupVersionResource{}
	for _, k := range bundle.CapturedKinds() {
		b.Objects[k.GVR()] = []unstructured.Unstructured{}
		byKind[k.GVK()] = k.GVR()
	}
	for _, part := range splitYAML(text) {
		o := object(t, part)
		gvr, ok := byKind[o.GroupVersionKind()]
		if !ok {
			t.Fatalf("no resource for %s", o.GroupVersionKind())
		}
		b.Objects[gvr] = append(b.Objects[gvr], *o)
	}
	for _, list := range b.Objects {
		slices.SortFunc(list, func(a, b unstructured.Unstructured) int {
			return strings.Compare(a.GetNamespace()+"/"+a.GetName(), b.GetNamespace()+"/"+b.GetName())
		})
	}
	return b
}

func healthy(t testing.TB) *bundle.Bundle {
	b := worldOf(t, capturedHealthy, healthyWorld)
	b.Logs[bundle.LogKey{Namespace: "kube-system", Pod: "coredns-1", Container: "coredns"}] = []byte("2025-10-02T22:59:00Z ready\n")
	return b
}

func broken(t testing.TB) *bundle.Bundle {
	b := worldOf(t, capturedBroken, brokenWorld)
	for _, k := range []schema.GroupVersionResource{nodes, leases} {
		b.Objects[k] = healthy(t).Objects[k]
	}
	key := bundle.LogKey{Namespace: "kube-system", Pod: "coredns-1", Container: "coredns"}
	b.Logs[key] = []byte("one\ntwo\n2025-10-02T23:19:00.500Z [FATAL] plugin/loop: Loop detected\n")
	key.Previous = true
	b.Logs[key] = []byte("[FATAL] plugin/loop: Loop detected\n")
	return b
}

// serve starts the server and gives clients for it, by user: "" without a token.
func serve(t testing.TB, b *bundle.Bundle, o bundle.ServerOptions) (*bundle.Server, func(token string, as ...string) *rest.Config) {
	t.Helper()
	s := bundle.NewServer(b, o)
	h := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); h.Close() })
	return s, func(token string, as ...string) *rest.Config {
		c := &rest.Config{Host: h.URL, BearerToken: token, QPS: -1}
		if len(as) > 0 {
			c.Impersonate = rest.ImpersonationConfig{UserName: as[0], Groups: as[1:]}
		}
		return c
	}
}

func clientFor(t testing.TB, c *rest.Config) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func splitYAML(text string) []string {
	var parts []string
	for _, p := range strings.Split(text, "\n---\n") {
		if strings.TrimSpace(p) != "" {
			parts = append(parts, p)
		}
	}
	return parts
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// recordRequests tells the URLs that a client asks for.
func recordRequests(to chan<- string) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			select {
			case to <- r.URL.String():
			default:
			}
			return next.RoundTrip(r)
		})
	}
}
