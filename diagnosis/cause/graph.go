package cause

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Edge says that one finding would explain another.
type Edge struct {
	Rule     string
	From, To int // indexes of findings
	Reason   string
	Inferred bool   // the link is likely rather than proven
	says     string // the rule's One
}

// trace is the edge as "why --trace" prints it.
func (e Edge) trace(findings []*finding.Finding) string {
	f, t := findings[e.From], findings[e.To]
	return fmt.Sprintf("%s: %s %s -> %s %s: %s", e.Rule, f.Code, f.Object, t.Code, t.Object, e.Reason)
}

// Edges applies every rule to the pairs of findings of the codes that it names, as far as they have in common what the rule goes by, in the
// order of the findings and of the table, but for the rules of the names given. A rule that panics explains nothing there, and is among the
// failures.
func Edges(s *snapshot.Snapshot, findings []*finding.Finding, without ...string) ([]Edge, []incident.Failure) {
	return edgesBy(rulesBut(without), ties, s, findings)
}

func edgesBy(rules []Rule, ties []tie, s *snapshot.Snapshot, findings []*finding.Finding) ([]Edge, []incident.Failure) {
	c := newContext(s, findings)
	byCode := map[string][]int{}
	for i, f := range findings {
		byCode[f.Code] = append(byCode[f.Code], i)
	}
	all := func(codes []string) []int {
		var out []int
		for _, code := range codes {
			out = append(out, byCode[code]...)
		}
		slices.Sort(out)
		return out
	}
	var edges []Edge
	var failures []incident.Failure
	seen := map[[2]int]bool{}
	tied := newTied(ties, c, findings)
	for _, r := range rules {
		to, notApplied := all(r.To), incident.NotSeen{What: "rule " + r.Name, Resources: []incident.Resource{incident.Checks},
			Where: incident.Object{Kind: "Rule", Name: r.Name}}
		var failed *incident.Failure
		for _, i := range all(r.From) {
			if findings[i].Severity == incident.Info && !findings[i].Suspect {
				continue
			}
			// A panic costs what this finding would explain by this rule, and is told once for the rule.
			failed = cmp.Or(failed, incident.Catch(notApplied, func() {
				for _, j := range tied.to(r, i, to) {
					if i == j {
						continue
					}
					if l, ok := r.Explains(c, findings[i], findings[j]); ok && !seen[[2]int{i, j}] {
						seen[[2]int{i, j}] = true
						edges = append(edges, Edge{r.Name, i, j, l.Reason, l.Inferred || inPassing(findings[i], findings[j]), r.One})
					}
				}
			}))
		}
		if failed != nil {
			failures = append(failures, *failed)
		}
	}
	slices.SortStableFunc(edges, func(a, b Edge) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return edges, failures
}

// inPassing says whether a crash's log tells of what both findings go by, but ends with something else: then it is not shown that this
// ended it.
func inPassing(from, to *finding.Finding) bool {
	return len(from.Said) > 0 && len(to.Said) > 0 && slices.Contains(crashes, to.Code) &&
		!slices.ContainsFunc(to.Said, func(f logs.Fact) bool { return f.Telling })
}

// graph is the edges by their start, and by their end.
type graph struct {
	findings []*finding.Finding
	out, in  [][]Edge
}

func newGraph(findings []*finding.Finding, edges []Edge) graph {
	g := graph{findings, make([][]Edge, len(findings)), make([][]Edge, len(findings))}
	for _, e := range edges {
		g.out[e.From] = append(g.out[e.From], e)
		g.in[e.To] = append(g.in[e.To], e)
	}
	return g
}

// reach lists what can be reached from a finding, itself first, nearest first.
func (g graph) reach(root int) []int {
	seen := map[int]bool{root: true}
	order := []int{root}
	for n := 0; n < len(order); n++ {
		for _, e := range g.out[order[n]] {
			if !seen[e.To] {
				seen[e.To] = true
				order = append(order, e.To)
			}
		}
	}
	return order
}

// roots are the findings of severity warning or more that nothing outside their own circle explains; of a circle, the one that began
// first.
func (g graph) roots() []int {
	circle := g.circles()
	explained := map[int]bool{}
	for _, edges := range g.out {
		for _, e := range edges {
			if circle[e.From] != circle[e.To] {
				explained[circle[e.To]] = true
			}
		}
	}
	speaks := map[int]int{}
	var order []int
	for i, f := range g.findings {
		c := circle[i]
		if f.Severity == incident.Info && !f.Suspect || explained[c] {
			continue
		}
		if before, ok := speaks[c]; !ok {
			speaks[c] = i
			order = append(order, c)
		} else if byOnset(f, g.findings[before]) < 0 {
			speaks[c] = i
		}
	}
	roots := make([]int, len(order))
	for i, c := range order {
		roots[i] = speaks[c]
	}
	return roots
}

// byOnset orders findings by when they began, the known before the unknown, then by code and object, and at last by their ids.
func byOnset(a, b *finding.Finding) int {
	switch {
	case a.Since.IsZero() && !b.Since.IsZero():
		return 1
	case b.Since.IsZero() && !a.Since.IsZero():
		return -1
	}
	return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Code, b.Code), a.Object.Compare(b.Object),
		cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
}

func sortByWeight(ranked []*candidate) {
	slices.SortStableFunc(ranked, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), overBefore(a.root, b.root), byOnset(a.root, b.root))
	})
}

// overBefore puts, of two troubles of one workload's pods, the one that goes on before the one that was: a container that keeps crashing
// before another of the pod that was restarted and runs.
func overBefore(a, b *finding.Finding) int {
	goesOn := func(f *finding.Finding) int { return map[bool]int{true: 1}[f.Code == podproblem.PodRestarts] }
	if a.Workload.IsZero() || a.Workload != b.Workload {
		return 0
	}
	return cmp.Compare(goesOn(a), goesOn(b))
}

// circles gives each finding the number of its strongly connected component (Tarjan, with a stack of our own: depth is bounded by
// memory rather than by the goroutine's).
func (g graph) circles() []int {
	n := len(g.findings)
	index, low, circle := make([]int, n), make([]int, n), make([]int, n)
	onStack := make([]bool, n)
	var stack []int
	next, count := 1, 0
	type frame struct{ node, edge int }
	for start := range n {
		if index[start] != 0 {
			continue
		}
		work := []frame{{start, 0}}
		for len(work) > 0 {
			f := &work[len(work)-1]
			v := f.node
			if f.edge == 0 && index[v] == 0 {
				index[v], low[v] = next, next
				next++
				stack = append(stack, v)
				onStack[v] = true
			}
			if f.edge < len(g.out[v]) {
				w := g.out[v][f.edge].To
				f.edge++
				if index[w] == 0 {
					work = append(work, frame{w, 0})
				} else if onStack[w] {
					low[v] = min(low[v], index[w])
				}
				continue
			}
			if low[v] == index[v] {
				for {
					w := stack[len(stack)-1]
					stack = stack[:len(stack)-1]
					onStack[w], circle[w] = false, count
					if w == v {
						break
					}
				}
				count++
			}
			work = work[:len(work)-1]
			if len(work) > 0 {
				parent := work[len(work)-1].node
				low[parent] = min(low[parent], low[v])
			}
		}
	}
	return circle
}
