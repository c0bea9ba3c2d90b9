package change

import (
	"regexp"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// updates are lines of a service log by which a node's software says that it changes.
var updates = regexp.MustCompile(`(?i)auto-?update|upgrad|starting k3s|starting rke2|kubelet version`)

var (
	lineTime    = regexp.MustCompile(`(?:time="?|^)(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))`)
	lineMessage = regexp.MustCompile(`msg="([^"]*)"`)
)

// hosts enters what the package and shell histories of hosts tell, when they were started, and what their services say of updates.
func (t *timeline) hosts() {
	for i := range t.s.Hosts {
		h := &t.s.Hosts[i]
		o := snapshot.ObjectOf("Node", "", h.Node)
		t.add(incident.SourceHost, o, h.Boot, "", "the machine was started, kernel "+h.Kernel)
		for _, c := range h.Changes {
			t.add(incident.SourceHost, o, c.At, c.Where, c.What)
		}
		for _, line := range h.ServiceLog {
			if !updates.MatchString(line) {
				continue
			}
			m := lineTime.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			at, err := time.Parse(time.RFC3339, m[1])
			if err != nil {
				continue
			}
			said := line
			if m := lineMessage.FindStringSubmatch(line); m != nil {
				said = m[1]
			}
			t.add(incident.SourceHost, o, at, "service log", said)
		}
	}
}
