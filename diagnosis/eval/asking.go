package eval

import (
	"fmt"
	"slices"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Asking is how a case does when somebody asks about a part of its cluster, which presumes that part to be ill.
type Asking struct {
	// Of a case where nothing is wrong: the namespaces and workloads that were asked about, one by one, those of them in which something
	// was blamed, and the suspicions told, of all and of the one that told the most.
	Scopes     int      `json:"scopes,omitempty"`
	Alarmed    []string `json:"alarmed,omitempty"`
	Suspicions int      `json:"suspicions,omitempty"`
	Most       int      `json:"most,omitempty"`

	// Of any other: the namespace where it hurts, and whether the first answer names the root there.
	Where string `json:"where,omitempty"`
	Top1  bool   `json:"top1,omitempty"`
}

// Healthy are the questions that must find nothing in a case where nothing is wrong: about each namespace, each Deployment and each
// StatefulSet.
func (c Case) Healthy(s *snapshot.Snapshot) []Asked {
	if len(c.Root) > 0 {
		return nil
	}
	var out []Asked
	for _, n := range s.Places() {
		out = append(out, Asked{Namespace: n})
	}
	for _, k := range snapshot.Kinds {
		if k.Name == "Deployment" || k.Name == "StatefulSet" {
			for _, o := range k.Objects(s) {
				out = append(out, Asked{Object: o.String()})
			}
		}
	}
	return out
}

// Hurts is the question of somebody who suffers from what is at fault, about the first namespace of what is or may be named; ok is false
// where none has one.
func (c Case) Hurts() (q Asked, ok bool) {
	var all []string
	for _, r := range c.Root {
		all = append(all, r.Object)
	}
	if len(all) == 0 {
		return Asked{}, false
	}
	for _, name := range append(all, c.Also...) {
		if o, err := incident.ParseObject(name); err == nil && o.Namespace != "" {
			return Asked{Namespace: o.Namespace}, true
		}
	}
	return Asked{}, false
}

// Ask takes account of what a question that must find nothing is answered.
func (a *Asking) Ask(c Case, about Asked, d *incident.Diagnosis) {
	a.Scopes++
	a.Suspicions += len(d.Suspicions)
	a.Most = max(a.Most, len(d.Suspicions))
	what := about.Namespace + about.Object
	alarms := Judge(c, d).FalseAlarms
	for _, x := range d.Causes {
		if !slices.ContainsFunc(x.Objects, func(o incident.Object) bool { return names(c.Also, o) }) && len(alarms) == 0 {
			alarms = append(alarms, fmt.Sprintf("%s %s: %s", x.Code, words(x.Objects), x.Title))
		}
	}
	if len(alarms) == 0 && len(d.Suspicions) > incident.MostSuspicions {
		alarms = []string{fmt.Sprintf("%d suspicions", len(d.Suspicions))}
	}
	for _, alarm := range alarms {
		a.Alarmed = append(a.Alarmed, fmt.Sprintf("asked about %s: false alarm: %s", what, alarm))
	}
}
