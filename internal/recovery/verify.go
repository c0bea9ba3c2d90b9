package recovery

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Proof is what a sample of a verification is taken from.
type Proof struct {
	Plan        *incident.Plan      // nil: it ended by itself
	Before, Now *incident.Diagnosis // what was wrong, and what a fresh look found: both whole, for a brief one does not name everything
	Snapshot    *snapshot.Snapshot  // of that fresh look, read with quorum
	// Since is when the last sample that held was the first to hold (incident.Verification.GoodSince); zero if the last one did not
	// hold. No container may have restarted since.
	Since time.Time
	// Errors are how often the services in question fail, before the plan and now, where a Prometheus says so.
	Errors []ErrorRate
}

// ErrorRate is the share of a service's requests that fail.
type ErrorRate struct {
	Service     incident.Object
	Before, Now float64
}

// Sample says whether all is well now: the findings are gone, none is new that the plan could have made, the pods are ready and their
// restarts flat, services have endpoints, names resolve. It is pure; to hold once proves little, the caller demands it for minutes.
// Names are demanded only where the Snapshot holds lookups.
func Sample(p Proof) []incident.Check {
	sc := scopeOf(p)
	checks := []incident.Check{sc.seen(), sc.gone(), sc.none(), sc.podsReady(), sc.restartsFlat()}
	for _, c := range []func() (incident.Check, bool){sc.nodesReady, sc.endpoints, sc.names, sc.errors} {
		if c, ok := c(); ok {
			checks = append(checks, c)
		}
	}
	return checks
}

// scope is what a verification is about.
type scope struct {
	Proof
	findings   []incident.Finding       // of before, which must be gone
	workloads  map[incident.Object]bool // touched, or explained by what was treated
	nodes      map[string]bool
	namespaces map[string]bool
	pods       []*corev1.Pod
	before     map[ailing]bool // what was found before
	now        map[ailing]bool
	services   map[incident.Object]bool // that a finding named
}

// ailing is a finding as a proof compares it: by its code and by the workload that it is about.
type ailing struct {
	code   string
	object incident.Object
}

// ailings are what speaks against all being well.
func ailings(d *incident.Diagnosis, s *snapshot.Snapshot) map[ailing]bool {
	all := map[ailing]bool{}
	for _, f := range d.Findings {
		if counts(f) {
			all[ailing{f.Code, workloadOf(s, f.Object)}] = true
		}
	}
	return all
}

func scopeOf(p Proof) scope {
	sc := scope{Proof: p, workloads: map[incident.Object]bool{}, services: map[incident.Object]bool{},
		nodes: map[string]bool{}, namespaces: map[string]bool{},
		before: ailings(p.Before, p.Snapshot), now: ailings(p.Now, p.Snapshot)}
	targets := map[incident.Object]bool{}
	if p.Plan != nil {
		for _, s := range p.Plan.Steps {
			sc.about(s.Target.Object)
			targets[workloadOf(p.Snapshot, s.Target.Object)] = true
		}
	}
	finding := map[string]incident.Finding{}
	for _, f := range p.Before.Findings {
		finding[f.ID] = f
	}
	for _, c := range p.Before.Causes {
		if c.Elsewhere || p.Plan != nil && !slices.Contains(p.Plan.Causes, c.ID) {
			continue
		}
		partly := p.Plan != nil && slices.Contains(p.Plan.Partly, c.ID)
		for _, id := range c.Explains {
			f, ok := finding[id]
			if !ok || !counts(f) || outOfService(p.Plan, f.Object) || partly && !targets[workloadOf(p.Snapshot, f.Object)] {
				continue
			}
			sc.findings = append(sc.findings, f)
			sc.about(f.Object)
			if f.Object.Kind == "Service" {
				sc.services[f.Object] = true
			}
		}
	}
	for i := range p.Snapshot.Pods {
		pod := &p.Snapshot.Pods[i]
		if sc.workloads[p.Snapshot.WorkloadOf(pod)] && !over(pod) {
			sc.pods = append(sc.pods, pod)
		}
	}
	return sc
}

// counts says whether a finding speaks against all being well. Restarts of the past add up for up to an hour after the last of them,
// whatever was mended since; that none is added is a check of its own.
func counts(f incident.Finding) bool {
	return f.Severity.Rank() >= incident.Warning.Rank() && f.Code != "PodRestarts"
}

// outOfService says whether a plan takes a node away from its pods: what is wrong with the machine is mended after that.
func outOfService(p *incident.Plan, o incident.Object) bool {
	return p != nil && p.InverseOf == "" && slices.ContainsFunc(p.Steps, func(s incident.Step) bool {
		return s.Kind == DrainNode && s.Target.Object == o
	})
}

