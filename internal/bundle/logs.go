package bundle

import (
	"context"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// logs reads the logs that a look at the cluster would read, and those that its findings ask for, side by side.
func (c *capture) logs(ctx context.Context) error {
	s, err := c.bundle.Snapshot()
	if err != nil {
		return err
	}
	trouble := logTrouble{}
	var g errgroup.Group
	g.SetLimit(c.options.Concurrency)
	for _, w := range slices.Concat(s.LogsWanted(), c.options.Logs) {
		g.Go(func() error {
			data, err := c.log(ctx, w)
			c.mu.Lock()
			defer c.mu.Unlock()
			switch {
			case err == nil:
				r := &redact.Walker{Text: c.options.Redact}
				c.bundle.Logs[keyOf(w)] = []byte(r.String(snapshot.LogTail(data, w.Bytes)))
				c.bundle.Manifest.Redactions += r.Count
			case w.Previous && apierrors.IsBadRequest(err):
				// "previous terminated container not found": its log was already thrown away.
			case w.Well:
			default:
				trouble.add(w, err.Error())
			}
			return nil
		})
	}
	_ = g.Wait() // what could not be read is recorded above
	c.bundle.Manifest.NotSeen = append(c.bundle.Manifest.NotSeen, trouble.notSeen()...)
	return nil
}

func keyOf(w snapshot.LogWanted) LogKey {
	return LogKey{Namespace: w.Pod.Namespace, Pod: w.Pod.Name, Container: w.Container, Previous: w.Previous}
}

// logTrouble gathers why logs could not be read, by node: it is most often the node that has the trouble.
type logTrouble map[string]*struct {
	count int
	why   string
}

func (t logTrouble) add(w snapshot.LogWanted, why string) {
	node := w.Pod.Spec.NodeName
	if t[node] == nil {
		t[node] = &struct {
			count int
			why   string
		}{}
	}
	t[node].count++
	if t[node].why == "" || why < t[node].why {
		t[node].why = why
	}
}

func (t logTrouble) notSeen() []NotSeen {
	var out []NotSeen
	for node, n := range t {
		out = append(out, NotSeen{
			What: incident.LogsOf(n.count) + " on " + node, Why: n.why, Resources: []incident.Resource{incident.PodLogs},
			Where: incident.Object{Kind: "Node", Name: node},
		})
	}
	return out
}

// log reads a log's end. The API's limitBytes keeps the beginning of what it is given, so the bytes are bounded here.
func (c *capture) log(ctx context.Context, w snapshot.LogWanted) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, logTimeout)
	defer cancel()
	lines := int64(snapshot.LogLines)
	r, err := c.typed.CoreV1().Pods(w.Pod.Namespace).GetLogs(w.Pod.Name, &corev1.PodLogOptions{
		Container: w.Container, Previous: w.Previous, TailLines: &lines,
	}).Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return tail(r, 2*snapshot.LogBytes)
}

// tail reads to the end and returns the last limit bytes.
func tail(r io.Reader, limit int) ([]byte, error) {
	var kept []byte
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		kept = append(kept, buf[:n]...)
		if extra := len(kept) - limit; extra > 0 {
			kept = append(kept[:0], kept[extra:]...)
		}
		if err == io.EOF {
			return kept, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
