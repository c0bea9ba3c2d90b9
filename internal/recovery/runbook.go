package recovery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Runbook is a typed recipe of recovery.
type Runbook struct {
	Name  string
	Means string   // one sentence
	Codes []string // of the causes that it treats
	draft func(context.Context, *Recovery, request) (draft, error)
}

// Runbooks is every runbook. For a cause, the first one that lists its code and has a remedy is taken.
var Runbooks = slices.Concat(podRunbooks, taskRunbooks, networkRunbooks, clusterRunbooks, firstRunbooks)

// ByHand says of the codes that no runbook treats why not, and what a person does instead.
var ByHand = merged(podsByHand, tasksByHand, networkByHand, clusterByHand, saidByHand)

func merged(all ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range all {
		maps.Copy(out, m)
	}
	return out
}

// firstRunbooks bring back what worked before, whatever the change was that broke it.
var firstRunbooks = []Runbook{
	{"restore-cni", "Puts the CNI configuration of a node back as it was while the node worked.",
		[]string{"NodeCNIMissing"}, draftCNI},
	{"restore-dns", "Puts the Corefile back as it was while DNS worked, restarts CoreDNS, and then those dependants that do not come back " +
		"by themselves.",
		[]string{"DNSLoop", "DNSCorefileError"}, draftDNS},
	{"roll-back", "Rolls a workload back whose newest revision fails and whose previous one worked.", rollBackCodes, draftRollback},
	{"restart-hung", "Restarts a workload whose pods ran well, then stopped answering, and keep running.",
		[]string{"PodProbeFailing", "PodNotReady"}, draftRestart},
}

// request is what a runbook makes its steps from.
type request struct {
	cause incident.Cause
	d     *incident.Diagnosis
	s     *snapshot.Snapshot
}

// draft is a runbook's steps for one cause, not yet bound to their targets, or the reason why it has none.
type draft struct {
	steps []incident.Step // in order
	later []incident.Step // conditional; after the steps of every other runbook
	title string          // "restore the CNI configuration of node leveling-pc"
	many  string          // the title of several steps, with "%d"; set where each stands for itself, so that some may be left to another plan
	why   string          // what the remedy rests on, a sentence
	no    string          // why there is no remedy; the rest is empty then
}

func no(format string, a ...any) (draft, error) { return draft{no: fmt.Sprintf(format, a...)}, nil }

// setTo is a step that gives something of an object a value; nil removes it. The parameters are names, each followed by what it is.
func setTo(kind string, o incident.Object, value any, params ...string) incident.Step {
	s := incident.Step{Kind: kind, Target: incident.Target{Object: o}, Params: map[string]string{}}
	if value != nil {
		s.Params[paramValue] = encodeValue(value)
	}
	for i := 0; i+1 < len(params); i += 2 {
		s.Params[params[i]] = params[i+1]
	}
	return s
}

// deletePod is a step that removes a pod, so that its controller makes another.
func deletePod(p *corev1.Pod, source string, params map[string]string) incident.Step {
	return incident.Step{Kind: DeletePod, Target: incident.Target{Object: podObject(p)}, Source: source, Params: params}
}

// single is a remedy of a single step.
func single(s incident.Step, title, why string) (draft, error) {
	return draft{steps: []incident.Step{s}, title: title, why: why}, nil
}

// restart takes its timestamp from the diagnosis, so that one diagnosis gives one plan however often it is asked for.
func restart(o incident.Object, at time.Time) incident.Step {
	return incident.Step{Kind: RestartWorkload, Target: incident.Target{Object: o},
		Params: map[string]string{"at": at.UTC().Format(time.RFC3339)}}
}

// restingOn says where a step's target and value come from.
func restingOn(source string, s incident.Step) incident.Step {
	s.Source = source
	return s
}

// explained lists the workloads that the cause makes suffer, by name.
func explained(q request) []incident.Object {
	var out []incident.Object
	for _, id := range q.cause.Explains {
		if f := q.d.Finding(id); f != nil && f.Severity.Rank() >= incident.Warning.Rank() {
			out = append(out, workloadOf(q.s, f.Object))
		}
	}
	slices.SortFunc(out, incident.Object.Compare)
	return slices.DeleteFunc(slices.Compact(out), func(o incident.Object) bool { return !restartable(o) })
}

// workloadOf is what a finding's object belongs to: a pod's or ReplicaSet's workload, the object itself otherwise.
func workloadOf(s *snapshot.Snapshot, o incident.Object) incident.Object {
	switch o.Kind {
	case "Pod":
		if p := s.Pod(o.Namespace, o.Name); p != nil {
			return s.WorkloadOf(p)
		}
	case "ReplicaSet":
		for i := range s.ReplicaSets {
			if rs := &s.ReplicaSets[i]; rs.Namespace == o.Namespace && rs.Name == o.Name && len(rs.OwnerReferences) == 1 {
				return incident.Object{Kind: rs.OwnerReferences[0].Kind, Namespace: o.Namespace, Name: rs.OwnerReferences[0].Name}
			}
		}
	}
	return o
}

// keptAt is the source of what was kept while it worked.
func keptAt(at time.Time) string { return lastSeenGood + stamp(at) }

const lastSeenGood = "the copy last seen good "

// ofCopy names the copy that a step restores, for its title: by when it was kept, or by what it was before. A value that comes from
// elsewhere has no such name: its diff shows it.
func ofCopy(word string, s incident.Step) string {
	switch {
	case strings.HasPrefix(s.Source, lastSeenGood):
		return word + s.Source
	case s.Source == wasBefore:
		return word + "what was there before"
	}
	return ""
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// join puts a sentence behind others.
func join(text, sentence string) string { return strings.TrimSpace(text + " " + sentence) }

func restartable(o incident.Object) bool {
	return o.Kind == "Deployment" || o.Kind == "StatefulSet" || o.Kind == "DaemonSet"
}
