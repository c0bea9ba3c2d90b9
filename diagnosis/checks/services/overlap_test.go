package services

import (
	"fmt"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// TestServiceSelectsOthers wants silence about a canary that has the port, and about pods of which nobody declares it.
func TestServiceSelectsOthers(t *testing.T) {
	const objects = `
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {clusterIP: 10.96.0.7, ports: [{port: 80, targetPort: 8080}], selector: {app: api}}
---
apiVersion: v1
kind: Pod
metadata: {name: api-1, namespace: shop, labels: {app: api, tier: web}}
spec: {containers: [{name: main, ports: [%s]}]}
status: {phase: Running, podIP: 10.42.0.5, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: worker-1, namespace: shop, labels: {app: api, tier: work}}
spec: {containers: [{name: main, ports: [%s]}]}
status: {phase: Running, podIP: 10.42.0.6, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: shop}
`
	const port = "{containerPort: 8080}"
	for _, tt := range []struct {
		api, worker, refuses string
		found                bool
	}{
		{port, "", "10.42.0.6", true},
		{port, "{containerPort: 9102}", "10.42.0.6", true},
		{port, "", "10.42.0.5", false},
		{port, port, "10.42.0.6", false},
		{"", "", "10.42.0.6", false},
	} {
		s, err := snapshot.FromManifests(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), []byte(fmt.Sprintf(objects, tt.api, tt.worker)))
		if err != nil {
			t.Fatal(err)
		}
		var r finding.Report
		by := calls.Call{Pod: s.Pod("shop", "web-1"), Log: &snapshot.Log{}, Need: logs.Fact{Kind: logs.ConnectionRefused, Host: tt.refuses,
			Port: "8080", Line: "connection refused"}}
		refusedAt(calls.Callers{S: s, R: &r, Found: map[string]*finding.Finding{}}, by)
		if found := len(r.Findings) > 0; found != tt.found {
			t.Errorf("ports [%s] and [%s], %s refuses: found %v, want %v", tt.api, tt.worker, tt.refuses, found, tt.found)
		}
	}
}