func (sc *scope) about(o incident.Object) {
	if o = workloadOf(sc.Snapshot, o); restartable(o) || o.Kind == "Pod" {
		sc.workloads[o] = true
	}
	if o.Kind == "Node" {
		sc.nodes[o.Name] = true
	}
	if o.Namespace != "" {
		sc.namespaces[o.Namespace] = true
	}
}

// seen: what cannot be looked at cannot be proved, as far as it has to do with what the plan touched.
func (sc scope) seen() incident.Check {
	var lost []string
	for _, n := range sc.Now.NotSeen {
		if sc.bears(n) && !slices.ContainsFunc(sc.Before.NotSeen, func(o incident.NotSeen) bool { return o.Covers(n) }) {
			lost = append(lost, n.What+": "+n.Why)
		}
	}
	return verdict("everything could be looked at", lost, "as much as when the plan was made")
}

// bears says whether what was not seen could tell of what the proof is about. What hides nothing that is judged by does not, nor do logs
// that are gone: what they told of is told by the pods' restarts, and they never come back.
func (sc scope) bears(n incident.NotSeen) bool {
	ours := func(is func(*corev1.Pod) bool) bool { return slices.ContainsFunc(sc.pods, is) }
	switch {
	case len(n.Resources) == 0 || n.Gone:
		return false
	case n.Count > 0 && n.Count == len(n.Of):
		return ours(func(p *corev1.Pod) bool {
			return slices.Contains(n.Of, snapshot.ObjectOf("Pod", p.Namespace, p.Name))
		})
	case n.Where.Kind == "Node":
		return sc.nodes[n.Where.Name] || ours(func(p *corev1.Pod) bool { return p.Spec.NodeName == n.Where.Name })
	case n.Where.Kind == "Namespace":
		return sc.namespaces[n.Where.Name]
	case n.Where.Namespace != "":
		return sc.namespaces[n.Where.Namespace]
	}
	return true
}

// gone: a finding is still there if one of its code and object is, or of its code on a pod of the same workload.
func (sc scope) gone() incident.Check {
	var left []string
	for _, f := range sc.findings {
		if sc.now[ailing{f.Code, workloadOf(sc.Snapshot, f.Object)}] {
			left = append(left, f.Code+" on "+f.Object.String())
		}
	}
	return verdict("the findings are gone", left, fmt.Sprintf("all %d", len(sc.findings)))
}

// none: a finding that was not there before, about what the plan touched or in the namespaces that it touched. What goes wrong elsewhere
// is another incident.
func (sc scope) none() incident.Check {
	var fresh []string
	for _, f := range sc.Now.Findings {
		if !counts(f) || sc.before[ailing{f.Code, workloadOf(sc.Snapshot, f.Object)}] {
			continue
		}
		if sc.namespaces[f.Object.Namespace] || f.Object.Kind == "Node" && sc.nodes[f.Object.Name] {
			fresh = append(fresh, f.Code+" on "+f.Object.String())
		}
	}
	return verdict("nothing new is wrong", fresh, "no new finding where the plan acts")
}

// podsReady: the workload's own counts are asked as well, for a pod that was never made is not in any list.
func (sc scope) podsReady() incident.Check {
	var bad []string
	for _, p := range sc.pods {
		if why := unready(p); why != "" {
			bad = append(bad, p.Namespace+"/"+why)
		}
	}
	s := sc.Snapshot
	short := func(kind, namespace, name string, want, have int64) {
		if o := (incident.Object{Kind: kind, Namespace: namespace, Name: name}); sc.workloads[o] && have < want {
			bad = append(bad, fmt.Sprintf("%s: %d of %d available", o, have, want))
		}
	}
	for i := range s.Deployments {
		d := &s.Deployments[i]
		short("Deployment", d.Namespace, d.Name, replicas(d.Spec.Replicas), int64(d.Status.AvailableReplicas))
	}
	for i := range s.StatefulSets {
		d := &s.StatefulSets[i]
		short("StatefulSet", d.Namespace, d.Name, replicas(d.Spec.Replicas), int64(d.Status.ReadyReplicas))
	}
	for i := range s.DaemonSets {
		d := &s.DaemonSets[i]
		short("DaemonSet", d.Namespace, d.Name, int64(d.Status.DesiredNumberScheduled), int64(d.Status.NumberReady))
	}
	return verdict("pods are ready", bad, fmt.Sprintf("%d pods of %d workloads", len(sc.pods), len(sc.workloads)))
}

