package cause

import (
	"maps"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/checks/podnetwork"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// tie is what two findings have in common wherever a rule says that one explains the other: one of the keys of the first is one of the
// second's. What has no key in common need not be shown to the rule, so that an outage of thousands of findings is not compared pair by
// pair.
type tie struct {
	from, to func(*Context, *finding.Finding) []any
	rules    []string
}

// ties are those of the rules for whose codes a large cluster can have many findings on either side.
var ties = []tie{
	{ofPods, ofPods, []string{"names-denied", "dns-settings", "names-unresolved-before", "flow-cut", "setting-names", "certificate-untrusted",
		"outside-name", "pods-of-service", "registry-fails", "said-by-log", "environment-stale", "reference-missing",
		"claim-unbound", "claim-unscheduled", "right-missing",
		"certificate-bad", "mount-fails", "volume-full", "volume-nowhere", "version-removed", "component-fails", "budget-spent",
		"webhook-injects", "node-cut",
		"addresses-exhausted"}},
	{ofWorkload, ofWorkload, []string{"pods-refused", "pods-of-workload", "pods-of-job", "held-job", "job-of-cronjob", "unavailable-stuck",
		"pods-unmeasured", "no-pods-for-service", "balancer-port", "balancer-pods", "controller-pods"}},
	{both(ofPods, ofWorkload), both(ofPods, ofWorkload), []string{"revision-held"}},
	{object, object, []string{"cni-node", "swap-service", "certificate-service", "service-node", "refused-node", "disk-pressure",
		"driver-gpus"}},
	{object, refs, []string{"init-waits", "policy-idle", "metrics-unserved", "node-would-take"}},
	{refs, object, []string{"api-taken", "reload-job"}},
	{both(object, refs), both(object, refs), []string{"volume-kept", "custom-secret"}},
	{provider, refs, []string{"driver-down"}},
	{named, onNodes, []string{"node-pods", "node-pressure", "node-daemon"}},
	{named, podsOnNodes, []string{"host-network", "limit-reached", "gpu-lost"}},
	{onNodes, named, []string{"drain-blocked"}},
	{object, servicesCalled, []string{"service-called"}},
	{both(ofPods, servicesCalled), both(ofPods, servicesCalled), []string{"service-misused"}},
	{labelsOfPod, labelsCalled, []string{"pods-called"}},
	{firstRef, firstRef, []string{"same-refuser", "same-metrics"}},
	{where(func(c *Context, f *finding.Finding) bool { return resolvers.AnswersNames(c.Snapshot, f.Workload) }), always,
		[]string{"names-unlisted", "names-unanswered"}},
	{where(func(_ *Context, f *finding.Finding) bool { return podnetwork.NodeProxy(f.Workload) }), always, []string{"proxy-pods"}},
	{where(func(_ *Context, f *finding.Finding) bool { return podnetwork.NetworkPlugin(f.Workload) }), always, []string{"plugin-pods"}},
}

// tied finds for a rule and a finding which others the rule is to be asked about.
type tied struct {
	c        *Context
	findings []*finding.Finding
	of       map[string]*tie // by the rules' names
	index    map[*tie]map[any][]int
}

func newTied(ties []tie, c *Context, findings []*finding.Finding) tied {
	x := tied{c, findings, map[string]*tie{}, map[*tie]map[any][]int{}}
	for i := range ties {
		for _, name := range ties[i].rules {
			x.of[name] = &ties[i]
		}
	}
	return x
}

// to narrows the findings that a rule could explain to those that have something in common with one.
func (x tied) to(r Rule, from int, all []int) []int {
	t := x.of[r.Name]
	if t == nil {
		return all
	}
	if x.index[t] == nil {
		by := map[any][]int{}
		for i, f := range x.findings {
			for _, key := range t.to(x.c, f) {
				by[key] = append(by[key], i)
			}
		}
		x.index[t] = by
	}
	var out []int
	for _, key := range t.from(x.c, x.findings[from]) {
		out = append(out, x.index[t][key]...)
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(i int) bool { return !slices.Contains(r.To, x.findings[i].Code) })
}

func both(all ...func(*Context, *finding.Finding) []any) func(*Context, *finding.Finding) []any {
	return func(c *Context, f *finding.Finding) []any {
		var out []any
		for _, one := range all {
			out = append(out, one(c, f)...)
		}
		return out
	}
}

// where is for rules that ask only something of the first finding.
func where(is func(*Context, *finding.Finding) bool) func(*Context, *finding.Finding) []any {
	return func(c *Context, f *finding.Finding) []any {
		if is(c, f) {
			return []any{true}
		}
		return nil
	}
}

func always(*Context, *finding.Finding) []any { return []any{true} }

func keys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, x := range list {
		out[i] = x
	}
	return out
}

func ofPods(_ *Context, f *finding.Finding) []any      { return keys(f.Pods) }
func object(_ *Context, f *finding.Finding) []any      { return []any{f.Object} }
func named(_ *Context, f *finding.Finding) []any       { return []any{f.Object.Name} }
func refs(_ *Context, f *finding.Finding) []any        { return keys(f.Refs) }
func firstRef(_ *Context, f *finding.Finding) []any    { return keys(f.Refs[:min(1, len(f.Refs))]) }
func onNodes(_ *Context, f *finding.Finding) []any     { return keys(f.Nodes) }
func podsOnNodes(_ *Context, f *finding.Finding) []any { return keys(nodesOf(f)) }
func provider(_ *Context, f *finding.Finding) []any    { return []any{workloadOf(f)} }

func ofWorkload(_ *Context, f *finding.Finding) []any {
	if f.Workload.IsZero() {
		return nil
	}
	return []any{f.Workload}
}

// servicesCalled are the Services that the logs of the finding's pods say were not reached, and those that they stand for.
func servicesCalled(c *Context, f *finding.Finding) []any {
	var out []any
	for _, d := range f.Said {
		if len(f.Pods) == 0 {
			break
		}
		if o, ok := c.called(d, f.Pods[0].Namespace); ok {
			out = append(out, o, c.standsFor(o))
		}
	}
	return out
}

// label is a label of the pods of a namespace.
type label struct{ namespace, key, value string }

// labelsOfPod are the labels of the finding's first pod.
func labelsOfPod(_ *Context, f *finding.Finding) []any {
	var out []any
	for _, p := range f.Pods[:min(1, len(f.Pods))] {
		for key, value := range p.Labels {
			out = append(out, label{p.Namespace, key, value})
		}
	}
	return out
}

// labelsCalled are, of each Service that was not reached, one label that it selects pods by.
func labelsCalled(c *Context, f *finding.Finding) []any {
	var out []any
	for _, d := range f.Said {
		if len(f.Pods) == 0 || d.Kind == logs.NameUnresolved {
			continue
		}
		o, ok := c.called(d, f.Pods[0].Namespace)
		if !ok {
			continue
		}
		o = c.standsFor(o)
		if l, ok := oneLabel(c.Snapshot, o); ok {
			out = append(out, l)
		}
	}
	return out
}

func oneLabel(s *snapshot.Snapshot, service incident.Object) (label, bool) {
	v := s.Service(service.Namespace, service.Name)
	if v == nil || len(v.Spec.Selector) == 0 {
		return label{}, false
	}
	// The longest is the most likely to be theirs alone.
	key := slices.MaxFunc(slices.Sorted(maps.Keys(v.Spec.Selector)), func(a, b string) int {
		return len(v.Spec.Selector[a]) - len(v.Spec.Selector[b])
	})
	return label{service.Namespace, key, v.Spec.Selector[key]}, true
}
