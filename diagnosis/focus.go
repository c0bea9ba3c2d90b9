package diagnosis

import (
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Focus narrows a diagnosis to one object: the causes that explain what was found about it, all that these explain of it, and the
// evidence cited. An empty namespace in the object means any. Ids stay as they are, so that links into the whole diagnosis hold. What
// was found about a pod's workload counts as found about the pod.
func Focus(d *incident.Diagnosis, o incident.Object) *incident.Diagnosis {
	return within(d, func(f *incident.Finding) bool { return concerns(d, f, o) })
}

// Keep narrows a diagnosis to what was found about the objects wanted, as Focus does to one.
func Keep(d *incident.Diagnosis, wanted func(incident.Object) bool) *incident.Diagnosis {
	return within(d, func(f *incident.Finding) bool { return wanted(f.Object) })
}

// concerns says whether a finding is about the object: its own, its workload's, or one whose evidence was seen there.
func concerns(d *incident.Diagnosis, f *incident.Finding, o incident.Object) bool {
	if same(f.Object, o) || o.Kind == "Pod" && ownsPod(f.Object, o) {
		return true
	}
	for _, id := range f.Evidence {
		if e := d.EvidenceByID(id); e != nil && e.Field != changeField && same(e.Object, o) {
			return true
		}
	}
	return false
}

func same(have, asked incident.Object) bool {
	return strings.EqualFold(have.Kind, asked.Kind) && have.Name == asked.Name && (asked.Namespace == "" || have.Namespace == asked.Namespace)
}

// ownsPod goes by names: a controller's pods carry its name and a suffix.
func ownsPod(w, pod incident.Object) bool {
	switch w.Kind {
	case "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet":
		rest, ok := strings.CutPrefix(pod.Name, w.Name+"-")
		limit := map[string]int{"StatefulSet": 0, "DaemonSet": 0, "ReplicaSet": 0, "Job": 1, "Deployment": 1, "CronJob": 2}[w.Kind]
		return ok && (pod.Namespace == "" || pod.Namespace == w.Namespace) && strings.Count(rest, "-") <= limit
	}
	return false
}

// within keeps the findings wanted, the causes that explain one of them, each cause's own finding, and the evidence of all.
func within(d *incident.Diagnosis, wanted func(*incident.Finding) bool) *incident.Diagnosis {
	out := *d
	keep := map[string]bool{}
	for i := range d.Findings {
		if wanted(&d.Findings[i]) {
			keep[d.Findings[i].ID] = true
		}
	}
	out.Causes = []incident.Cause{}
	for _, c := range d.Causes {
		if !slices.ContainsFunc(c.Explains, func(id string) bool { return keep[id] }) {
			continue
		}
		out.Causes = append(out.Causes, c)
	}
	for _, c := range out.Causes {
		keep[c.Explains[0]] = true
	}
	evidence := map[string]bool{}
	out.Findings = []incident.Finding{}
	for _, f := range d.Findings {
		if keep[f.ID] {
			out.Findings = append(out.Findings, f)
			for _, id := range f.Evidence {
				evidence[id] = true
			}
		}
	}
	changes := map[string]bool{}
	for i := range out.Causes {
		c := &out.Causes[i]
		c.Explains = slices.DeleteFunc(slices.Clone(c.Explains), func(id string) bool { return !keep[id] })
		c.Blocks = slices.DeleteFunc(slices.Clone(c.Blocks), func(b incident.Block) bool {
			return !slices.ContainsFunc(out.Causes, func(c incident.Cause) bool { return c.ID == b.Cause })
		})
		c.Links = slices.DeleteFunc(slices.Clone(c.Links), func(l incident.Link) bool { return !keep[l.From] || !keep[l.To] })
		for _, id := range c.Evidence {
			evidence[id] = true
		}
		for _, id := range c.Changes {
			changes[id] = true
		}
	}
	out.Changes = slices.DeleteFunc(slices.Clone(d.Changes), func(c incident.Change) bool { return !changes[c.ID] })
	out.Evidence = slices.DeleteFunc(slices.Clone(d.Evidence), func(e incident.Evidence) bool { return !evidence[e.ID] })
	return &out
}
