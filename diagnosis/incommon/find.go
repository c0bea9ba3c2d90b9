package incommon

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on what is sought and told.
const (
	mostGroups = 12 // of those that fail alike, the largest
	mostTold   = 3
	fewest     = 3 // of the ill, and of the well, that a comparison needs
)

// Find says what the pods of findings that nothing explains have in common and those that are well lack. Found is all that was found: what
// any of it is about is not well.
func Find(s *snapshot.Snapshot, found, unexplained []*finding.Finding) []*finding.Finding {
	groups := slices.DeleteFunc(gather(unexplained, family), func(g *group) bool { return len(g.pods) < fewest })
	if len(groups) == 0 {
		return nil
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return cmp.Compare(len(b.pods), len(a.pods)) })
	t := newTable(s, found)
	var all []parting
	for _, g := range groups[:min(len(groups), mostGroups)] {
		all = append(all, t.within(g)...)
	}
	slices.SortStableFunc(all, func(a, b parting) int { return cmp.Compare(a.chance, b.chance) })
	var out []*finding.Finding
	for _, p := range all[:min(len(all), mostTold)] {
		out = append(out, t.finding(&p))
	}
	return out
}

// group is findings that fail alike, and their pods.
type group struct {
	found []*finding.Finding
	pods  map[*corev1.Pod]bool
	named bool // one names by itself what is at fault: only where its pods are, and what holds their volumes, can be more than that
	apart bool // its programs complain of different things
}

func gather[K comparable](found []*finding.Finding, by func(*finding.Finding) (K, bool)) []*group {
	of := map[K]*group{}
	var out []*group
	for _, f := range found {
		k, ok := by(f)
		if !ok {
			continue
		}
		g := of[k]
		if g == nil {
			g = &group{pods: map[*corev1.Pod]bool{}}
			of[k], out = g, append(out, g)
		}
		g.found, g.named = append(g.found, f), g.named || f.Root
		for _, p := range f.Pods {
			g.pods[p] = true
		}
	}
	return out
}

// onTheSpot are the codes that say by themselves what is at fault, by the kubelet's words, although its reason may lie in the place.
var onTheSpot = []string{podproblem.PodProbeFailing, podproblem.PodSandboxFailed, podproblem.PodVolumeFailed, podproblem.PodImagePull,
	podproblem.PodCannotStart, podproblem.PodOOMKilled}

// family is what kind of trouble a finding is about; ok is false for one that has nothing to compare.
func family(f *finding.Finding) (k string, ok bool) {
	if len(f.Pods) == 0 || !f.Alarms() || f.Root && !slices.Contains(onTheSpot, f.Code) {
		return "", false
	}
	if c, _ := checks.CodeOf(f.Code); c.Crash || f.Code == podproblem.PodNotReady {
		return "", true // a program that does not do what it is there for
	}
	return f.Code, true
}

func code(f *finding.Finding) (string, bool) { return f.Code, true }

// within seeks what a group has in common, or else those of it with one code, or else those whose logs say the same. Each try counts.
func (t *table) within(g *group) []parting {
	tried := 0
	if p, ok := t.part(g, &tried); ok {
		return []parting{p}
	}
	var out []parting
	parts := gather(g.found, code)
	for _, part := range parts {
		if len(parts) > 1 {
			if p, ok := t.part(part, &tried); ok {
				out = append(out, p)
				continue
			}
		}
		finer := gather(part.found, t.said)
		for i, x := range finer {
			if len(finer) > 1 && i < mostGroups {
				if p, ok := t.part(x, &tried); ok {
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// parting is a factor that parts the ill from the well.
type parting struct {
	*group
	units           []unit
	factor          int
	also            []int // those that the same ones have
	tried           int
	chance          float64 // corrected for what was tried
	ill, illWith    int     // units
	well, wellWith  int
	sick, sickWith  int // pods
	sound, soundHas int
}

// part finds the factor that parts a group from the well with the least chance, if there is one.
func (t *table) part(g *group, tried *int) (best parting, ok bool) {
	if len(g.pods) < fewest {
		return best, false
	}
	g.apart = t.differ(g.found)
	c := t.count(g)
	*tried += c.distinct()
	if c.total[anywhere].ill < fewest {
		return best, false
	}
	var passed []parting
	for n := range c.of {
		p := parting{group: g, units: c.units, factor: n, tried: *tried}
		if p.well, p.wellWith, p.illWith = c.total[c.company(n)].well, c.of[n].well, c.of[n].ill; !c.parts(n) {
			continue
		}
		p.ill = c.total[anywhere].ill
		of := c.total[c.company(n)]
		if p.chance = corrected(chance(of.ill+of.well, p.illWith+p.wellWith, of.ill, p.illWith), *tried); p.chance < significant {
			passed = append(passed, p)
		}
	}
	if len(passed) == 0 {
		return best, false
	}
	slices.SortStableFunc(passed, func(a, b parting) int {
		return cmp.Or(cmp.Compare(a.wellWith*b.illWith, b.wellWith*a.illWith), cmp.Compare(b.illWith, a.illWith),
			cmp.Compare(t.factors[a.factor].kind, t.factors[b.factor].kind), compare(t.factors[a.factor], t.factors[b.factor]))
	})
	best = passed[0]
	for _, p := range passed[1:] {
		if c.of[p.factor].who == c.of[best.factor].who {
			best.also = append(best.also, p.factor)
		}
	}
	c.pods(&best)
	return best, true
}

func compare(a, b factor) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
}

// significant is the chance below which a factor is told, corrected for the number of factors that were tried.
const significant = 0.01

// objectsOf are what the factors name, the first of them what the finding is about.
func (p *parting) objectsOf(t *table) []incident.Object {
	var out finding.Gathered[incident.Object]
	for _, n := range append([]int{p.factor}, p.also[:min(len(p.also), mostAlso)]...) {
		out.Add(t.named(p, t.factors[n])...)
	}
	return out.List[:min(len(out.List), finding.MaxAlike)]
}
