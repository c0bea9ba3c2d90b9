package cause

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Rule is one way in which a finding can explain another.
type Rule struct {
	Name     string
	From, To []string // codes
	// Explains says why from would explain to, or that it would not. It is called for every pair of the codes named.
	Explains func(c *Context, from, to *finding.Finding) (Link, bool)
	// One and Many say what follows, for a cause's reason; Many has a %d for the number of objects. Rules may share them.
	One, Many string
}

// Link is the reason of an edge.
type Link struct {
	Reason   string
	Inferred bool
}

// Context is what rules may look at beside the two findings.
type Context struct {
	Snapshot *snapshot.Snapshot
	pods     map[*finding.Finding]podSet
	byIP     map[string]incident.Object // Services by cluster IP
}

func newContext(s *snapshot.Snapshot, findings []*finding.Finding) *Context {
	c := &Context{Snapshot: s, pods: make(map[*finding.Finding]podSet, len(findings)), byIP: kube.ServicesByIP(s)}
	for _, f := range findings {
		c.pods[f] = newPodSet(f.Pods)
	}
	return c
}

// share says whether two findings have a pod in common.
func (c *Context) share(a, b *finding.Finding) bool {
	if len(a.Pods) > len(b.Pods) {
		a, b = b, a
	}
	in := c.pods[b]
	if ns := c.pods[a].namespace; ns != "" && in.namespace != "" && ns != in.namespace {
		return false
	}
	for _, p := range a.Pods {
		if in.pods[p] {
			return true
		}
	}
	return false
}

// podSet is a finding's pods, and the namespace where all of them are; "" if they are in several.
type podSet struct {
	pods      map[*corev1.Pod]bool
	namespace string
}

func newPodSet(pods []*corev1.Pod) podSet {
	s := podSet{pods: make(map[*corev1.Pod]bool, len(pods))}
	for i, p := range pods {
		s.pods[p] = true
		if i == 0 {
			s.namespace = p.Namespace
		} else if p.Namespace != s.namespace {
			s.namespace = ""
		}
	}
	return s
}

// What rules name by what the codes say of themselves.
var (
	dnsFaults      = about(finding.DNSTrouble)
	podFaults      = about(finding.PodTrouble)
	workloadFaults = about(finding.WorkloadTrouble)
	serviceFaults  = about(finding.ServiceTrouble)
	nodeFaults     = about(finding.NodeTrouble)
	complaints     = about(finding.Complaint)
	crashes        = checks.CodesThat(func(c finding.Code) bool { return c.Crash })
)

// about lists the codes that are about a kind of trouble.
func about(t finding.Trouble) []string {
	return checks.CodesThat(func(c finding.Code) bool { return c.Trouble == t })
}

// but leaves some codes out.
func but(codes []string, out ...string) []string {
	return slices.DeleteFunc(slices.Clone(codes), func(code string) bool { return slices.Contains(out, code) })
}

// Rules is every rule, by area. Where two would give the same edge, the first does; what follows from a cause is told in their order.
var Rules = slices.Concat(dnsRules, configRules, nodeRules, logRules, networkRules, storageRules, accessRules, controlRules,
	conversionRules, evictionRules,
	podRules,
	workloadRules, deviceRules, writeRules, customRules, goesByRules, besideRules, latentRules, circumstanceRules)

// rulesBut is every rule but those of the names.
func rulesBut(names []string) []Rule {
	if len(names) == 0 {
		return Rules
	}
	return slices.DeleteFunc(slices.Clone(Rules), func(r Rule) bool { return slices.Contains(names, r.Name) })
}

// slack is how far apart two clocks in one cluster may tell the same moment.
const slack = 5 * time.Second

func sameWorkload(reason string) func(*Context, *finding.Finding, *finding.Finding) (Link, bool) {
	return func(_ *Context, from, to *finding.Finding) (Link, bool) {
		return Link{Reason: reason}, from.About(to.Workload)
	}
}

func sameNode(reason string) func(*Context, *finding.Finding, *finding.Finding) (Link, bool) {
	return func(_ *Context, from, to *finding.Finding) (Link, bool) {
		return Link{Reason: reason}, from.Object == to.Object
	}
}
