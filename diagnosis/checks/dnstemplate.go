package checks

import (
	"fmt"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// checkTemplates looks for a template in the Corefile that says of the cluster's own names that they do not exist: CoreDNS asks the template
// plugin before it asks kubernetes. It wants a program to which a Service that there is was denied.
func (d resolver) checkTemplates(s *snapshot.Snapshot, r *finding.Report) {
	if d.config == nil {
		return
	}
	denials := parseCorefile(d.config.Data["Corefile"]).denials
	if len(denials) == 0 {
		return
	}
	c := callers{s, r, map[string]*finding.Finding{}}
	for _, by := range failingCalls(s) {
		if by.need.Kind != logs.NameUnresolved || Unanswered(by.need.Line) || !UsesClusterDNS(by.pod) || s.Service(by.service.Namespace, by.service.Name) == nil {
			continue
		}
		full := by.service.Name + "." + by.service.Namespace + ".svc.cluster.local"
		for _, x := range denials {
			if !x.covers(by.need.Host) && !x.covers(full) {
				continue
			}
			f := c.find(DNSNamesDenied, d.corefileObject(), fmt.Sprint(x.line), by, fmt.Sprintf("CoreDNS says that %s does not exist, for line %d of its Corefile (%s) answers before it looks at Services", by.need.Host, x.line, x.text))
			f.Cite(finding.SeenAPI(f.Object, "data.Corefile", d.changed(), fmt.Sprintf("line %d: %s", x.line, x.text)))
			break
		}
	}
}
