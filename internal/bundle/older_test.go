package bundle_test

import (
	"testing"

	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Notes of bundles that older versions made say to programs what those versions meant by them; a name within a note says nothing.
func TestNotesOfOlderBundlesKeepTheirMeaning(t *testing.T) {
	for what, of := range map[string]incident.Resource{
		"secrets":                                     incident.Secrets,
		"the 500 oldest events":                       "events",
		"the API server's health":                     incident.ServerHealth,
		"custom resources of s3.services.k8s.aws":     "*.s3.services.k8s.aws",
		"logs of 3 containers on gke-prod-pods-1a2b":  incident.PodLogs,
		"log of main in services/nodes":               incident.PodLogs,
		"files on the nodes":                          incident.HostFiles,
		"system log of nodes":                         "",
		"configmaps":                                  "configmaps",
		"what some other program wrote, such as pods": "",
	} {
		b := healthy(t)
		b.Manifest.NotSeen = []bundle.NotSeen{{What: what, Why: "an older version said so"}}
		if what == "configmaps" {
			delete(b.Objects, configMaps)
		}
		s, err := b.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		named := false
		for _, n := range s.NotSeen {
			if n.What != what {
				continue
			}
			named = true
			if of == "" && len(n.Resources) > 0 || of != "" && (len(n.Resources) != 1 || n.Resources[0] != of) {
				t.Errorf("%s: %v, want %s", what, n.Resources, of)
			}
		}
		if !named {
			t.Errorf("%s is not told: %+v", what, s.NotSeen)
		}
		for _, r := range []incident.Resource{"pods", "services", "nodes"} {
			if s.NotSeenIn(r, "") {
				t.Errorf("%s hides %s", what, r)
			}
		}
	}
}
