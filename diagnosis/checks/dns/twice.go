package dns

import (
	"fmt"
	"maps"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// servedTwice reports that two server blocks answer for one zone, by which CoreDNS ends. The second mostly stands in a file that the
// Corefile imports, out of another ConfigMap; then that is at fault.
func servedTwice(d resolvers.Resolver, s *snapshot.Snapshot, r *finding.Report, address string) *finding.Finding {
	f := about(d, r.Find(DNSCorefileError, corefileObject(d), "CoreDNS cannot serve "+address+": it is already defined"))
	f.Because = "Two server blocks answer for " + address + ", and CoreDNS ends over the second"
	tellChange(d, f)
	if d.Spec == nil {
		return f
	}
	for _, v := range d.Spec.Volumes {
		if v.ConfigMap == nil || d.Config != nil && v.ConfigMap.Name == d.Config.Name {
			continue
		}
		c := s.ConfigMap(resolvers.DNSNamespace, v.ConfigMap.Name)
		if c == nil {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(c.Data)) {
			for _, served := range resolvers.ParseCorefile(c.Data[key]).Serves {
				if served.Address != address {
					continue
				}
				f.Object = snapshot.ObjectOf("ConfigMap", c.Namespace, c.Name)
				f.Fault = []incident.Object{f.Object}
				f.Retitle(fmt.Sprintf("CoreDNS cannot serve %s: it is already defined, and again by %s of ConfigMap %s", address, key, c.Name))
				return f.Cite(finding.SeenAPI(f.Object, "data."+key, c.CreationTimestamp.Time,
					fmt.Sprintf("line %d: %s", served.Line, lineOf(c.Data[key], fmt.Sprint(served.Line)))))
			}
		}
	}
	return f
}
