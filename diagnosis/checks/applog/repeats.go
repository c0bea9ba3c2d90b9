package applog

import (
	"fmt"
	"iter"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// LogErrorsRepeat is the code of errors that a container which runs writes into its log again and again.
const LogErrorsRepeat = "LogErrorsRepeat"

var repeatCodes = []finding.Code{
	{Code: LogErrorsRepeat, Severity: incident.Warning, Detail: Repeated{}, Trouble: finding.Complaint,
		Meaning: "A container that runs writes the same error into its log again and again. Many programs live with such errors: by itself it " +
			"proves nothing.",
		Next:    "Read the error, and look at what it names.",
		Example: "The log of Deployment api repeats an error, 12 times since 09:31:02 UTC: ZeroDivisionError: division by zero"},
}

// Repeated is the detail of LogErrorsRepeat.
type Repeated struct {
	Times int // how often the error is in what was read of the logs
}

const (
	// farBack is how many lines a log may have after the last of its errors, where they have no stamps and came at shorter intervals.
	farBack = 60
	// toldErrors is how many of a workload's errors give their evidence.
	toldErrors = 3
)

// said is an error that containers of a workload repeat.
type said struct {
	logs.Repeat
	pod *corev1.Pod
	log *snapshot.Log
}

// place is a container of a workload.
type place struct {
	workload  incident.Object
	container string
}

// sayings are the errors that containers of workloads repeat, in the order of their logs.
type sayings struct {
	by    map[place][]said
	order []place
}

// currentLogs yields the logs of the containers that run, with their pods.
func currentLogs(s *snapshot.Snapshot) iter.Seq2[*snapshot.Log, *corev1.Pod] {
	return func(yield func(*snapshot.Log, *corev1.Pod) bool) {
		for l, p := range complaining(s) {
			if !l.Previous && isRunning(p, l.Container) && !yield(l, p) {
				return
			}
		}
	}
}

// complaining yields the logs of pods that are to stay, with these. What the cluster's DNS complains of is its own checks' affair.
func complaining(s *snapshot.Snapshot) iter.Seq2[*snapshot.Log, *corev1.Pod] {
	return func(yield func(*snapshot.Log, *corev1.Pod) bool) {
		dns, _ := resolvers.Find(s)
		for i := range s.Logs {
			l := &s.Logs[i]
			p := s.Pod(l.Namespace, l.Pod)
			if p == nil || p.DeletionTimestamp != nil || slices.Contains(dns.Pods, p) {
				continue
			}
			if !yield(l, p) {
				return
			}
		}
	}
}

// repeating are the errors that go on in the logs of containers that run, however well these look.
func repeating(s *snapshot.Snapshot) sayings {
	type once struct{}
	return snapshot.Once(s, once{}, func() sayings {
		out := sayings{by: map[place][]said{}}
		for l, p := range currentLogs(s) {
			k := place{s.WorkloadOf(p), l.Container}
			for _, x := range readings.Of(s, l).Repeats {
				if x.First, x.Last = readings.Moment(x.First, s.At), readings.Moment(x.Last, s.At); !goesOn(x, s.At) {
					continue
				}
				if out.by[k] == nil {
					out.order = append(out.order, k)
				}
				out.by[k] = append(out.by[k], said{Repeat: x, pod: p, log: l})
			}
		}
		return out
	})
}

// checkRepeats tells of the errors that go on: of each container of a workload, one finding.
func checkRepeats(s *snapshot.Snapshot, r *finding.Report) {
	all := repeating(s)
	for _, k := range all.order {
		reportRepeats(s, r, k.workload, k.container, slices.Clone(all.by[k]))
	}
}

// isRunning says whether a container of a pod runs.
func isRunning(p *corev1.Pod, name string) bool {
	for _, c := range kube.ContainersOf(p) {
		if c.Spec.Name == name {
			return c.Status.State.Running != nil
		}
	}
	return false
}

// goesOn says whether an error is still being said.
func goesOn(x logs.Repeat, now time.Time) bool {
	if x.Last.IsZero() {
		return x.After <= max(farBack, 2*x.Over/max(x.Times-1, 1))
	}
	every := x.Last.Sub(x.First) / time.Duration(max(x.Times-1, 1))
	return now.Sub(x.Last) <= max(finding.RecentError.For, 2*every)
}

// reportRepeats tells of the errors of one container of a workload, the most frequent first.
func reportRepeats(s *snapshot.Snapshot, r *finding.Report, w incident.Object, container string, all []said) {
	slices.SortStableFunc(all, func(a, b said) int { return b.Times - a.Times })
	first := all[0]
	times := 0
	var since time.Time
	for _, x := range all {
		if x.Says == first.Says {
			times, since = times+x.Times, finding.Earlier(since, x.First)
		}
	}
	when := fmt.Sprintf("%d times", times)
	if !since.IsZero() {
		when += " since " + finding.Clock(since)
	}
	in := ""
	if len(first.pod.Spec.Containers) > 1 {
		in = " (container " + container + ")"
	}
	f := r.Find(LogErrorsRepeat, w, fmt.Sprintf("The log of %s%s repeats an error, %s: %s", finding.Short(w), in, when,
		finding.ShortMessage(first.Says)))
	f.Workload, f.Container, f.Since, f.Detail = w, container, since, Repeated{Times: times}
	if since.IsZero() {
		f.Since = startOf(first.pod, container)
	}
	for i, x := range all {
		f.AddPod(x.pod)
		f.AddFacts(x.Facts)
		for _, d := range x.Facts {
			if o, ok := kube.ServiceOf(s, d.Host, x.pod.Namespace); ok && d.Host != "" {
				f.Refs = finding.Union(f.Refs, []incident.Object{o})
			}
		}
		if i < toldErrors {
			f.Cite(finding.SeenLog(x.pod, container, false, clip.Bytes(fmt.Sprintf("%s (%d times)", x.Line, x.Times), incident.MaxExcerpt)))
		}
	}
	f.Suspected()
}

// startOf is when a container that runs was started.
func startOf(p *corev1.Pod, name string) time.Time {
	for _, c := range kube.ContainersOf(p) {
		if c.Spec.Name == name && c.Status.State.Running != nil {
			return c.Status.State.Running.StartedAt.Time
		}
	}
	return time.Time{}
}
