package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/incident/incidenttest"
)

// about is an alert about an object, by the labels that the usual rules give it.
func about(o incident.Object) incident.Signal {
	for label, kind := range labelKinds {
		if kind == o.Kind {
			return incident.Signal{Kind: "alert", Labels: map[string]string{label: o.Name, "namespace": o.Namespace}}
		}
	}
	panic("no label names a " + o.Kind)
}

// Whatever is told in brief, an alert about any object of the outage leads to its incident, and one about another does not.
func TestAnAlertAboutWhatIsIllLeadsToItsIncident(t *testing.T) {
	for name, c := range map[string]struct {
		workloads, reasons, namespaces int
		others                         bool // of the same kind and namespace, which then count as well
	}{
		"a few":                {3, 3, 1, false},
		"many for one reason":  {500, 1, 25, false},
		"many for many":        {500, 500, 25, false},
		"very many":            {4000, 500, 100, true},
		"in a namespace each":  {3000, 3000, 3000, true},
		"one name in all only": {400, 400, 400, false},
	} {
		var titles []string
		for i := range c.workloads {
			titles = append(titles, fmt.Sprintf("reason %d of %%s", i%c.reasons))
		}
		d := incidenttest.Ill("Deployment", titles...)
		for i := range d.Findings {
			d.Findings[i].Object.Name = fmt.Sprintf("workload-with-a-long-name-%d-x", i/2)
			d.Findings[i].Object.Namespace = fmt.Sprintf("team-%d", (i/2)%c.namespaces)
		}
		for i := range d.Causes {
			d.Causes[i].Objects = []incident.Object{d.Findings[2*i].Object}
		}
		b := incident.Brief(d)
		lead := leading{}
		lead.apply(incident.DiagnosisMade{Diagnosis: *b}, false)
		leads := func(o incident.Object) bool {
			return slices.ContainsFunc(objectLeads(about(o)), func(name string) bool { _, ok := lead[name]; return ok })
		}
		for i := 0; i < len(d.Findings); i += 1 + len(d.Findings)/500 {
			o := d.Findings[i].Object
			pod := incident.Object{Kind: "Pod", Namespace: o.Namespace, Name: o.Name + "-7f9c-abcde"}
			if !leads(o) || o.Kind == "Deployment" && !leads(pod) {
				t.Fatalf("%s: %s is ill, and an alert about it does not lead there", name, o)
			}
		}
		for _, o := range []incident.Object{{Kind: "Node", Name: "n1"}, {Kind: "StatefulSet", Namespace: "team-0", Name: "db"},
			{Kind: "Deployment", Namespace: "team-0", Name: "well"}} {
			if leads(o) && (o.Kind != "Deployment" || !c.others) {
				t.Errorf("%s: %s is well, and an alert about it leads there (%s)", name, o, strings.Repeat("…", len(b.Also)))
			}
		}
	}
}