// restartsFlat: counts say how often, but not since when; a restarted container's own start does. So no counts of earlier samples are
// needed, and none is lost when the bot restarts.
func (sc scope) restartsFlat() incident.Check {
	since := sc.Snapshot.At.Add(-settled)
	if !sc.Since.IsZero() && sc.Since.Before(since) {
		since = sc.Since
	}
	var bad []string
	total := int32(0)
	for _, p := range sc.pods {
		for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
			total += c.RestartCount
			if t := restarted(c); t.After(since) {
				bad = append(bad, fmt.Sprintf("%s/%s restarted at %s, for the %dth time", p.Namespace, p.Name, t.UTC().Format("15:04:05"),
					c.RestartCount))
			}
		}
	}
	return verdict("restarts are flat", bad, fmt.Sprintf("%d in all, none since %s", total, since.UTC().Format("15:04:05")))
}

func (sc scope) nodesReady() (incident.Check, bool) {
	var bad []string
	for name := range sc.nodes {
		if n := sc.Snapshot.Node(name); n == nil || !nodeReadyFor(n, sc.Snapshot.At, 0) {
			bad = append(bad, name)
		}
	}
	slices.Sort(bad)
	return verdict("nodes are ready", bad, fmt.Sprintf("%d nodes", len(sc.nodes))), len(sc.nodes) > 0
}

// endpoints: services that select the pods in question, and those that a finding named.
func (sc scope) endpoints() (incident.Check, bool) {
	var bad []string
	n := 0
	for i := range sc.Snapshot.Services {
		svc := &sc.Snapshot.Services[i]
		o := incident.Object{Kind: "Service", Namespace: svc.Namespace, Name: svc.Name}
		if !sc.services[o] && !sc.selectsOurs(svc) {
			continue
		}
		if n++; !hasEndpoint(sc.Snapshot, svc) {
			bad = append(bad, svc.Namespace+"/"+svc.Name)
		}
	}
	return verdict("services have endpoints", bad, fmt.Sprintf("%d services", n)), n > 0
}

// errors: none of the services fails more often than before, beyond the tenth that a rate moves by itself.
func (sc scope) errors() (incident.Check, bool) {
	var bad []string
	for _, e := range sc.Errors {
		if e.Now > e.Before*1.1 {
			bad = append(bad, fmt.Sprintf("%s/%s: %.2f%% of requests fail, %.2f%% before", e.Service.Namespace, e.Service.Name, 100*e.Now,
				100*e.Before))
		}
	}
	return verdict("services fail no more often", bad, fmt.Sprintf("%d services", len(sc.Errors))), len(sc.Errors) > 0
}

// ServicesOf are the Services behind which the targets of a plan stand, or that are its targets, in order.
func ServicesOf(p *incident.Plan, s *snapshot.Snapshot) []incident.Object {
	ours := map[incident.Object]bool{}
	for i := range p.Steps {
		ours[workloadOf(s, p.Steps[i].Target.Object)] = true
	}
	var out []incident.Object
	for i := range s.Services {
		svc := &s.Services[i]
		o := incident.Object{Kind: "Service", Namespace: svc.Namespace, Name: svc.Name}
		behind := slices.ContainsFunc(s.PodsSelected(svc.Namespace, svc.Spec.Selector), func(p *corev1.Pod) bool { return ours[s.WorkloadOf(p)] })
		if ours[o] || behind {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, incident.Object.Compare)
	return out
}

func (sc scope) selectsOurs(svc *corev1.Service) bool {
	for _, p := range sc.Snapshot.PodsSelected(svc.Namespace, svc.Spec.Selector) {
		if sc.workloads[sc.Snapshot.WorkloadOf(p)] {
			return true
		}
	}
	return false
}

func hasEndpoint(s *snapshot.Snapshot, svc *corev1.Service) bool {
	for _, slice := range s.EndpointSlicesOf(svc.Namespace, svc.Name) {
		for _, e := range slice.Endpoints {
			if len(e.Addresses) > 0 && (e.Conditions.Ready == nil || *e.Conditions.Ready) { // nil means ready, says its API
				return true
			}
		}
	}
	return false
}

func (sc scope) names() (incident.Check, bool) {
	var bad []string
	for _, l := range sc.Snapshot.Lookups {
		if l.Error != "" || len(l.Addrs) == 0 {
			bad = append(bad, strings.TrimSpace(l.Name+" "+l.Error))
		}
	}
	return verdict("names resolve", bad, fmt.Sprintf("%d names", len(sc.Snapshot.Lookups))), len(sc.Snapshot.Lookups) > 0
}

// verdict is a check that holds when nothing is bad. The detail names the first few that are.
func verdict(name string, bad []string, good string) incident.Check {
	if len(bad) == 0 {
		return incident.Check{Name: name, OK: true, Detail: good}
	}
	const named = 5
	detail := strings.Join(bad[:min(named, len(bad))], "; ")
	if len(bad) > named {
		detail += fmt.Sprintf("; and %d more", len(bad)-named)
	}
	return incident.Check{Name: name, Detail: detail}
}
