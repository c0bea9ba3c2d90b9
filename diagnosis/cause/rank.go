package cause

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/dns"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/nodes"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Result is what was made of the findings.
type Result struct {
	Causes []incident.Cause // in order of rank, with ids
	// Suspicions are the findings that prove nothing and that nothing explains or is explained by, the strongest first.
	Suspicions []*finding.Finding
	Silent     []*finding.Finding // the accepted ones that explain nothing that is not accepted: no cause tells of them
	Trace      []string           // every edge with its rule and reason, then every cause with its weight

	Failures []incident.Failure // rules that panicked
}

// Asked is what is known of who asks. The zero value is nobody: the causes are for whoever is to be woken.
type Asked struct {
	Onset time.Time // when people noticed, such as an alert's start; zero if nobody said
	// Ill says whether a finding is about what is presumed to be ill. What is early, or a suspicion, counts only where it explains something
	// of that. Nil: nothing is presumed, and there must be no such findings.
	Ill func(*finding.Finding) bool
	// Told says whether an answer tells of a finding. Nil: it tells of all.
	Told func(*finding.Finding) bool
	// Linked is what Connect has made of the same findings, in whatever order. Nil: it is made now.
	Linked *Linked
	// Without holds the names of rules that are not to be applied, to measure what the rest explains.
	Without []string
	// Accepted says whether a finding is accepted. Nil: none is.
	Accepted func(*finding.Finding) bool
}

// Rank finds the causes. The findings have their ids and their evidence's ids, and come in the order of their ids. Suspicions that are
// shown to be more are so from then on.
func Rank(s *snapshot.Snapshot, findings []*finding.Finding, asked Asked) Result {
	edges, failures := asked.linked(s, findings)
	findings, edges, silent := silence(findings, edges, asked.Accepted)
	g := newGraph(findings, edges)
	var ranked []*candidate
	var suspicions []*finding.Finding
	for _, root := range g.roots() {
		c := g.candidate(root)
		switch {
		case (c.root.Suspect || c.root.Early(s.At)) && (asked.Ill == nil || !slices.ContainsFunc(c.explained, asked.Ill)):
		case c.root.Suspect && !c.shown(s.At, asked.Told):
			suspicions = append(suspicions, c.root)
		default:
			ranked = append(ranked, c)
		}
	}
	blocks(s, ranked)
	behind := followsFrom(rulesBut(asked.Without))
	for _, c := range ranked {
		c.missing = missingEffects(s, c)
		c.doubted = !c.root.Final && behind[c.root.Code] || c.aside(ranked) || c.made(s)
		c.judge()
	}
	sortByWeight(ranked)
	setApart(ranked, asked.Onset)
	for i, c := range ranked {
		c.cause.ID = fmt.Sprintf("C%d", i+1)
	}
	r := Result{Causes: []incident.Cause{}, Suspicions: strongest(s, suspicions), Silent: silent, Trace: []string{}, Failures: failures}
	for _, f := range silent {
		r.Trace = append(r.Trace, silenced(f))
	}
	for _, e := range edges {
		r.Trace = append(r.Trace, e.trace(findings))
	}
	dnsIll := anyDNS(ranked)
	for _, c := range ranked {
		r.Causes = append(r.Causes, c.finish(s, ranked, dnsIll))
		r.Trace = append(r.Trace, c.trace())
	}
	return r
}

// candidate is a cause while it is being weighed.
type candidate struct {
	cause     incident.Cause
	root      *finding.Finding
	at        int                // of the root, among the findings
	explained []*finding.Finding // the root first
	links     []Edge             // the edge by which each but the root was reached
	blocked   []block
	missing   []string // what it should have caused and that is not there, in words
	doubted   bool     // another may stand behind it, or it may have nothing to do with what hurts
	weight    float64
}

