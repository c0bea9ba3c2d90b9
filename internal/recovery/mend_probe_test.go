package recovery_test

import "testing"

// probed is a Deployment whose readiness probe succeeds and of which the kubelet says that another probe fails.
const probed = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop, uid: d1}
spec:
  replicas: 1
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
      - {name: main, image: a, readinessProbe: {httpGet: {path: /ready, port: 8080}}, livenessProbe: {httpGet: {path: /healthz, port: 8080}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: api-1, namespace: shop, uid: r1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: api, uid: d1, controller: true}]}
spec: {selector: {matchLabels: {app: api}}}
---
apiVersion: v1
kind: Pod
metadata: {name: api-1-a, namespace: shop, uid: p1, labels: {app: api}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: api-1, uid: r1, controller: true}]}
spec: {nodeName: n1, containers: [{name: main, image: a, readinessProbe: {httpGet: {path: /ready, port: 8080}}, livenessProbe: {httpGet: {path: /healthz, port: 8080}}}]}
status:
  phase: Running
  conditions: [{type: Ready, status: "True", lastTransitionTime: "2025-10-05T08:59:50Z"}]
  containerStatuses: [{name: main, ready: true, restartCount: 0, started: true, state: {running: {startedAt: "2025-10-05T08:59:48Z"}}}]
---
apiVersion: v1
kind: Event
metadata: {name: api-1-a.1, namespace: shop}
involvedObject: {kind: Pod, namespace: shop, name: api-1-a, uid: p1, fieldPath: "spec.containers{main}"}
type: Warning
reason: Unhealthy
message: "`

// A container that a liveness probe ends is ready until then: its pod is asked as well. What a readiness probe said of a pod that is ready is past.
func TestALivenessProbeFailsWhileThePodIsReady(t *testing.T) {
	const rest = " probe failed: HTTP probe failed with statuscode: 404\"\nlastTimestamp: \"2025-10-05T08:59:55Z\"\ncount: 1\n"
	for name, x := range map[string]tale{
		"liveness": {"PodProbeFailing Deployment/shop/api", 0, probed + "Liveness" + rest,
			planned{"Set livenessProbe of main in Deployment shop/api", "-      path: /healthz\n+      path: /ready"}},
		"readiness": {"PodProbeFailing Deployment/shop/api", 0, probed + "Readiness" + rest, planned{"", "is known to fail for what it asks"}},
	} {
		t.Run(name, func(t *testing.T) { x.check(t, stage(t, x.manifests), x.diagnosis(t)) })
	}
}
