package scheduling

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

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

// evidence is the nearest node's side, and the pod's.
func (k *seeker) evidence(h hindered) []incident.Evidence {
	n := kube.NodeObject(h.node)
	var out []incident.Evidence
	for _, l := range h.lacks {
		switch l.rule {
		case roomTaken, tooSmall:
			name := corev1.ResourceName(l.what)
			out = append(out, finding.SeenAPI(n, "status.allocatable["+l.what+"]", time.Time{},
				fmt.Sprintf("%s, and its %d pods ask for %s", amount(name, h.gives(name)), len(h.pods), amount(name, h.asked[name]))),
				finding.SeenAPI(finding.PodObject(k.pod), "spec.containers[*].resources.requests["+l.what+"]", time.Time{},
					amount(name, inUnits(name, k.asks[name]))))
		case nodeState, taintKeeps:
			out = append(out, finding.SeenAPI(n, "spec.taints", time.Time{}, l.what))
		case labelLacks:
			out = append(out, finding.SeenAPI(finding.PodObject(k.pod), "spec.nodeSelector", time.Time{}, l.what),
				finding.SeenAPI(n, "metadata.labels", time.Time{}, h.node.Name+" "+l.here))
		default:
			out = append(out, finding.SeenAPI(n, "pods on it", time.Time{}, h.node.Name+" "+l.here))
		}
	}
	return out
}
