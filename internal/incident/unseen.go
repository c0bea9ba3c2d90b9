package incident

import (
	"fmt"
	"slices"
)

// MostOf bounds the pods that a note of what was not seen names.
const MostOf = 40

// LogsOf is "logs of 17 containers", "the log of 1 container".
func LogsOf(n int) string {
	if n == 1 {
		return "the log of 1 container"
	}
	return fmt.Sprintf("logs of %d containers", n)
}

// Unseen is what a diagnosis could not see of what it is about, as people are told: logs are counted over all nodes, and
// what has no bearing
// on the question is left out.
func (d *Diagnosis) Unseen() []NotSeen {
	type why struct {
		text string
		gone bool
	}
	var out []NotSeen
	at, nodes := map[why]int{}, map[why]map[string]bool{}
	for _, n := range d.NotSeen {
		n, bears := d.Scope.bearing(n)
		if !bears {
			continue
		}
		if n.Count == 0 {
			out = append(out, n)
			continue
		}
		k := why{n.Why, n.Gone}
		if nodes[k] == nil {
			at[k], nodes[k], out = len(out), map[string]bool{}, append(out, NotSeen{Why: n.Why, Resources: n.Resources, Gone: n.Gone})
		}
		sum := &out[at[k]]
		sum.Count += n.Count
		nodes[k][n.Where.Name] = true
		switch {
		case n.Gone && sum.Count == 1:
			sum.What, sum.Why = LogsOf(1), "it is gone"
		case n.Gone:
			sum.What, sum.Why = LogsOf(sum.Count), "they are gone"
		case len(nodes[k]) == 1:
			sum.What = LogsOf(sum.Count) + " on " + n.Where.Name
		default:
			sum.What = fmt.Sprintf("%s on %d nodes", LogsOf(sum.Count), len(nodes[k]))
		}
	}
	return out
}

// bearing is what of a note bears on what is asked about; not ok if nothing does.
func (s Scope) bearing(n NotSeen) (NotSeen, bool) {
	places, node := s.namespaces(), slices.ContainsFunc(s.Objects, func(o Object) bool { return o.Kind == "Node" })
	if len(places) == 0 || node {
		return n, true
	}
	if len(n.Of) > 0 && len(n.Of) == n.Count {
		n.Of = slices.DeleteFunc(slices.Clone(n.Of), func(o Object) bool { return !slices.Contains(places, o.Namespace) })
		n.Count = len(n.Of)
		return n, n.Count > 0
	}
	elsewhere := !slices.ContainsFunc(places, func(p string) bool { return !n.Elsewhere(p) })
	return n, !elsewhere && !slices.Contains(n.Resources, HostFiles)
}

// namespaces are those in which what is asked about lies; none if it is the whole cluster, or belongs to none.
func (s Scope) namespaces() []string {
	var out []string
	if s.Namespace != "" {
		out = append(out, s.Namespace)
	}
	for _, o := range s.Objects {
		switch {
		case o.Kind == "Namespace":
			out = append(out, o.Name)
		case o.Namespace != "":
			out = append(out, o.Namespace)
		default:
			return nil
		}
	}
	return out
}