func (g graph) candidate(root int) *candidate {
	f := g.findings[root]
	c := &candidate{root: f, at: root, cause: incident.Cause{Code: f.Code, Title: f.Title, Objects: f.AtFault(), Next: f.Next, Since: f.Since,
		NormalUntil: f.NormalUntil, Normal: f.Normal}}
	reached := g.reach(root)
	inside := map[int]bool{}
	for _, i := range reached {
		inside[i] = true
	}
	for _, i := range reached {
		c.explained = append(c.explained, g.findings[i])
		c.cause.Explains = append(c.cause.Explains, g.findings[i].ID)
		if i == root {
			continue
		}
		for _, e := range g.in[i] {
			if inside[e.From] {
				c.links = append(c.links, e)
				c.cause.Links = append(c.cause.Links, incident.Link{From: g.findings[e.From].ID, To: g.findings[e.To].ID, Rule: e.Rule,
					Reason: e.Reason, Inferred: e.Inferred})
				break
			}
		}
	}
	for _, x := range f.Changes {
		c.cause.Changes = append(c.cause.Changes, x.ID)
	}
	c.cause.Evidence = slices.Clone(f.Evidence)
	for _, x := range c.explained[1:] {
		if len(c.cause.Evidence) < maxEvidence && len(x.Said) > 0 {
			c.cite(x)
		}
	}
	return c
}

// maxEvidence bounds what a cause cites beyond its own finding's evidence.
const maxEvidence = 8

// cite adds the log that ties a consequence to the cause.
func (c *candidate) cite(f *finding.Finding) {
	for i, e := range f.Seen {
		if e.Source == incident.SourceLog && i < len(f.Evidence) && !slices.Contains(c.cause.Evidence, f.Evidence[i]) {
			c.cause.Evidence = append(c.cause.Evidence, f.Evidence[i])
			return
		}
	}
}

// judge gives the cause its confidence and its weight.
func (c *candidate) judge() {
	c.cause.Confidence = weaker(c.confidence(), c.root.AtMost)
	for _, f := range c.explained {
		c.weight += severityWeight[f.Severity]
	}
	c.weight *= confidenceWeight[c.cause.Confidence]
	for range c.missing {
		c.weight *= missingWeight
	}
	c.weight += blockWeight * float64(len(c.blocked))
	if carriesNetwork(c.root) {
		c.weight += networkWeight
	}
	if len(c.root.Changes) > 0 {
		c.weight += changeWeight
	}
}

func (c *candidate) confidence() incident.Confidence {
	proven := func(e Edge) bool { return !e.Inferred && e.From == c.at }
	switch {
	case !c.root.Root:
		return incident.Possible
	case len(c.missing) > 0 || c.doubted:
		return incident.Likely
	case len(c.links) == 0 || slices.ContainsFunc(c.links, proven):
		return incident.Certain
	}
	return incident.Likely
}

var (
	severityWeight   = map[incident.Severity]float64{incident.Critical: 10, incident.Warning: 3}
	confidenceWeight = map[incident.Confidence]float64{incident.Certain: 1, incident.Likely: 0.8, incident.Possible: 0.5}
)

const (
	networkWeight = 15  // pods fail that give the others of their nodes their network
	blockWeight   = 5   // for each cause whose remedy it blocks
	missingWeight = 0.7 // a factor for each consequence that it should have had
	changeWeight  = 2   // something changed just before it, on the way to it: less than any finding, so that it only breaks ties
)

// trace tells how a cause came by its rank.
func (c *candidate) trace() string {
	n := map[incident.Severity]int{}
	for _, f := range c.explained {
		n[f.Severity]++
	}
	out := fmt.Sprintf("%s %s %s: weight %.1f = (%d critical × 10 + %d warning × 3) × %.1f (%s)", c.cause.ID, c.root.Code, c.root.Object,
		c.weight,
		n[incident.Critical], n[incident.Warning], confidenceWeight[c.cause.Confidence], c.cause.Confidence)
	if len(c.missing) > 0 {
		out += fmt.Sprintf(" × %.1f for each of %d missing consequences", missingWeight, len(c.missing))
	}
	if len(c.blocked) > 0 {
		out += fmt.Sprintf(" + %d for each of %d causes that it blocks", blockWeight, len(c.blocked))
	}
	if carriesNetwork(c.root) {
		out += fmt.Sprintf(" + %d for the network of nodes", networkWeight)
	}
	if len(c.root.Changes) > 0 {
		out += fmt.Sprintf(" + %d for what changed just before", changeWeight)
	}
	if c.cause.Before {
		out += "; set apart: it was there before"
	}
	return out
}

