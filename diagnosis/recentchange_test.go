package diagnosis

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/circumstance"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// well is a Deployment whose pod is well, and takes a ConfigMap that was changed so long ago.
func well(changed time.Duration) string {
	at := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC).Add(-changed).Format(time.RFC3339)
	return fmt.Sprintf(`
apiVersion: v1
kind: Node
metadata: {name: n1, creationTimestamp: "2025-01-01T00:00:00Z"}
status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2025-01-01T00:00:00Z"}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, creationTimestamp: "2025-01-01T00:00:00Z"}
---
apiVersion: v1
kind: Namespace
metadata: {name: site, creationTimestamp: "2025-01-01T00:00:00Z"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop, creationTimestamp: "2025-01-01T00:00:00Z", managedFields: [{manager: kubectl-edit, operation: Update, time: %q}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: d, creationTimestamp: "2025-01-01T00:00:00Z"}
spec: {replicas: 1, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: web}]}}}
status: {replicas: 1, readyReplicas: 1, availableReplicas: 1, updatedReplicas: 1}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-1, namespace: shop, uid: r, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d, controller: true}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1-a, namespace: shop, creationTimestamp: "2025-12-30T09:00:00Z", labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r, controller: true}]}
spec: {nodeName: n1, containers: [{name: main, image: web, envFrom: [{configMapRef: {name: settings}}]}]}
status:
  phase: Running
  conditions: [{type: Ready, status: "True", lastTransitionTime: "2025-12-30T09:00:00Z"}]
  containerStatuses: [{name: main, image: web, imageID: "", ready: true, restartCount: 0, state: {running: {startedAt: "2025-12-30T09:00:00Z"}}}]
`, at)
}

// Where somebody says that it hurts and nothing was found, what was changed lately is a suspicion; nobody else hears of it.
func TestAChangeWhereItHurtsIsASuspicion(t *testing.T) {
	shop := incident.Asked{Namespace: "shop", Hurts: true}
	for name, c := range map[string]struct {
		asked   incident.Asked
		changed time.Duration
		also    string // manifests
		told    bool
	}{
		"in the namespace, lately":    {shop, 4 * time.Minute, "", true},
		"in the namespace, long ago":  {shop, 50 * time.Minute, "", false},
		"in another namespace":        {incident.Asked{Namespace: "site", Hurts: true}, 4 * time.Minute, "", false},
		"of what the object takes":    {incident.Asked{Words: []string{"deployment", "shop", "web"}, Hurts: true}, 4 * time.Minute, "", true},
		"nobody says that it hurts":   {incident.Asked{Namespace: "shop"}, 4 * time.Minute, "", false},
		"something is found wrong":    {shop, 4 * time.Minute, crashing("api", time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)), false},
		"the whole cluster is looked": {incident.Asked{}, 4 * time.Minute, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := snapshot.FromManifests(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), []byte(well(c.changed)+c.also))
			if err != nil {
				t.Fatal(err)
			}
			d := Diagnose(s, Resolve(s, c.asked))
			for _, x := range d.Causes {
				if x.Code == circumstance.RecentChange {
					t.Errorf("a cause: %s", x.Title)
				}
			}
			var told []string
			for _, x := range d.Suspicions {
				if x.Code == circumstance.RecentChange {
					told = append(told, x.Title+" "+x.Objects[0].String())
				}
			}
			want := "Changed 4m ago: at 09:56:00 UTC, ConfigMap settings was changed (kubectl-edit) ConfigMap/shop/settings"
			if c.told && (len(told) != 1 || told[0] != want) || !c.told && len(told) > 0 {
				t.Errorf("%q", told)
			}
		})
	}
}

// A loop began before the end of a run that is seen, by how long the kubelet waits; what the kubelet does not say is told by the restarts.
func TestALoopBeganBefore(t *testing.T) {
	at := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		message  string
		restarts int32
		created  time.Duration
		want     time.Duration // before the last end
	}{
		"the first crash":                   {"back-off 10s restarting failed container", 0, time.Hour, 0},
		"the third in a row, of many":       {"back-off 40s restarting failed container", 90, 24 * time.Hour, 30 * time.Second},
		"as long as it waits, six restarts": {"back-off 5m0s restarting failed container", 6, 24 * time.Hour, 610 * time.Second},
		"as long as it waits, two days":     {"back-off 5m0s restarting failed container", 600, 48 * time.Hour, 48 * time.Hour},
		"it does not say":                   {"", 3, 24 * time.Hour, 70 * time.Second},
	} {
		s, err := snapshot.FromManifests(at, []byte(fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: shop, creationTimestamp: %q}
spec: {containers: [{name: main}]}
status:
  containerStatuses: [{name: main, image: x, imageID: "", ready: false, restartCount: %d, state: {waiting: {reason: CrashLoopBackOff, message: %q}},
    lastState: {terminated: {exitCode: 1, startedAt: %[4]q, finishedAt: %[4]q}}}]
`, at.Add(-c.created).Format(time.RFC3339), c.restarts, c.message, at.Format(time.RFC3339))))
		if err != nil {
			t.Fatal(err)
		}
		if got := at.Sub(loopSince(&s.Pods[0])); got != c.want {
			t.Errorf("%s: began %s before, want %s", name, got, c.want)
		}
	}
}

// Of what fails alike, each is told with its own change, and one only: else what is one cause would be told as two.
func TestEachSymptomIsToldWithOneChange(t *testing.T) {
	at := time.Date(2026, 1, 2, 9, 30, 0, 0, time.UTC)
	var manifests []string
	for i := range 20 {
		name := fmt.Sprintf("settings-%02d", i)
		manifests = append(manifests, fmt.Sprintf(`
---
apiVersion: v1
kind: ConfigMap
metadata: {name: %s, namespace: shop, creationTimestamp: "2025-01-01T00:00:00Z", managedFields: [{manager: kubectl-edit, operation: Update, time: %q}]}
`, name, at.Format(time.RFC3339)),
			strings.ReplaceAll(crashing(fmt.Sprintf("api-%02d", i), at.Add(time.Minute)), "name: settings", "name: "+name))
	}
	d := judged(t, Scope{}, append([]string{around}, manifests...)...)
	told := map[incident.Object]int{}
	for _, f := range d.Findings {
		if f.Code == circumstance.RecentChange {
			told[f.Object]++
			if len(f.Title) > finding.MaxTitle {
				t.Errorf("%d bytes: %s", len(f.Title), f.Title)
			}
		}
	}
	if len(told) != 20 {
		t.Errorf("%d changes are told, want 20", len(told))
	}
	for o, n := range told {
		if n != 1 {
			t.Errorf("%d changes of %s are told", n, o)
		}
	}
}
