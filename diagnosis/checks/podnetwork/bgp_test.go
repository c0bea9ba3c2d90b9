package podnetwork

import (
	"fmt"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// TestBGPPeers wants silence wherever the nodes may learn their routes in some way.
func TestBGPPeers(t *testing.T) {
	const objects = `
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {node-role.kubernetes.io/control-plane: ""}}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
---
apiVersion: crd.projectcalico.org/v1
kind: BGPConfiguration
metadata: {name: default}
spec: {nodeToNodeMeshEnabled: %t}
---
apiVersion: crd.projectcalico.org/v1
kind: BGPPeer
metadata: {name: reflectors}
spec: {%s}
---
apiVersion: crd.projectcalico.org/v1
kind: BGPPeer
metadata: {name: left-over}
spec: {nodeSelector: "has(old)", peerSelector: "all()"}
`
	for _, tt := range []struct {
		mesh  bool
		spec  string
		found int
	}{
		{false, `nodeSelector: "all()", peerSelector: "has(node-role.kubernetes.io/master)"`, 1},
		{true, `nodeSelector: "all()", peerSelector: "has(node-role.kubernetes.io/master)"`, 0},
		{false, `nodeSelector: "all()", peerSelector: "has(node-role.kubernetes.io/control-plane)"`, 0},
		{false, `peerIP: 192.0.2.1, asNumber: 64512`, 0},
		{false, `nodeSelector: "all()", peerSelector: "rack in {'a'}"`, 0},
	} {
		s, err := snapshot.FromManifests(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), []byte(fmt.Sprintf(objects, tt.mesh, tt.spec)))
		if err != nil {
			t.Fatal(err)
		}
		var r finding.Report
		checkPeers(s, &r)
		if len(r.Findings) != tt.found {
			t.Errorf("mesh %v, %s: %d findings, want %d", tt.mesh, tt.spec, len(r.Findings), tt.found)
		}
	}
}

func TestCalicoSelector(t *testing.T) {
	labels := map[string]string{"rack": "a", "route-reflector": ""}
	for _, tt := range []struct {
		selector string
		fits, ok bool
	}{
		{"all()", true, true},
		{"has(route-reflector)", true, true},
		{"!has(route-reflector)", false, true},
		{"! has(spine)", true, true},
		{"has(node-role.kubernetes.io/master)", false, true},
		{"rack == 'a'", true, true},
		{`rack=="b"`, false, true},
		{"rack != 'b' && has(route-reflector)", true, true},
		{"spine != 'x'", true, true},
		{"rack == 'a' && has(spine)", false, true},
		{"rack in {'a', 'b'}", false, false},
		{"has(spine) || has(rack)", false, false},
		{"rack == 'a' || rack == 'b'", false, false},
		{"", false, false},
	} {
		fits, ok := calicoSelector(tt.selector)
		if ok != tt.ok || ok && fits(labels) != tt.fits {
			t.Errorf("%s: read %v, want %v and to fit: %v", tt.selector, ok, tt.ok, tt.fits)
		}
	}
}
