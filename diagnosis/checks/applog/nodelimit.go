package applog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// NodeLimitShared is the code of what a node gives no more of to several programs.
const NodeLimitShared = "NodeLimitShared"

var nodeLimitCodes = []finding.Code{
	{Code: NodeLimitShared, Severity: incident.Critical, Root: true,
		Meaning: "Several workloads on one node are given no more of the same thing by its operating system, or one on the only node as " +
			"soon as " +
			"it starts: what all pods of the node share is used up (inotify instances and watches, open files, processes, the disk).",
		Next: "See what is used up on the node: sysctl fs.inotify.max_user_instances and fs.inotify.max_user_watches for what watches files, " +
			"fs.file-nr, kernel.pid_max, df; raise the limit, or find who takes so much.",
		Example: "Node box gives no more to 2 workloads (Deployment controller, DaemonSet promtail): too many open files"},
}

// limitSharers is how many workloads of a node must say the same.
const limitSharers = 2

// checkNodeLimits looks at what the logs of crashed containers have proved already: one program may have used up what it may have itself,
// but two of a node that are given no more of the same share what is used up.
func checkNodeLimits(s *snapshot.Snapshot, found []*finding.Finding, r *finding.Report) {
	type limit struct{ node, what string }
	by, order := map[limit][]*finding.Finding{}, []limit(nil)
	for _, f := range found {
		if f.Code != LogExhausted && f.Code != LogNoSpace {
			continue
		}
		what := limitOf(f)
		for _, node := range nodesOfPods(f.Pods) {
			if what == "" {
				continue
			}
			k := limit{node, what}
			if by[k] == nil {
				order = append(order, k)
			}
			by[k] = append(by[k], f)
		}
	}
	for _, k := range order {
		n := s.Node(k.node)
		if n == nil || len(by[k]) < limitSharers && (len(s.Nodes) != 1 || s.Namespace != "" || !fromStart(by[k][0])) {
			continue
		}
		reportNodeLimit(s, r, n, k.what, by[k])
	}
}

// limitOf is what a finding's program got no more of, where pods may share it with others of their node; "" otherwise. A volume of its own
// is shared with nobody.
func limitOf(f *finding.Finding) string {
	for _, d := range f.Said {
		switch {
		case d.Kind == logs.Exhausted:
			return strings.ToLower(d.Name)
		case d.Kind == logs.NoSpace && !ofSharedMemory(d) && !slices.ContainsFunc(f.Pods,
			func(p *corev1.Pod) bool { return len(kube.ClaimsOf(p)) > 0 }):
			return "no space left on device"
		}
	}
	return ""
}

func nodesOfPods(pods []*corev1.Pod) []string {
	var out []string
	for _, p := range pods {
		if p.Spec.NodeName != "" {
			out = finding.Union(out, []string{p.Spec.NodeName})
		}
	}
	return out
}

// fromStart says whether a program is told so as soon as it starts, for files that it opens or watches: none of its own can be many by
// then.
func fromStart(f *finding.Finding) bool {
	if !slices.ContainsFunc(f.Said, func(d logs.Fact) bool {
		return d.Kind == logs.Exhausted && strings.Contains(strings.ToLower(d.Name), "file")
	}) {
		return false
	}
	for _, p := range f.Pods {
		for _, c := range kube.ContainersOf(p) {
			t := c.Status.State.Terminated
			if t == nil {
				t = c.Status.LastTerminationState.Terminated
			}
			if t != nil && t.ExitCode != 0 && t.FinishedAt.Sub(t.StartedAt.Time) < finding.JustStarted.For {
				return true
			}
		}
	}
	return false
}

func reportNodeLimit(s *snapshot.Snapshot, r *finding.Report, n *corev1.Node, what string, told []*finding.Finding) {
	var who []string
	for _, x := range told {
		who = finding.Union(who, []string{finding.Short(x.Workload)})
	}
	f := r.Find(NodeLimitShared, kube.NodeObject(n), finding.OneLine(fmt.Sprintf("Node %s gives no more to %d %s (%s): %s", n.Name, len(who),
		finding.Inflect(len(who), "{workload|workloads}"), finding.FirstFew(who), what), finding.MaxTitle)).On(n)
	for _, x := range told {
		for _, p := range x.Pods {
			if p.Spec.NodeName == n.Name {
				f.AddPod(p)
			}
		}
		f.AddFacts(x.Said)
		f.Since = finding.Earlier(f.Since, x.Since)
		f.Cite(x.Seen[:min(len(x.Seen), 1)]...)
	}
	f.Fault = []incident.Object{f.Object}
	f.Because = fmt.Sprintf("%d workloads of the node say the same, and share no more than the node", len(who))
	if len(who) == 1 {
		f.Because = "Its program is told so as soon as it starts, before it can have used up anything itself"
	}
	for i := range s.Hosts {
		h := &s.Hosts[i]
		for _, name := range []string{"fs.inotify.max_user_instances", "fs.inotify.max_user_watches"} {
			if v, ok := h.Sysctls[name]; ok && h.Node == n.Name && strings.Contains(what, "file") {
				f.Cite(finding.NewEvidence(incident.SourceHost, f.Object, "/proc/sys/"+strings.ReplaceAll(name, ".", "/"), time.Time{}, v))
			}
		}
	}
}
