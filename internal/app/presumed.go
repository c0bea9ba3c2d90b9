package app

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// mostPresumed bounds the objects, and the namespaces, that an incident's signals say hurt: a storm of alerts names half a cluster, and
// then what is wrong there shows by itself.
const mostPresumed = 12

// presumed is what an incident's signals say hurts: the objects that they name, or else the namespace.
func presumed(s *incident.State) diagnosis.Presumption {
	var p diagnosis.Presumption
	for _, g := range s.Signals {
		if g.Status == incident.Resolved {
			continue
		}
		for _, o := range hurt(g) {
			switch o.Kind {
			case "Namespace":
				p.Namespaces = addOnce(p.Namespaces, o.Name)
			default:
				p.Objects = addOnce(p.Objects, o)
			}
		}
	}
	return p
}

// aimed says whether an incident is about no more than what its signals say hurts: a person opened it, who said about what.
func aimed(s *incident.State) bool {
	return len(s.Signals) > 0 && narrow(s.Signals[0])
}

// narrow says whether a signal is a person's, and says about what.
func narrow(g incident.Signal) bool { return g.By.ID != "" && len(g.About) > 0 }

func addOnce[T comparable](list []T, x T) []T {
	if len(list) == mostPresumed || slices.Contains(list, x) {
		return list
	}
	return append(list, x)
}

// hurt is what a signal says hurts, in order: what a person named, what an alert's labels name, or else its namespace.
func hurt(g incident.Signal) []incident.Object {
	out, namespace := slices.Clone(g.About), g.Labels["namespace"]
	for label, kind := range labelKinds {
		o := incident.Object{Kind: kind, Namespace: namespace, Name: g.Labels[label]}
		if kind == "Node" {
			o.Namespace = ""
		} else if namespace == "" {
			continue // of whichever namespace, nobody knows
		}
		if o.Name != "" {
			out = append(out, o)
		}
	}
	if len(out) == 0 && namespace != "" {
		out = append(out, incident.Object{Kind: "Namespace", Name: namespace})
	}
	slices.SortFunc(out, incident.Object.Compare)
	return out
}
