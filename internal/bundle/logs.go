package bundle

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var podsGVR = corev1.SchemeGroupVersion.WithResource("pods")

// FailingContainers names the logs that tell why containers fail: for every container that waits in a crash loop, ended with an error
// or was restarted, the current log and, where there was an instance before, the previous one.
func FailingContainers(pods []unstructured.Unstructured) []LogKey {
	var keys []LogKey
	for _, pod := range pods {
		for _, field := range []string{"initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"} {
			statuses, _, _ := unstructured.NestedSlice(pod.Object, "status", field)
			for _, s := range statuses {
				status, ok := s.(map[string]any)
				if !ok {
					continue
				}
				name, _ := status["name"].(string)
				restarts, _ := status["restartCount"].(int64)
				waiting, _, _ := unstructured.NestedString(status, "state", "waiting", "reason")
				exit, _, _ := unstructured.NestedInt64(status, "state", "terminated", "exitCode")
				if name == "" || waiting != "CrashLoopBackOff" && exit == 0 && restarts == 0 {
					continue
				}
				key := LogKey{Namespace: pod.GetNamespace(), Pod: pod.GetName(), Container: name}
				keys = append(keys, key)
				if restarts > 0 {
					key.Previous = true
					keys = append(keys, key)
				}
			}
		}
	}
	return keys
}

// logs reads what LogsOf asks for, side by side.
func (c *capture) logs(ctx context.Context) {
	keys := slices.Clone(c.options.LogsOf(c.bundle.List(podsGVR)))
	if n := len(keys) - c.options.MaxLogs; n > 0 {
		keys = keys[:c.options.MaxLogs]
		c.notSeen(NotSeen{What: "logs", Why: fmt.Sprintf("%d more than the %d that are read at most", n, c.options.MaxLogs)})
	}
	var g errgroup.Group
	g.SetLimit(c.options.Concurrency)
	for _, key := range keys {
		g.Go(func() error {
			data, err := c.log(ctx, key)
			switch {
			case err == nil:
				r := &redactor{redact: c.options.Redact}
				text := r.text(string(data))
				c.mu.Lock()
				defer c.mu.Unlock()
				c.bundle.Logs[key] = []byte(text)
				c.bundle.Manifest.Redactions += r.count
			case key.Previous && apierrors.IsBadRequest(err):
				// "previous terminated container not found": its log was already thrown away.
			default:
				c.notSeen(NotSeen{What: logName(key), Why: err.Error()})
			}
			return nil
		})
	}
	_ = g.Wait() // what could not be read is recorded above
}

func (c *capture) notSeen(n NotSeen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bundle.Manifest.NotSeen = append(c.bundle.Manifest.NotSeen, n)
}

// log reads a log's end. The API's limitBytes keeps the beginning of what it is given, so the bytes are bounded here.
func (c *capture) log(ctx context.Context, key LogKey) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, logTimeout)
	defer cancel()
	r, err := c.typed.CoreV1().Pods(key.Namespace).GetLogs(key.Pod, &corev1.PodLogOptions{
		Container: key.Container, Previous: key.Previous, TailLines: &c.options.MaxLogLines,
	}).Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return tail(r, c.options.MaxLogBytes)
}

// tail reads to the end and returns the last limit bytes, from the beginning of a line if there is one.
func tail(r io.Reader, limit int) ([]byte, error) {
	var kept []byte
	cut := false
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		kept = append(kept, buf[:n]...)
		if extra := len(kept) - limit; extra > 0 {
			kept, cut = append(kept[:0], kept[extra:]...), true
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if i := bytes.IndexByte(kept, '\n'); cut && i >= 0 && i < len(kept)-1 {
		kept = kept[i+1:]
	}
	return kept, nil
}
