package recovery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const well = `
apiVersion: v1
kind: Node
metadata: {name: leveling-pc}
status: {conditions: [{type: Ready, status: "NODE", lastTransitionTime: "SINCE"}]}
---
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec: {selector: {k8s-app: kube-dns}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other, namespace: kube-system}
data: {x: y}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system, creationTimestamp: "2025-10-01T00:00:00Z", managedFields: [{manager: kubectl, operation: Update, time: "CHANGED"}]}
data: {Corefile: "COREFILE"}
---
apiVersion: v1
kind: Pod
metadata: {name: coredns-1, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec: {containers: [{name: coredns}], volumes: [{name: x, configMap: {name: other}}, {name: config, configMap: {name: coredns}}]}
status:
  phase: Running
  conditions: [{type: Ready, status: "DNS"}]
  containerStatuses: [{name: coredns, image: c, imageID: c, ready: true, restartCount: RESTARTS, state: {running: {startedAt: "STARTED"}}}]
`

// What is kept will be restored one day: a copy of what is about to break, taken in the moment before it shows, would be worse than none.
func TestKeepKeepsWhatIsProved(t *testing.T) {
	at := func(before time.Duration) string { return t0.Add(-before).Format(time.RFC3339) }
	const both = "configmap/kube-system/coredns/Corefile host/leveling-pc/etc/cni/net.d"
	const dns, cni = "configmap/kube-system/coredns/Corefile", "host/leveling-pc/etc/cni/net.d"
	for name, c := range map[string]struct {
		changes []string
		dir     time.Duration // since the CNI directory changed; 0: an hour
		empty   bool
		want    string
	}{
		"all is well": {want: both},
		"the Corefile changed a minute ago, under CoreDNS' feet": {changes: []string{"CHANGED", at(time.Minute)}, want: cni},
		"it changed, and CoreDNS has started with it since": {changes: []string{"CHANGED", at(3 * time.Minute), "STARTED",
			at(2 * time.Minute)}, want: both},
		"CoreDNS started with it seconds ago": {changes: []string{"CHANGED", at(time.Minute), "STARTED", at(10 * time.Second)},
			want: cni},
		"it changed, and CoreDNS reloaded it long ago": {changes: []string{"CHANGED", at(6 * time.Minute)}, want: both},
		"CoreDNS is not ready":                         {changes: []string{"DNS", "False"}, want: cni},
		"CoreDNS crashed seconds ago":                  {changes: []string{"RESTARTS", "3", "STARTED", at(5 * time.Second)}, want: cni},
		"the Corefile is empty":                        {changes: []string{"COREFILE", " "}, want: cni},
		"the node is not ready":                        {changes: []string{"NODE", "False"}, want: dns},
		"the node has been ready for seconds":          {changes: []string{"SINCE", at(5 * time.Second)}, want: dns},
		"the CNI directory changed seconds ago":        {dir: 10 * time.Second, want: dns},
		"the CNI directory is empty":                   {empty: true, want: dns},
	} {
		s, err := snapshot.FromManifests(t0, []byte(strings.NewReplacer(append(c.changes, "NODE", "True", "SINCE", at(time.Hour), "CHANGED",
			at(time.Hour),
			"COREFILE", "forward . 10.99.0.1", "DNS", "True", "RESTARTS", "0", "STARTED", at(2*time.Hour))...).Replace(well)))
		if err != nil {
			t.Fatal(err)
		}
		dir := recovery.HostDir{Node: "leveling-pc", Dir: "/etc/cni/net.d", Archive: goodCNI, Changed: t0.Add(-time.Hour)}
		if c.dir > 0 {
			dir.Changed = t0.Add(-c.dir)
		}
		if c.empty {
			dir.Archive = host.Archive{}
		}
		var keys []string
		for _, k := range recovery.Keep(s, []recovery.HostDir{dir, {Node: "elsewhere", Dir: "/etc", Archive: goodCNI,
			Changed: t0.Add(-time.Hour)}}) {
			keys = append(keys, k.Key)
			if k.Key == dns && string(k.Content) != "forward . 10.99.0.1" || k.Key == cni && string(k.Content) != string(goodCNI.Encode()) {
				t.Errorf("%s: %s holds %q", name, k.Key, k.Content)
			}
		}
		if got := strings.Join(keys, " "); got != c.want {
			t.Errorf("%s: kept %q, want %q", name, got, c.want)
		}
	}
}
