package cluster

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on reading logs: what a person would read of a crashed container, of a few pods of each workload, for the pods of one workload
// tend to fail alike.
const (
	logLines       = 60
	logBytes       = 16 << 10
	logsOfWorkload = 2
	logsMost       = 120
	logsAtOnce     = 24
	logsWithin     = 2 * time.Second
)

type logWanted struct {
	pod       *corev1.Pod
	container string
	previous  bool
}

// failingContainers lists whose logs are worth reading: containers that wait in a crash loop, ended badly, or were restarted lately, of at most
// two pods of each workload.
func failingContainers(s *snapshot.Snapshot) []logWanted {
	var out []logWanted
	taken := map[string]int{}
	for i := range s.Pods {
		p := &s.Pods[i]
		for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
			current, previous := worthReading(&c, s.At)
			if !current && !previous {
				continue
			}
			k := s.WorkloadOf(p).String() + " " + c.Name
			if taken[k]++; taken[k] > logsOfWorkload {
				continue
			}
			if current {
				out = append(out, logWanted{p, c.Name, false})
			}
			if previous {
				out = append(out, logWanted{p, c.Name, true})
			}
		}
	}
	return out[:min(len(out), logsMost)]
}

// worthReading says whether the log of a container's current and of its previous instance is likely to tell something. A container that waits
// for its next start still answers with the log of the instance that crashed.
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

func (r *Reader) logs(ctx context.Context, s *snapshot.Snapshot, redact func(string) string) ([]snapshot.Log, []incident.NotSeen) {
	ctx, cancel := context.WithTimeout(ctx, logsWithin)
	defer cancel()
	var (
		mu     sync.Mutex
		logs   []snapshot.Log
		failed = map[string]int{} // by node
		reason = map[string]string{}
		g      errgroup.Group
	)
	g.SetLimit(logsAtOnce)
	for _, w := range failingContainers(s) {
		g.Go(func() error {
			text, err := r.tail(ctx, w)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed[w.pod.Spec.NodeName]++
				reason[w.pod.Spec.NodeName] = logTrouble(err)
				return nil
			}
			if redact != nil {
				text = redact(text)
			}
			logs = append(logs, snapshot.Log{Namespace: w.pod.Namespace, Pod: w.pod.Name, Container: w.container, Previous: w.previous, Text: text})
			return nil
		})
	}
	_ = g.Wait() // errors are counted above
	var blind []incident.NotSeen
	for node, n := range failed {
		blind = append(blind, incident.NotSeen{What: fmt.Sprintf("logs of %d containers on %s", n, node), Why: reason[node]})
	}
	return logs, blind
}

func (r *Reader) tail(ctx context.Context, w logWanted) (string, error) {
	lines, most := int64(logLines), int64(logBytes)
	stream, err := r.core.CoreV1().Pods(w.pod.Namespace).GetLogs(w.pod.Name,
		&corev1.PodLogOptions{Container: w.container, Previous: w.previous, TailLines: &lines, LimitBytes: &most}).Stream(ctx)
	if err != nil {
		return "", err
	}
	defer stream.Close()
	b, err := io.ReadAll(io.LimitReader(stream, most))
	if err != nil {
		return "", err
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), nil
}

func logTrouble(err error) string {
	if s := why(err); len(s) <= 200 {
		return s
	}
	return why(err)[:200] + "…"
}
