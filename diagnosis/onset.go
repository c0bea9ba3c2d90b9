package diagnosis

import (
	"cmp"
	"regexp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/change"
	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/backoff"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const (
	justBefore  = time.Hour   // a change this long before an onset may have to do with it
	clockSlack  = time.Minute // and one that two clocks put a little after it
	mostChanges = 2           // of one finding
	mostShown   = 40          // of a diagnosis
)

// changeField is where evidence of a change says that it lies.
const changeField = "change"

// attach makes changes evidence: for each finding that matters and whose onset is known, those just before it on the way to it.
func attach(s *snapshot.Snapshot, found []*finding.Finding, changes []change.Change) {
	if len(changes) == 0 {
		return
	}
	of := map[incident.Object][]change.Change{}
	for _, c := range changes {
		of[c.Object] = append(of[c.Object], c)
	}
	for _, f := range found {
		onset := begun(f)
		if !f.Alarms() || onset.IsZero() {
			continue
		}
		for _, o := range wayTo(f) {
			for _, c := range of[o] {
				if d := onset.Sub(c.At); d <= justBefore && d >= -clockSlack && bears(f, c) {
					f.Changes = append(f.Changes, c.Change)
				}
			}
		}
		slices.SortFunc(f.Changes, func(a, b incident.Change) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
		f.Changes = slices.CompactFunc(f.Changes, func(a, b incident.Change) bool { return a.ID == b.ID })
		f.Changes = f.Changes[:min(len(f.Changes), mostChanges)]
		for _, c := range f.Changes {
			f.Cite(incident.Evidence{Source: c.Source, Object: c.Object, Field: changeField, Time: c.At, Excerpt: excerpt(c)})
		}
	}
}

func excerpt(c incident.Change) string {
	if c.By == "" {
		return c.What
	}
	return c.What + " (" + c.By + ")"
}

// mostNodes is on how many nodes a fault's pods may be for the nodes to count as on the way to it: what is everywhere is no node's doing.
const mostNodes = 3

// wayTo is the objects whose change could have brought a finding about: itself, what is at fault, its workload, what it waits for, what
// its pods take their configuration and their rights from, and, unless it names by itself what is at fault, its nodes.
func wayTo(f *finding.Finding) []incident.Object {
	way := append([]incident.Object{f.Object}, f.Fault...)
	if !f.Workload.IsZero() {
		way = append(way, f.Workload)
	}
	way = append(way, f.Refs...)
	if aboutNode := f.Object.Kind == "Node"; aboutNode || !f.Root && len(f.Nodes) <= mostNodes {
		for _, n := range f.Nodes {
			way = append(way, snapshot.ObjectOf("Node", "", n))
		}
	}
	if len(f.Pods) > 0 {
		way = append(way, kube.TakenFrom(f.Pods[0])...)
	}
	slices.SortFunc(way, incident.Object.Compare)
	return slices.Compact(way)
}

// shown is which changes a diagnosis tells: those that are evidence, and the newest others.
func shown(found []*finding.Finding, changes []change.Change) []incident.Change {
	cited := map[string]bool{}
	for _, f := range found {
		for _, c := range f.Changes {
			cited[c.ID] = true
		}
	}
	others := max(0, mostShown-len(cited))
	keep := make([]bool, len(changes))
	for i := len(changes) - 1; i >= 0; i-- {
		switch {
		case cited[changes[i].ID]:
			keep[i] = true
		case others > 0:
			others--
			keep[i] = true
		}
	}
	var out []incident.Change
	for i, c := range changes {
		if keep[i] {
			out = append(out, c.Change)
		}
	}
	return out
}

// begun is when a finding began, as near as can be told: of pods that crash in a loop, the end of a run that is seen is only the last.
func begun(f *finding.Finding) time.Time {
	at := f.Since
	if code, _ := checks.CodeOf(f.Code); at.IsZero() || code.Trouble != finding.PodTrouble {
		return at
	}
	for _, p := range f.Pods {
		at = finding.Earlier(finding.Earlier(at, kube.UnreadySince(p)), loopSince(p))
	}
	return at
}

// The kubelet waits 10 s before it starts a container anew, twice as long each time, and 5 minutes at most (pkg/kubelet:
// MaxCrashLoopBackOff).
var kubelet = backoff.Backoff{First: 10 * time.Second, Most: 5 * time.Minute}

// loopSince is when the first of a pod's containers began to crash that now waits between two tries, by how long the kubelet waits; zero
// where none does.
func loopSince(p *corev1.Pod) time.Time {
	var at time.Time
	for _, c := range kube.ContainersOf(p) {
		w, end := c.Status.State.Waiting, c.Status.LastTerminationState.Terminated
		if w == nil || w.Reason != "CrashLoopBackOff" || end == nil {
			continue
		}
		took := min(max(end.FinishedAt.Sub(end.StartedAt.Time), 0), 2*kubelet.Most)
		began := end.FinishedAt.Time
		for i := 1; i < crashes(c.Status); i++ {
			began = began.Add(-kubelet.After(i) - took)
		}
		at = finding.Earlier(at, kube.Latest(began, p.CreationTimestamp.Time))
	}
	return at
}

var backOffOf = regexp.MustCompile(`back-off (\S+) restarting`)

// crashes is how often in a row a container has crashed, going by how long the kubelet waits until the next try; where it waits as long as
// it ever does, or does not say, as often as it was started anew.
func crashes(st *corev1.ContainerStatus) int {
	all := int(min(st.RestartCount, 1<<16)) + 1
	if m := backOffOf.FindStringSubmatch(st.State.Waiting.Message); m != nil {
		waits, err := time.ParseDuration(m[1])
		n := 1
		for kubelet.After(n) < min(waits, kubelet.Most) {
			n++
		}
		switch {
		case err == nil && waits < kubelet.Most:
			return min(n, all)
		case err == nil:
			return max(n, all)
		}
	}
	return all
}
