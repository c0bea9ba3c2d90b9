package app

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Every metric that the dashboard asks for, and that the guides name, is one that /metrics has; and every one that it has is in the guides
// and on the dashboard.
func TestMetricsAreThoseOfTheGuidesAndTheDashboard(t *testing.T) {
	descs := make(chan *prometheus.Desc, 1000)
	telemetry{}.Describe(descs)
	for _, c := range newMeters().collectors() {
		c.Describe(descs)
	}
	close(descs)
	have := map[string]bool{}
	named := regexp.MustCompile(`fqName: "([a-z_]+)"`)
	for d := range descs {
		have[named.FindStringSubmatch(d.String())[1]] = true
	}
	one := regexp.MustCompile(`\bparamedic_[a-z_]*[a-z]\b`)
	read := func(files ...string) map[string]bool {
		out := map[string]bool{}
		for _, f := range files {
			raw, err := os.ReadFile("../../" + f)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range one.FindAllString(string(raw), -1) {
				name = strings.TrimSuffix(name, "_bucket")
				if out[name] = true; !have[name] {
					t.Errorf("%s names %s, which is not there", f, name)
				}
			}
		}
		return out
	}
	guides := read("docs/watch.md", "docs/install.md", "docs/configuration.md", "docs/notices.md")
	dashboard := read("deploy/grafana/paramedic.json")
	for name := range have {
		if !guides[name] {
			t.Errorf("no guide names %s", name)
		}
		if !dashboard[name] {
			t.Errorf("%s is not on the dashboard", name)
		}
	}
}
