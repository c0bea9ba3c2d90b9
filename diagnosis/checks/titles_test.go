package checks

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Whatever a log, a message or a kubelet says stands in the title as it was said.
func TestTitlesKeepBracesOfOthers(t *testing.T) {
	const words = `cannot parse {alpha|beta} in {"a": 1}`
	manifests := fmt.Sprintf(`
apiVersion: v1
kind: Node
metadata: {name: n1, creationTimestamp: "2025-01-01T00:00:00Z"}
status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2025-01-01T00:00:00Z"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, creationTimestamp: "2026-01-02T08:00:00Z"}
spec: {nodeName: n1, containers: [{name: main, image: x}]}
status: {phase: Failed, reason: Odd, message: %[1]q}
---
apiVersion: v1
kind: Pod
metadata: {name: configured, namespace: shop, creationTimestamp: "2026-01-02T08:00:00Z"}
spec: {nodeName: n1, containers: [{name: main, image: x}]}
status: {phase: Pending, containerStatuses: [{name: main, image: x, imageID: "", ready: false, restartCount: 0, state: {waiting: {reason: CreateContainerConfigError, message: %[1]q}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: starts, namespace: shop, creationTimestamp: "2026-01-02T08:00:00Z"}
spec: {nodeName: n1, containers: [{name: main, image: x}]}
status: {phase: Pending, containerStatuses: [{name: main, image: x, imageID: "", ready: false, restartCount: 3, state: {waiting: {reason: RunContainerError, message: %[1]q}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: waits, namespace: shop, creationTimestamp: "2026-01-02T08:00:00Z"}
spec: {containers: [{name: main, image: x}]}
status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: %[1]q, lastTransitionTime: "2026-01-02T08:00:00Z"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: said, namespace: shop, creationTimestamp: "2026-01-02T08:00:00Z"}
spec: {nodeName: n1, containers: [{name: main, image: x}]}
status:
  phase: Running
  conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-02T08:00:00Z"}]
  containerStatuses: [{name: main, image: x, imageID: "", ready: false, restartCount: 9, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, reason: Error, startedAt: "2026-01-02T09:57:00Z", finishedAt: "2026-01-02T09:58:00Z"}}}]
---
apiVersion: paramedic
kind: Log
namespace: shop
pod: said
container: main
text: 'panic: open /etc/{alpha|beta}/app.conf: permission denied'
`, words)
	s, err := snapshot.FromManifests(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), []byte(manifests))
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string][]string{}
	for _, f := range Run(s).Findings {
		titles[f.Object.Name] = append(titles[f.Object.Name], f.Title)
	}
	for _, pod := range []string{"api", "configured", "starts", "waits", "said"} {
		if !slices.ContainsFunc(titles[pod], func(s string) bool { return strings.Contains(s, "{alpha|beta}") }) {
			t.Errorf("%s: %q", pod, titles[pod])
		}
	}
}
