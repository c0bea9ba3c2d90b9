package snapshot

import (
	"bytes"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Bounds on the logs of a look, live or captured: what holds a trace and what led to it, of a few pods of each workload, for the pods of
// one workload tend to fail alike. The fewer logs there are, the more of each is kept.
const (
	LogLines       = 500      // of one log, the last
	LogBytes       = 64 << 10 // of one log, the last, at most
	logLeast       = 16 << 10 // of one log, however many there are
	logsBytes      = 2 << 20  // of all logs together
	LogsOfWorkload = 2        // pods whose logs are read, of each container of a workload
	LogsMost       = 120      // logs of a look
)

// LogWanted names a log that is worth reading.
type LogWanted struct {
	Pod       *corev1.Pod
	Container string
	Previous  bool // of the container's instance before the current one
	Bytes     int  // how much of its end is kept; see LogTail
	Well      bool // the container is well: its log may tell of others, and is not missed where it can't be read
	Asked     bool // somebody asks about it: however well the container is, that its log can't be read is told
}

// LogsWanted lists whose logs are worth reading: containers that wait in a crash loop, ended badly, or were restarted lately; and those of
// the cluster's DNS, which complains of its upstream servers while it is well itself. The look at a cluster, the capture of a bundle and
// the reading of a dump all ask here, so that they hold the same logs. The Snapshot must be indexed.
func (s *Snapshot) LogsWanted() []LogWanted {
	var out []LogWanted
	taken := map[string]int{}
	for i := range s.Pods {
		p := &s.Pods[i]
		for _, statuses := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
			for j := range statuses {
				c := &statuses[j]
				current, previous := worthReading(c, s.At)
				well := !current && !previous && answersNames(p)
				current = current || well
				if !current && !previous {
					continue
				}
				k := s.WorkloadOf(p).String() + " " + c.Name
				if taken[k]++; taken[k] > LogsOfWorkload {
					continue
				}
				if current {
					out = append(out, LogWanted{Pod: p, Container: c.Name, Well: well})
				}
				if previous {
					out = append(out, LogWanted{Pod: p, Container: c.Name, Previous: true})
				}
			}
		}
	}
	out = slices.Clip(out[:min(len(out), LogsMost)])
	for i := range out {
		out[i].Bytes = min(LogBytes, max(logLeast, logsBytes/len(out)))
	}
	return out
}

// Bounds on the containers whose logs are read however well they look: where something is presumed to be ill, and where findings ask for
// those of others.
const (
	MostCloser = 60
	MostAsked  = 24
)

// LogsCloser lists the logs of pods that LogsWanted leaves out, in the order of the pods: of containers that run and look well, and of
// their instance before. Beyond the most containers none are listed; those are left out.
func (s *Snapshot) LogsCloser(pods []*corev1.Pod, most int) (wanted []LogWanted, out LeftOut) {
	type log struct {
		pod       *corev1.Pod
		container string
		previous  bool
	}
	has, read := map[log]bool{}, map[incident.Object]bool{}
	for _, w := range s.LogsWanted() {
		has[log{w.Pod, w.Container, w.Previous}], read[s.WorkloadOf(w.Pod)] = true, true
	}
	containers := 0
	for _, p := range pods {
		for _, statuses := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
			for i := range statuses {
				c := &statuses[i]
				var more []LogWanted
				if hasRun := c.State.Waiting == nil || c.LastTerminationState.Terminated != nil; hasRun && !has[log{p, c.Name, false}] {
					more = append(more, LogWanted{Pod: p, Container: c.Name, Bytes: logLeast, Well: true})
				}
				if c.LastTerminationState.Terminated != nil && !has[log{p, c.Name, true}] {
					more = append(more, LogWanted{Pod: p, Container: c.Name, Previous: true, Bytes: logLeast, Well: true})
				}
				if len(more) == 0 {
					continue
				}
				if containers++; containers > most {
					out.add(s.WorkloadOf(p), read)
					continue
				}
				wanted, read[s.WorkloadOf(p)] = append(wanted, more...), true
			}
		}
	}
	return wanted, out
}

// LeftOut is of what no log is read, for there are too many.
type LeftOut struct {
	Containers int
	Whole      []incident.Object // workloads of which no log is read at all
	Partly     []incident.Object // workloads of which some logs are read
}

func (l *LeftOut) add(workload incident.Object, read map[incident.Object]bool) {
	l.Containers++
	list := &l.Whole
	if read[workload] {
		list = &l.Partly
	}
	if !slices.Contains(*list, workload) {
		*list = append(*list, workload)
	}
}

// InTurns orders pods so that no workload of many stands before another: the first pod of each workload, then the second of each, and then
// the others as they are.
func (s *Snapshot) InTurns(pods []*corev1.Pod) []*corev1.Pod {
	var turns [LogsOfWorkload + 1][]*corev1.Pod
	taken := map[incident.Object]int{}
	for _, p := range pods {
		w := s.WorkloadOf(p)
		turn := min(taken[w], LogsOfWorkload)
		taken[w]++
		turns[turn] = append(turns[turn], p)
	}
	return slices.Concat(turns[:]...)
}

// answersNames says whether a pod is one of the cluster's DNS, by the label that its Service selects.
func answersNames(p *corev1.Pod) bool {
	return p.Namespace == metav1.NamespaceSystem && p.Labels["k8s-app"] == "kube-dns" && p.Status.Phase == corev1.PodRunning
}

// worthReading says whether the log of a container's current and of its previous instance is likely to tell something. A container that
// waits for its next start still answers with the log of the instance that crashed.
func worthReading(c *corev1.ContainerStatus, now time.Time) (current, previous bool) {
	const lately = 2 * time.Hour
	last := c.LastTerminationState.Terminated
	switch {
	case c.State.Waiting != nil:
		return last != nil, false
	case c.State.Terminated != nil:
		return c.State.Terminated.ExitCode != 0, false
	case c.RestartCount > 0 && last != nil && now.Sub(last.FinishedAt.Time) < lately:
		return !c.Ready, true
	}
	return c.State.Running != nil && !c.Ready && now.Sub(c.State.Running.StartedAt.Time) > 30*time.Second, false
}

// noLog is how a kubelet says, in place of a log, that the runtime has removed it (pkg/kubelet/kuberuntime/kuberuntime_container.go).
const noLog = "unable to retrieve container logs for "

// LogTail returns what is kept of a log: its last LogLines lines, of these the last keep bytes from the beginning of a line if there is
// one, as valid UTF-8. What a kubelet says in place of a log is none.
func LogTail(log []byte, keep int) string {
	if bytes.HasPrefix(log, []byte(noLog)) && bytes.Count(log, []byte("\n")) <= 1 {
		return ""
	}
	end := len(bytes.TrimSuffix(log, []byte("\n")))
	for i, lines := end-1, 0; i >= 0; i-- {
		if log[i] != '\n' {
			continue
		}
		if lines++; lines == LogLines {
			log = log[i+1:]
			break
		}
	}
	if extra := len(log) - keep; extra > 0 {
		log = log[extra:]
		if i := bytes.IndexByte(log, '\n'); i >= 0 && i < len(log)-1 {
			log = log[i+1:]
		}
	}
	return strings.ToValidUTF8(string(log), "\uFFFD")
}
