package scheduling

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Nowhere is why no node takes a pod: what would have to change, and the node that comes nearest.
type Nowhere struct {
	Why  string // after "cannot be scheduled: "; empty where the nodes that were seen do not show it
	Seen []incident.Evidence
	Refs []incident.Object // nodes that would take it were they well, or less full of pods
}

// hindered is a node with what keeps the pod off it.
type hindered struct {
	*room
	lacks []lack
}

// maxSeekers bounds how many pods that differ are compared with every node.
const maxSeekers = 100

// Explain compares a pod with every node. Pods of one template are alike, but for those that a DaemonSet ties to a node each.
func (r *Rooms) Explain(p *corev1.Pod) Nowhere {
	key := strings.Join([]string{r.s.WorkloadOf(p).String(), p.Labels["pod-template-hash"], p.Labels["controller-revision-hash"],
		fmt.Sprint(tiedTo(p)), fmt.Sprint(kube.ClaimsOf(p))}, "\x00")
	u, ok := r.told[key]
	if !ok && len(r.told) < maxSeekers {
		u = r.compare(p)
		r.told[key] = u
	}
	return u
}

// tiedTo are the nodes that a pod's affinity names, as the DaemonSet controller's does.
func tiedTo(p *corev1.Pod) []string {
	if p.Spec.Affinity == nil || p.Spec.Affinity.NodeAffinity == nil ||
		p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return nil
	}
	var names []string
	for _, t := range p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, f := range t.MatchFields {
			if f.Key == "metadata.name" && f.Operator == corev1.NodeSelectorOpIn {
				names = append(names, f.Values...)
			}
		}
	}
	return names
}

func (r *Rooms) compare(p *corev1.Pod) Nowhere {
	all := r.all()
	k := newSeeker(r, p)
	tied := tiedTo(p)
	var nodes []hindered
	for i := range all {
		if len(tied) > 0 && !slices.Contains(tied, all[i].node.Name) {
			continue
		}
		h := hindered{&all[i], k.lacks(&all[i])}
		if len(h.lacks) == 0 {
			return Nowhere{} // it fits as far as can be seen: the scheduler knows more, or is about to place it
		}
		nodes = append(nodes, h)
	}
	if len(nodes) == 0 {
		return Nowhere{}
	}
	slices.SortStableFunc(nodes, byNearness)
	u := Nowhere{Why: k.reason(nodes)}
	for _, h := range nodes {
		if h.only(nodeState) || h.only(podsTaken) {
			u.Refs = append(u.Refs, kube.NodeObject(h.node))
		}
	}
	u.Seen = append(u.Seen, k.evidence(nodes[0])...)
	return u
}

// byNearness puts first what the least would have to change of.
func byNearness(a, b hindered) int {
	worst := func(h hindered) (rule hindrance, gap float64) {
		for _, l := range h.lacks {
			rule, gap = max(rule, l.rule), gap+l.gap
		}
		return rule, gap
	}
	ar, ag := worst(a)
	br, bg := worst(b)
	return cmp.Or(cmp.Compare(len(a.lacks), len(b.lacks)), cmp.Compare(ar, br), cmp.Compare(ag, bg), cmp.Compare(a.node.Name, b.node.Name))
}

func (h hindered) only(rule hindrance) bool {
	return !slices.ContainsFunc(h.lacks, func(l lack) bool { return l.rule != rule })
}

func (h hindered) lack(same func(lack) bool) (lack, bool) {
	if i := slices.IndexFunc(h.lacks, same); i >= 0 {
		return h.lacks[i], true
	}
	return lack{}, false
}

// here says all that keeps the pod off a node.
func (h hindered) here(without func(lack) bool) string {
	var out []string
	for _, l := range h.lacks {
		if without == nil || !without(l) {
			out = append(out, l.here)
		}
	}
	return strings.Join(out, " and ")
}

