package checks

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const asking = `
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec: {clusterIP: 10.43.0.10, selector: {k8s-app: kube-dns}}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
spec: {clusterIP: 10.43.7.7, selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: shop, labels: {app: db}, creationTimestamp: "2026-01-01T00:00:00Z"}
spec: {nodeName: n1, containers: [{name: db, ports: [{containerPort: 5432}]}]}
status: {phase: Running, podIP: 10.42.0.9, conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T00:00:00Z"}], containerStatuses: [{name: db, image: x, imageID: "", ready: false, restartCount: 0, state: {running: {startedAt: "2026-01-01T00:00:00Z"}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
spec: {nodeName: n1, containers: [{name: main}]}
status: {phase: Running, conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-02T09:00:00Z"}], containerStatuses: [{name: main, image: x, imageID: "", ready: false, restartCount: 9, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, startedAt: "2026-01-02T09:59:00Z", finishedAt: "2026-01-02T09:59:01Z"}}}]}
---
apiVersion: paramedic
kind: Log
namespace: shop
pod: api
container: main
text: |
  dial tcp: lookup bank.example on 10.43.0.10:53: no such host
  FATAL dial tcp db.shop.svc.cluster.local:5432: connect: connection refused
---
apiVersion: paramedic
kind: Host
node: n1
cniDir: /etc/cni/net.d
cniFiles: [{name: a.conf, size: 1, hash: x}]
resolv: "nameserver 10.0.0.53\nnameserver 127.0.0.53\n"
`

// Findings ask for what their logs name: the name at the cluster's DNS and at the node's own servers, the Service that refuses and the
// pods behind it; and nobody asks where all is well.
func TestAsks(t *testing.T) {
	s, err := snapshot.FromManifests(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), []byte(asking))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	probes, failures := Asks(s, Run(s).Findings)
	if len(failures) > 0 {
		t.Error(failures)
	}
	for _, p := range probes {
		if p.Kind != snapshot.ProbeQuery {
			got = append(got, fmt.Sprintf("%s %s %s for %s", p.Kind, p.Target, p.Server, p.For))
		}
	}
	want := []string{
		"dial 10.42.0.9:5432  for Pod/shop/db-0",
		"dial 10.43.7.7:5432  for Service/shop/db",
		"lookup bank.example. 10.0.0.53 for Pod/shop/api",
		"lookup bank.example. 10.43.0.10 for Pod/shop/api",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	healthy := &snapshot.Snapshot{At: s.At}
	if probes, _ := Asks(healthy, Run(healthy).Findings); len(probes) > 0 {
		t.Error("somebody asks where nothing is wrong")
	}
}
