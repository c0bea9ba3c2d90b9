package dns

import (
	"fmt"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// checkTemplates looks for a template in the Corefile that says of the cluster's own names that they do not exist: CoreDNS asks the
// template plugin before it asks kubernetes. It wants a program to which a Service that there is was denied.
func checkTemplates(d resolvers.Resolver, s *snapshot.Snapshot, r *finding.Report) {
	if d.Config == nil {
		return
	}
	denials := resolvers.ParseCorefile(d.Config.Data["Corefile"]).Denials
	if len(denials) == 0 {
		return
	}
	c := calls.Callers{S: s, R: r, Found: map[string]*finding.Finding{}}
	for _, by := range calls.Failing(s) {
		if by.Need.Kind != logs.NameUnresolved || by.Need.Unanswered() || !resolvers.UsesClusterDNS(by.Pod) ||
			s.Service(by.Service.Namespace, by.Service.Name) == nil {
			continue
		}
		full := by.Service.Name + "." + by.Service.Namespace + ".svc.cluster.local"
		for _, x := range denials {
			if !x.Covers(by.Need.Host) && !x.Covers(full) {
				continue
			}
			f := c.Find(DNSNamesDenied, corefileObject(d), fmt.Sprint(x.Line), by,
				fmt.Sprintf("CoreDNS says that %s does not exist, for line %d of its Corefile (%s) answers before it looks at Services", by.Need.Host,
					x.Line, x.Text))
			f.Cite(finding.SeenAPI(f.Object, "data.Corefile", changed(d), fmt.Sprintf("line %d: %s", x.Line, x.Text)))
			break
		}
	}
}