// reason is one sentence for all nodes where one thing rules them all out, or else what rules out how many, and the nearest.
func (k *seeker) reason(nodes []hindered) string {
	nearest := nodes[0]
	if len(nodes) == 1 {
		return "node " + nearest.node.Name + " " + nearest.here(nil) + k.asked(nearest)
	}
	for _, l := range nearest.lacks {
		same := alike(l)
		if slices.ContainsFunc(nodes, func(h hindered) bool { _, ok := h.lack(same); return !ok }) {
			continue
		}
		why := k.forAll(l, nodes, same)
		if more := nearest.here(same); more != "" {
			why += "; node " + nearest.node.Name + ", which comes nearest, also " + more
		}
		return why
	}
	why := "node " + nearest.node.Name + " comes nearest, but it " + nearest.here(nil) + k.asked(nearest)
	if len(nodes) > fewNodes {
		return counts(nodes) + "; " + why
	}
	for _, h := range nodes[1:] {
		why += "; " + h.node.Name + " " + h.here(nil)
	}
	return why
}

// fewNodes is up to how many nodes are told one by one.
const fewNodes = 3

// alike says whether lacks are one for a sentence about all nodes: of one resource, or of one rule.
func alike(l lack) func(lack) bool {
	measured := l.rule == roomTaken || l.rule == tooSmall
	return func(m lack) bool {
		if measured {
			return (m.rule == roomTaken || m.rule == tooSmall) && m.what == l.what
		}
		return m.rule == l.rule && (l.rule != labelLacks || m.what == l.what)
	}
}

