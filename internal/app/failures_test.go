package app_test

import (
	"bytes"
	"log/slog"
	"maps"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// What panicked is logged with its stack, and counted by the part, of which there are not more than checks, rules and resources.
func TestFailuresAreLoggedAndCounted(t *testing.T) {
	var log bytes.Buffer
	x := app.NewFailures(slog.New(slog.NewTextHandler(&log, nil)))
	for _, n := range []incident.NotSeen{
		{What: "check services", Resources: []incident.Resource{incident.Checks}, Where: incident.Object{Kind: "Check", Name: "services"}},
		{What: "check services", Resources: []incident.Resource{incident.Checks}, Where: incident.Object{Kind: "Check", Name: "services"}},
		{What: "log of main in shop/api-1", Resources: []incident.Resource{incident.PodLogs}},
		{What: "log of main in shop/api-2", Resources: []incident.Resource{incident.PodLogs}},
	} {
		x.Take(*incident.Catch(n, func() { panic("boom") }))
	}
	if want := map[string]int{"check services": 2, "pods/log": 2}; !maps.Equal(x.Counts(), want) {
		t.Errorf("counted %v, want %v", x.Counts(), want)
	}
	if got := log.String(); strings.Count(got, "panic=boom") != 4 || !strings.Contains(got, "failures_test.go") {
		t.Error(got)
	}
}
