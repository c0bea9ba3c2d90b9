package change

import (
	"regexp"

	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// updates are lines of a service log by which a node's software says that it changes.
var updates = regexp.MustCompile(`(?i)auto-?update|upgrad|starting k3s|starting rke2|kubelet version`)

// hosts enters what the package and shell histories of hosts tell, when they were started, and what their services say of updates.
func (t *timeline) hosts() {
	for i := range t.s.Hosts {
		h := &t.s.Hosts[i]
		o := snapshot.ObjectOf("Node", "", h.Node)
		t.add(Machine, incident.SourceHost, o, h.Boot, "", "the machine was started, kernel "+h.Kernel)
		for _, c := range h.Changes {
			t.add(Machine, incident.SourceHost, o, c.At, c.Where, c.What)
		}
		for _, line := range h.ServiceLog {
			if updates.MatchString(line) {
				t.add(Machine, incident.SourceHost, o, logs.ServiceTime(line), "service log", logs.ServiceMessage(line))
			}
		}
	}
}