// asked is what the pod asks for of what the node is short of.
func (k *seeker) asked(h hindered) string {
	var out []string
	for _, l := range h.lacks {
		if l.rule == roomTaken || l.rule == tooSmall {
			name := corev1.ResourceName(l.what)
			out = append(out, amount(name, inUnits(name, k.asks[name]))+" "+resourceWord(name))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return ", and it asks for " + strings.Join(out, ", ")
}

// forAll says what all nodes lack, nearest first.
func (k *seeker) forAll(l lack, nodes []hindered, same func(lack) bool) string {
	switch l.rule {
	case roomTaken, tooSmall:
		return k.short(corev1.ResourceName(l.what), nodes)
	case podsTaken:
		return "every node runs as many pods as it may (" + nodes[0].node.Name + " " + l.here + ")"
	case labelLacks:
		return k.noLabel(l, nodes)
	case nodeState, taintKeeps:
		return "no node takes it: " + perNode(nodes, same)
	}
	return "no node takes it: " + nodes[0].node.Name + " " + l.here + others(len(nodes)-1)
}

func others(n int) string {
	if n == 1 {
		return ", and so for the other node"
	}
	return fmt.Sprintf(", and so for %d other nodes", n)
}

// perNode groups nodes by what they lack: "n1 and n2 have the taint …".
func perNode(nodes []hindered, same func(lack) bool) string {
	var order []string
	by := map[string][]string{}
	for _, h := range nodes {
		l, _ := h.lack(same)
		if by[l.here] == nil {
			order = append(order, l.here)
		}
		by[l.here] = append(by[l.here], h.node.Name)
	}
	var out []string
	for _, here := range order[:min(len(order), 3)] {
		names := by[here]
		who := strings.Join(names[:min(len(names), 3)], ", ")
		if len(names) > 3 {
			who += fmt.Sprintf(" and %d more", len(names)-3)
		}
		out = append(out, who+" "+plural(here, len(names)))
	}
	return strings.Join(out, "; ")
}

// plural turns "has the taint" and "is cordoned" for several nodes.
func plural(here string, n int) string {
	if n == 1 {
		return here
	}
	for _, w := range [][2]string{{"has ", "have "}, {"is ", "are "}, {"runs ", "run "}} {
		if rest, ok := strings.CutPrefix(here, w[0]); ok {
			return w[1] + rest
		}
	}
	return here
}

// short tells what never fits from what is taken.
func (k *seeker) short(name corev1.ResourceName, nodes []hindered) string {
	asks := amount(name, inUnits(name, k.asks[name])) + " " + resourceWord(name)
	largest, freest := nodes[0].room, nodes[0].room
	for _, h := range nodes {
		if h.gives(name) > largest.gives(name) {
			largest = h.room
		}
		if h.free(name) > freest.free(name) {
			freest = h.room
		}
	}
	most := largest.gives(name)
	switch {
	case most == 0:
		return "it asks for " + asks + ", and no node has any"
	case inUnits(name, k.asks[name]) > most:
		return fmt.Sprintf("it asks for %s, and the largest node, %s, has %s", asks, largest.node.Name, amount(name, most))
	}
	why := fmt.Sprintf("it asks for %s, and node %s, which has most left, has %s of %s free", asks, freest.node.Name,
		amount(name, freest.free(name)), amount(name, freest.gives(name)))
	if who, holds := freest.holder(k.s, name); holds > 0 {
		why += fmt.Sprintf(" (%s asks for %s of it)", finding.Short(who), amount(name, holds))
	}
	return why
}

// noLabel names the label that no node has, and those that look like it.
func (k *seeker) noLabel(l lack, nodes []hindered) string {
	key, value, ok := strings.Cut(l.what, "=")
	if _, asked := k.pod.Spec.NodeSelector[key]; !ok || !asked {
		return "no node matches its node affinity " + l.what
	}
	var values, keys []string
	for _, h := range nodes {
		if v, ok := h.node.Labels[key]; ok {
			values = finding.Union(values, []string{v})
		}
		keys = finding.Union(keys, slices.Sorted(maps.Keys(h.node.Labels)))
	}
	why := "no node has the label " + l.what + ", which its nodeSelector asks for"
	switch {
	case len(values) > 0:
		slices.Sort(values)
		hints := kube.Nearest(value, values)
		if len(hints) == 0 {
			hints = values[:min(len(values), 3)]
		}
		for i := range hints {
			hints[i] = key + "=" + hints[i]
		}
		return why + kube.DidYouMean(hints)
	default:
		slices.Sort(keys)
		return why + kube.DidYouMean(kube.Nearest(key, keys))
	}
}

// counts says how many nodes each rule keeps the pod off, each node once, by what is hardest to change.
func counts(nodes []hindered) string {
	words := map[hindrance]finding.Phrase{
		nodeState: finding.Say("{is|are} not well or cordoned"), podsTaken: finding.Say("{runs|run} as many pods as {it|they} may"),
		portTaken:  finding.Say("{has|have} its host port taken"),
		taintKeeps: finding.Say("{has a taint|have taints} that it does not tolerate"),
		labelLacks: finding.Say("{does|do} not match its selector or affinity"), podsAvoid: finding.Say("{is|are} kept by its anti-affinity"),
		podsMiss: finding.Say("{lacks|lack} pods that its affinity asks for"), spreadKeeps: finding.Say("{is|are} kept by its topology spread"),
		volumeKeeps: finding.Say("{is|are} not where its volume is"),
	}
	by := map[hindrance]int{}
	short := map[string]int{}
	for _, h := range nodes {
		worst := slices.MaxFunc(h.lacks, func(a, b lack) int { return cmp.Compare(a.rule, b.rule) })
		if worst.rule == roomTaken || worst.rule == tooSmall {
			short[worst.what]++
		} else {
			by[worst.rule]++
		}
	}
	var out []string
	for _, rule := range []hindrance{nodeState, taintKeeps, labelLacks, podsAvoid, podsMiss, spreadKeeps, volumeKeeps, portTaken, podsTaken} {
		if n := by[rule]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, words[rule].Of(n)))
		}
	}
	names := make([]string, 0, len(short))
	for name := range short {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		out = append(out, fmt.Sprintf("%d %s too little %s", short[name], finding.Inflect(short[name], "{has|have}"),
			resourceWord(corev1.ResourceName(name))))
	}
	return fmt.Sprintf("of %d nodes %s", len(nodes), strings.Join(out, ", "))
}