// finish writes down in words what the graph has shown.
func (c *candidate) finish(s *snapshot.Snapshot, all []*candidate, dnsIll bool) incident.Cause {
	out := c.cause
	for _, b := range c.blocked {
		out.Blocks = append(out.Blocks, incident.Block{Cause: b.of.cause.ID, Reason: b.reason})
	}
	slices.SortFunc(out.Blocks, func(a, b incident.Block) int {
		return cmp.Or(cmp.Compare(len(a.Cause), len(b.Cause)), cmp.Compare(a.Cause, b.Cause))
	})
	out.Reason = c.reason()
	out.Against, out.Weight = append(c.against(s, all, dnsIll), c.missing...), c.weight
	return out
}

func (c *candidate) reason() string {
	why := c.root.Because
	if why == "" {
		why = c.root.Title
	}
	why += c.justBefore()
	if len(c.links) == 0 {
		if !c.root.Root {
			why += ". Nothing that was seen explains it"
		}
		return why + "."
	}
	parts := c.consequences()
	follow := "1 other finding follows"
	if len(c.links) > 1 {
		follow = fmt.Sprintf("%d other findings follow", len(c.links))
	}
	return fmt.Sprintf("%s. %s: %s.", why, follow, strings.Join(parts, "; "))
}

// justBefore tells the nearest change on the way to the cause, unless the finding tells its time already.
func (c *candidate) justBefore() string {
	if len(c.root.Changes) == 0 {
		return ""
	}
	x := c.root.Changes[0]
	if slices.ContainsFunc(c.root.Told, func(t time.Time) bool { return finding.Clock(t) == finding.Clock(x.At) }) {
		return ""
	}
	when := "Just before"
	if since := c.root.Since; !since.IsZero() && x.At.After(since) {
		when = "About then" // clocks differ by moments
	}
	out := fmt.Sprintf(". %s, at %s, %s %s %s", when, finding.Clock(x.At), x.Object.Kind, x.Object.Name, x.What)
	if x.By != "" {
		out += " (" + x.By + ")"
	}
	return out
}

// consequences says what follows, in the order of the rules, by the number of objects that suffer.
func (c *candidate) consequences() []string {
	suffer := map[string]map[incident.Object]bool{}
	for i, e := range c.links {
		one := e.says
		if suffer[one] == nil {
			suffer[one] = map[incident.Object]bool{}
		}
		suffer[one][c.explained[i+1].Object] = true
	}
	var parts []string
	for _, r := range Rules {
		switch n := len(suffer[r.One]); {
		case n == 1:
			parts = append(parts, r.One)
		case n > 1:
			parts = append(parts, fmt.Sprintf(r.Many, n))
		}
		delete(suffer, r.One)
	}
	return parts
}

// against says what speaks against a cause, or bounds it. dnsIll says that something is wrong with the cluster's DNS.
func (c *candidate) against(s *snapshot.Snapshot, all []*candidate, dnsIll bool) []string {
	var out []string
	switch {
	case c.root.Code == nodes.NodeCNIMissing:
		if n := crashedBefore(c, all); n > 0 {
			who := "1 workload"
			if n > 1 {
				who = fmt.Sprintf("%d workloads", n)
			}
			out = append(out, fmt.Sprintf("it does not explain the crashes: %s on the node kept crashing before it began", who))
		}
	case answersNow(s, c) != "":
		out = append(out, answersNow(s, c)+": it may only be waiting out its back-off")
	case c.root.NeedsName() && !dnsIll && s.SeenWhole(metav1.NamespaceSystem, "pods"):
		out = append(out, "the cluster's DNS looks well now: its pods may only be waiting out their back-off")
	}
	return out
}

func anyDNS(all []*candidate) bool {
	for _, c := range all {
		for _, f := range c.explained {
			if slices.Contains(dnsFaults, f.Code) || f.Code == dns.DNSDown {
				return true
			}
		}
	}
	return false
}

// crashedBefore counts the crashing workloads with pods on the node that began before the node's cause did.
func crashedBefore(c *candidate, all []*candidate) int {
	seen := map[incident.Object]bool{}
	for _, other := range all {
		for _, f := range other.explained {
			if f.Code != podproblem.PodCrashLoop || f.Since.IsZero() || !f.Since.Before(c.root.Since) {
				continue
			}
			for _, p := range f.Pods {
				if p.Spec.NodeName == c.root.Object.Name {
					seen[f.Workload] = true
				}
			}
		}
	}
	return len(seen)
}
