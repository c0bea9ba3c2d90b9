package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

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
var Runbooks = []Runbook{
	{"restore-cni", "Puts the CNI configuration of a node back as it was while the node worked.",
		[]string{"NodeCNIMissing"}, draftCNI},
	{"restore-dns", "Puts the Corefile back as it was while DNS worked, restarts CoreDNS, and then those dependants that do not come back by themselves.",
		[]string{"DNSLoop", "DNSCorefileError"}, draftDNS},
	{"roll-back", "Rolls a Deployment back whose newest revision fails and whose previous one worked.",
		[]string{"DeploymentStuck", "DeploymentUnavailable", "PodCrashLoop", "PodExitsZero", "PodCannotStart", "PodImagePull", "PodConfigError",
			"PodOOMKilled", "PodProbeFailing", "PodNotReady", "ConfigMapMissing", "SecretMissing"}, draftRollback},
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
	why   string          // what the remedy rests on, a sentence
	no    string          // why there is no remedy; the rest is empty then
}

func no(format string, a ...any) (draft, error) { return draft{no: fmt.Sprintf(format, a...)}, nil }

func draftCNI(ctx context.Context, r *Recovery, q request) (draft, error) {
	var out draft
	for _, o := range q.cause.Objects {
		if o.Kind != "Node" {
			continue
		}
		i := slices.IndexFunc(q.s.Hosts, func(h snapshot.Host) bool { return h.Node == o.Name })
		if i < 0 || r.o.Hosts[o.Name] == nil {
			return no("the files of node %s are out of reach; run Paramedic on that node, or give it the host root", o.Name)
		}
		dir := q.s.Hosts[i].CNIDir
		hash, at, ok, err := r.o.LastGood.LastGood(ctx, HostKey(o.Name, dir))
		if err != nil {
			return draft{}, fmt.Errorf("find the last-good copy of %s on %s: %w", dir, o.Name, err)
		}
		if !ok {
			return no("no last-good copy of %s on node %s was kept; Paramedic keeps one while the node is well", dir, o.Name)
		}
		out.steps = append(out.steps, incident.Step{Kind: RestoreHostFiles, Target: incident.Target{Object: o}, Params: map[string]string{"dir": dir, "archive": hash}})
		out.title = "restore the CNI configuration of node " + o.Name
		out.why = join(out.why, fmt.Sprintf("%s on %s is restored from the copy last seen good %s.", dir, o.Name, stamp(at)))
	}
	if len(out.steps) == 0 {
		return no("no node is named at fault")
	}
	return out, nil
}

func draftDNS(ctx context.Context, r *Recovery, q request) (draft, error) {
	i := slices.IndexFunc(q.cause.Objects, func(o incident.Object) bool { return o.Kind == "ConfigMap" })
	if i < 0 {
		return no("no Corefile is named at fault")
	}
	m := q.cause.Objects[i]
	hash, at, ok, err := r.o.LastGood.LastGood(ctx, ConfigMapKey(m.Namespace, m.Name, corefile))
	if err != nil {
		return draft{}, fmt.Errorf("find the last-good copy of %s: %w", m, err)
	}
	if !ok {
		return no("no last-good copy of the %s in ConfigMap %s/%s was kept; Paramedic keeps one while DNS is well", corefile, m.Namespace, m.Name)
	}
	out := draft{
		steps: []incident.Step{{Kind: SetConfigMapKey, Target: incident.Target{Object: m}, Params: map[string]string{"key": corefile, "value": hash}}},
		title: "restore the Corefile",
		why:   fmt.Sprintf("The Corefile is restored from the copy last seen good %s.", stamp(at)),
	}
	dns, ok := dnsWorkload(q.s)
	if ok {
		out.steps = append(out.steps, restart(dns, q.d.At))
		out.title = "restore the Corefile and restart " + dns.Name
	}
	for _, o := range explained(q) {
		if o == dns || !restartable(o) {
			continue
		}
		if len(out.later) == maxLater {
			out.why = join(out.why, fmt.Sprintf("More than %d workloads depend on it; the others are left to come back by themselves.", maxLater))
			break
		}
		s := restart(o, q.d.At)
		s.Unless = r.o.Patience
		out.later = append(out.later, s)
	}
	return out, nil
}

// maxLater bounds a plan's conditional restarts, so that a person can still read it.
const maxLater = 24

// restart takes its timestamp from the diagnosis, so that one diagnosis gives one plan however often it is asked for.
func restart(o incident.Object, at time.Time) incident.Step {
	return incident.Step{Kind: RestartWorkload, Target: incident.Target{Object: o}, Params: map[string]string{"at": at.UTC().Format(time.RFC3339)}}
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

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// join puts a sentence behind others.
func join(text, sentence string) string { return strings.TrimSpace(text + " " + sentence) }
