package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/change"
	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/circumstance"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// near is something that stands near before what fails: the next place to look at, though nothing is known to be wrong with it.
type near struct {
	objects []incident.Object // the first of them the one that it is about
	way     string            // how it is near: of each way one is told
	why     string            // in words: "Deployment api calls Service db, and does not reach it"
	seen    incident.Evidence // by which; the zero value: what is seen of the symptom
	score   float64
}

// beforehand fills the first three places of an answer that has no proof: behind a first cause that is not certain, or, where somebody says
// that it hurts, behind what is merely suspected there, it tells what stands nearest before what fails, as suspicions. Nothing that is
// named already is told again, and of each way to be near one. A suspicion of what a cause or another suspicion names already makes way.
func beforehand(s *snapshot.Snapshot, d *incident.Diagnosis, found, suspected []*finding.Finding, changes []change.Change) {
	told := map[incident.Object]bool{}
	for i := range d.Causes {
		tellOf(told, d.Causes[i].Objects)
	}
	var own, again []incident.Suspicion
	for _, x := range d.Suspicions {
		if tellOf(told, x.Objects) {
			own = append(own, x)
		} else {
			again = append(again, x)
		}
	}
	left := incident.MostSuspicions - len(d.Causes) - len(own)
	if left <= 0 || len(d.Causes) > 0 && d.Causes[0].Confidence == incident.Certain {
		return
	}
	ill := unproved(d.Causes, found)
	if len(d.Causes) == 0 {
		ill = slices.DeleteFunc(slices.Clone(suspected), func(f *finding.Finding) bool { return f.Code == circumstance.RecentChange })
	}
	ways := map[string]bool{}
	for _, x := range nearestTo(s, ill, changes) {
		x.objects = slices.DeleteFunc(slices.Clone(x.objects), func(o incident.Object) bool { return told[o] || o.IsZero() })
		if left == 0 || len(x.objects) == 0 || ways[x.way] {
			continue
		}
		x.objects = x.objects[:min(len(x.objects), finding.ShownPods)]
		tellOf(told, x.objects)
		ways[x.way] = true
		left--
		own = append(own, x.tell(d))
	}
	d.Suspicions = slices.Concat(own, again)
	if len(d.Suspicions) > incident.MostSuspicions {
		d.Suspicions = d.Suspicions[:incident.MostSuspicions]
		prune(d)
	}
}

// tellOf notes that objects are named, and says whether any of them was not before.
func tellOf(told map[incident.Object]bool, objects []incident.Object) (anew bool) {
	for _, o := range objects {
		anew = anew || !told[o]
		told[o] = true
	}
	return anew
}

// unproved are the findings that causes which are not certain are about, in their order.
func unproved(causes []incident.Cause, found []*finding.Finding) []*finding.Finding {
	of := make(map[string]*finding.Finding, len(found))
	for _, f := range found {
		of[f.ID] = f
	}
	var out []*finding.Finding
	for i := range causes {
		f := of[causes[i].Explains[0]]
		if f == nil || causes[i].Confidence == incident.Certain {
			continue
		}
		if b, ok := finding.DetailOf[circumstance.Behind](f); ok {
			out = append(out, b.Of...)
		} else {
			out = append(out, f)
		}
	}
	return out
}

// nearestTo is what stands near before what fails, the nearest first; what is before the first of them counts most.
func nearestTo(s *snapshot.Snapshot, ill []*finding.Finding, changes []change.Change) []near {
	var out []near
	for i, f := range ill[:min(len(ill), incident.MostSuspicions)] {
		n := neighbours{s: s, f: f, ways: newPaths(s)}
		for _, x := range n.all(changes) {
			x.score /= float64(1 + i)
			x.objects = slices.DeleteFunc(x.objects, func(o incident.Object) bool { return o == f.Object || o == f.Workload })
			if x.seen.Excerpt == "" && len(f.Seen) > 0 {
				x.seen = f.Seen[0]
			}
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(a, b near) int { return cmp.Compare(b.score, a.score) })
	return out
}

// tell makes a suspicion of it, with its evidence in the diagnosis.
func (x near) tell(d *incident.Diagnosis) incident.Suspicion {
	c, _ := checks.CodeOf(circumstance.StandsNear)
	out := incident.Suspicion{Code: c.Code, Title: finding.OneLine(clip.Bytes(x.why, finding.MaxTitle), finding.MaxTitle), Objects: x.objects,
		Next: c.Next, Evidence: []string{}}
	if x.seen.Excerpt == "" {
		return out
	}
	i := slices.IndexFunc(d.Evidence, func(e incident.Evidence) bool { return compareEvidence(e, x.seen) == 0 })
	if i < 0 {
		last := 0
		for _, e := range d.Evidence {
			var n int
			if _, err := fmt.Sscanf(strings.TrimPrefix(e.ID, "E"), "%d", &n); err == nil {
				last = max(last, n)
			}
		}
		x.seen.ID = fmt.Sprintf("E%d", last+1)
		d.Evidence = append(slices.Clip(d.Evidence), x.seen)
		i = len(d.Evidence) - 1
	}
	out.Evidence = append(out.Evidence, d.Evidence[i].ID)
	return out
}
