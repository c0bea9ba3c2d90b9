package eval

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Variation is another look at the same cluster, by somebody who sees less of it, later, or by another clock. Where all that the first
// cause rests on is still in sight, it must stay.
type Variation struct {
	Name string
	// See is the cluster as it is seen then, indexed.
	See func(*snapshot.Snapshot) *snapshot.Snapshot
	// Resource is what is out of sight, as a case's Needs name it; empty: nothing is.
	Resource string
	hides    func(incident.Evidence) bool // evidence that is out of sight
}

// ClockOff is how far a clock may be off without anybody noticing.
const ClockOff = 3 * time.Second

// Variations are all of them.
var Variations = variations()

func variations() []Variation {
	bySource := func(s incident.Source) func(incident.Evidence) bool {
		return func(e incident.Evidence) bool { return e.Source == s }
	}
	nothing := func(incident.Evidence) bool { return false }
	out := []Variation{
		{Name: "Secrets were not read", Resource: "secrets", See: changed(func(s *snapshot.Snapshot) { s.Secrets, s.SecretsSeen = nil, false }),
			hides: func(e incident.Evidence) bool { return e.Object.Kind == "Secret" }},
		{Name: "no host root", See: (*snapshot.Snapshot).WithoutHosts, hides: bySource(incident.SourceHost)},
		{Name: "no right to read logs", Resource: "pods/log", See: changed(withoutLogs), hides: bySource(incident.SourceLog)},
		{Name: "events have expired", Resource: "events", See: changed(func(s *snapshot.Snapshot) { s.Events = nil }),
			hides: bySource(incident.SourceEvent)},
		{Name: "clock 3 s ahead", See: changed(func(s *snapshot.Snapshot) { s.At = s.At.Add(ClockOff) }), hides: nothing},
		{Name: "clock 3 s behind", See: changed(func(s *snapshot.Snapshot) { s.At = s.At.Add(-ClockOff) }), hides: nothing},
		{Name: "no right to list custom resources", Resource: "custom resources", See: changed(withoutCustoms),
			hides: func(e incident.Evidence) bool { return e.Source != incident.SourceHost && isCustom(e.Object.Kind) }},
	}
	for _, k := range snapshot.Kinds {
		out = append(out, Variation{Name: "no right to list " + k.Resource, Resource: k.Resource, See: changed(withoutKind(k)),
			hides: func(e incident.Evidence) bool {
				return e.Source != incident.SourceHost && e.Object.Kind == k.Name || e.Source == incident.SourceEvent && k.Name == "Event"
			}})
	}
	return out
}

// changed makes a copy of a Snapshot that is changed, and indexed.
func changed(change func(*snapshot.Snapshot)) func(*snapshot.Snapshot) *snapshot.Snapshot {
	return func(s *snapshot.Snapshot) *snapshot.Snapshot {
		t := *s
		t.NotSeen = slices.Clone(s.NotSeen)
		change(&t)
		t.Index()
		return &t
	}
}

// forbidden is what a look notes of what may not be listed.
func forbidden(what string, resources ...incident.Resource) incident.NotSeen {
	return incident.NotSeen{What: what, Why: "forbidden", Resources: resources, Forbidden: true}
}

func withoutKind(k snapshot.Kind) func(*snapshot.Snapshot) {
	return func(s *snapshot.Snapshot) {
		k.Keep(s, func(string) bool { return false })
		s.NotSeen = append(s.NotSeen, forbidden(k.Resource, snapshot.ResourceOf(k.GroupResource())))
	}
}

// withoutCustoms notes each group once, as a look does.
func withoutCustoms(s *snapshot.Snapshot) {
	var groups []string
	for i := range s.Customs {
		groups = append(groups, s.Customs[i].GroupVersionKind().Group)
	}
	slices.Sort(groups)
	for _, g := range slices.Compact(groups) {
		s.NotSeen = append(s.NotSeen, forbidden("custom resources of "+g, incident.Resource("*."+g)))
	}
	s.Customs = []unstructured.Unstructured{}
}

