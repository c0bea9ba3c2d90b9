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

// beforehand fills the first three places of an answer that has no proof: behind a first cause that merely names what fails, or, where
// somebody says that it hurts, is not certain, it tells what stands nearest before that, as suspicions. Nothing that is named already is
// told again, and of each way to be near one.
func beforehand(s *snapshot.Snapshot, scope Scope, d *incident.Diagnosis, found []*finding.Finding, changes []change.Change) {
	left := incident.MostSuspicions - len(d.Causes) - len(d.Suspicions)
	if left <= 0 || len(d.Causes) == 0 || d.Causes[0].Confidence == incident.Certain ||
		d.Causes[0].Confidence == incident.Likely && scope.Ill.none() {
		return
	}
	named := map[incident.Object]bool{}
	for i := range d.Causes {
		for _, o := range d.Causes[i].Objects {
			named[o] = true
		}
	}
	for i := range d.Suspicions {
		for _, o := range d.Suspicions[i].Objects {
			named[o] = true
		}
	}
	ways := map[string]bool{}
	for _, x := range nearestTo(s, found, changes, d.Causes) {
		x.objects = slices.DeleteFunc(slices.Clone(x.objects), func(o incident.Object) bool { return named[o] || o.IsZero() })
		if left == 0 || len(x.objects) == 0 || ways[x.way] {
			continue
		}
		x.objects = x.objects[:min(len(x.objects), finding.ShownPods)]
		for _, o := range x.objects {
			named[o] = true
		}
		ways[x.way] = true
		left--
		d.Suspicions = append(d.Suspicions, x.tell(d))
	}
}

// nearestTo is what stands near before what the causes that prove nothing are about, the nearest first.
func nearestTo(s *snapshot.Snapshot, found []*finding.Finding, changes []change.Change, causes []incident.Cause) []near {
	of := map[string]*finding.Finding{}
	for _, f := range found {
		of[f.ID] = f
	}
	var out []near
	for i := range causes {
		root := of[causes[i].Explains[0]]
		if root == nil || causes[i].Confidence == incident.Certain {
			continue
		}
		ill := []*finding.Finding{root}
		if b, ok := finding.DetailOf[circumstance.Behind](root); ok {
			ill = b.Of
		}
		for _, f := range ill {
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
