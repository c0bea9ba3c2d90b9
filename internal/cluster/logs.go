package cluster

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on reading logs side by side; what of each is kept is the snapshot's to say.
const (
	logsAtOnce = 24
	logsWithin = 2 * time.Second
	closely    = 5 * time.Second // of those read where something is presumed to be ill
	logRead    = 512 << 10       // bytes of one log's last lines, of which the end is kept
)

// LookCloser reads more logs of what a look has shown and adds them to the Snapshot, which is to be indexed again, with what of them could
// not be seen. Redact is applied to their lines; nil: as they are. It changes nothing in the cluster, and ends within seconds.
func (r *Reader) LookCloser(ctx context.Context, s *snapshot.Snapshot, wanted []snapshot.LogWanted, redact func(string) string) {
	ctx, cancel := context.WithTimeout(ctx, closely)
	defer cancel()
	var panicked failures
	logs, blind, refused := r.read(ctx, wanted, redact, &panicked)
	if late := len(wanted) - len(logs) - refused; ctx.Err() != nil && late > 0 {
		blind = append(blind, incident.NotSeen{What: incident.LogsOf(late) + wellWhich(late),
			Why: fmt.Sprintf("they could not be read within %s", closely)})
	}
	s.Logs, s.NotSeen = append(s.Logs, logs...), append(s.NotSeen, blind...)
	panicked.tell(s)
}

func (r *Reader) logs(ctx context.Context, s *snapshot.Snapshot, redact func(string) string, panicked *failures) ([]snapshot.Log,
	[]incident.NotSeen) {
	ctx, cancel := context.WithTimeout(ctx, logsWithin)
	defer cancel()
	logs, blind, _ := r.read(ctx, s.LogsWanted(), redact, panicked)
	return logs, blind
}

// read reads logs side by side. Refused is how many could not be read of what looks well, but for want of time.
func (r *Reader) read(ctx context.Context, wanted []snapshot.LogWanted, redact func(string) string,
	panicked *failures) (logs []snapshot.Log, blind []incident.NotSeen, refused int) {
	var (
		mu     sync.Mutex
		failed = lostLogs{}
		well   = map[string]int{} // by why
		g      errgroup.Group
	)
	g.SetLimit(logsAtOnce)
	for _, w := range wanted {
		read := func() {
			text, err := r.tail(ctx, w)
			if err == nil && redact != nil {
				text = redact(text)
			}
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil && w.Well:
				if ctx.Err() != nil {
					return
				}
				if refused++; w.Asked && (!w.Previous || !apierrors.IsBadRequest(err) && !apierrors.IsNotFound(err)) {
					well[wellTrouble(err)]++ // that the log of an instance before was thrown away is no trouble
				}
			case err != nil:
				failed.add(w, err)
			default:
				logs = append(logs, snapshot.Log{Namespace: w.Pod.Namespace, Pod: w.Pod.Name, Container: w.Container, Previous: w.Previous, Text: text})
			}
		}
		panicked.start(&g, read, "log of "+w.Container+" in "+w.Pod.Namespace+"/"+w.Pod.Name, incident.PodLogs)
	}
	_ = g.Wait()                   // errors are counted above
	for trouble, n := range well { // it hides nothing that is judged by, and switches nothing off
		blind = append(blind, incident.NotSeen{What: incident.LogsOf(n) + wellWhich(n), Why: trouble})
	}
	for _, n := range failed {
		blind = append(blind, *n)
	}
	return logs, blind, refused
}

// wellWhich says of n containers which they are.
func wellWhich(n int) string {
	if n == 1 {
		return " that looks well"
	}
	return " that look well"
}

// lostLogs are notes of logs that could not be read, by node and whether they are gone.
type lostLogs map[lostOn]*incident.NotSeen

type lostOn struct {
	node string
	gone bool
}

func (l lostLogs) add(w snapshot.LogWanted, err error) {
	at := lostOn{w.Pod.Spec.NodeName, apierrors.IsNotFound(err)}
	n := l[at]
	if n == nil {
		n = &incident.NotSeen{Resources: []incident.Resource{incident.PodLogs}, Where: incident.Object{Kind: "Node", Name: at.node},
			Gone: at.gone}
		l[at] = n
	}
	n.Count++
	n.What, n.Why = incident.LogsOf(n.Count)+" on "+at.node, logTrouble(err)
	if len(n.Of) < incident.MostOf {
		n.Of = append(n.Of, snapshot.ObjectOf("Pod", w.Pod.Namespace, w.Pod.Name))
		slices.SortFunc(n.Of, incident.Object.Compare)
	}
}

func (r *Reader) tail(ctx context.Context, w snapshot.LogWanted) (string, error) {
	lines, most := int64(snapshot.LogLines), int64(logRead)
	stream, err := r.core.CoreV1().Pods(w.Pod.Namespace).GetLogs(w.Pod.Name,
		&corev1.PodLogOptions{Container: w.Container, Previous: w.Previous, TailLines: &lines, LimitBytes: &most}).Stream(ctx)
	if err != nil {
		return "", err
	}
	defer stream.Close()
	b, err := io.ReadAll(io.LimitReader(stream, most))
	if err != nil {
		return "", err
	}
	return snapshot.LogTail(b, w.Bytes), nil
}

func logTrouble(err error) string {
	if apierrors.IsNotFound(err) {
		return "there is no log any more"
	}
	return clip.Bytes(why(err), 203)
}

// wellTrouble is why a log could not be read, in words that name no pod, so that each reason is told once.
func wellTrouble(err error) string {
	switch reason := apierrors.ReasonForError(err); {
	case apierrors.IsForbidden(err):
		return "forbidden: grant the bot get on pods/log (deploy/kubernetes/rbac.yaml)"
	case apierrors.IsNotFound(err):
		return "there is no log any more"
	case reason != metav1.StatusReasonUnknown:
		return "the API server refuses them: " + string(reason)
	}
	return "they could not be read"
}