// withoutLogs notes each node once, as a look does.
func withoutLogs(s *snapshot.Snapshot) {
	wanted := map[string]int{}
	for _, w := range s.LogsWanted() {
		if !w.Well {
			wanted[w.Pod.Spec.NodeName]++
		}
	}
	for node, n := range wanted {
		note := forbidden(fmt.Sprintf("logs of %d containers on %s", n, node), incident.PodLogs)
		note.Where = incident.Object{Kind: "Node", Name: node}
		s.NotSeen = append(s.NotSeen, note)
	}
	s.Logs = nil
}

// isCustom says whether a kind is one that Kubernetes' own API packages do not know.
func isCustom(kind string) bool {
	return kind != "Secret" && !slices.ContainsFunc(snapshot.Kinds, func(k snapshot.Kind) bool { return k.Name == kind })
}

// Varied is what a variation made of a case's answer.
type Varied struct {
	Name  string `json:"name"`
	Same  bool   `json:"same"`            // the first cause is the same: its code, about one of its objects; or there is none, as before
	First *First `json:"first,omitempty"` // where it is another
	// Hidden says that something is out of sight on which the first cause rests, so that it may be another.
	Hidden bool `json:"hidden,omitempty"`
	// Wrong are the causes that are called certain, name neither the root nor one of its symptoms, and were not there before.
	Wrong []string `json:"wrong,omitempty"`
	// Alarms are those about what is well, and that were not there before.
	Alarms []string `json:"alarms,omitempty"`
}

// Unreasoned says whether the first cause is another though all that it rests on is in sight.
func (v Varied) Unreasoned() bool { return !v.Same && !v.Hidden }

// Compare judges what is said of a case in a variation, d, by what the case wants and by what is said otherwise, whole.
func (v Variation) Compare(c Case, whole, d *incident.Diagnosis) Varied {
	out := Varied{Name: v.Name, Hidden: v.hidesFrom(c, whole)}
	was, is := firstOf(whole), firstOf(d)
	out.Same = was == nil && is == nil || was.same(is)
	if !out.Same {
		out.First = is
	}
	out.Wrong = newly(wronglyCertain(c, whole, whole), wronglyCertain(c, whole, d))
	out.Alarms = newly(Judge(c, whole).FalseAlarms, Judge(c, d).FalseAlarms)
	return out
}

// newly are those of a list that were not there before.
func newly(before, now []string) []string {
	return slices.DeleteFunc(now, func(x string) bool { return slices.Contains(before, x) })
}

// takes says whether a resource is what is out of sight.
func (v Variation) takes(r incident.Resource) bool {
	name, _ := r.Of()
	return v.Resource != "" && (name == v.Resource || string(r) == v.Resource)
}

// hidesFrom says whether something is out of sight on which the first cause of a diagnosis rests: what it is about, its evidence and
// that of what it explains, what these findings say that they rest on, or what the case needs. Findings don't say so for nothing: where
// such a resource may not have been seen, they are suspicions. Where nothing is blamed, only what the case needs counts.
func (v Variation) hidesFrom(c Case, whole *incident.Diagnosis) bool {
	if slices.Contains(c.Needs, v.Resource) {
		return true
	}
	if len(whole.Causes) == 0 {
		return false
	}
	x := whole.Causes[0]
	about, cited := slices.Clone(x.Objects), slices.Clone(x.Evidence)
	for _, id := range x.Explains {
		if f := whole.Finding(id); f != nil {
			if slices.ContainsFunc(f.RestsOn, v.takes) {
				return true
			}
			about, cited = append(about, f.Object), append(cited, f.Evidence...)
		}
	}
	return slices.ContainsFunc(about, func(o incident.Object) bool { return v.hides(incident.Evidence{Object: o}) }) ||
		slices.ContainsFunc(cited, func(id string) bool {
			e := whole.EvidenceByID(id)
			return e != nil && v.hides(*e)
		})
}
