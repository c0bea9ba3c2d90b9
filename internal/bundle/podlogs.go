package bundle

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// defaultContainer names the container that kubectl means when it is not told.
const defaultContainer = "kubectl.kubernetes.io/default-container"

// podLog answers with a log as it was captured. It cannot be followed, and lines have no times of their own: follow, timestamps,
// sinceSeconds and sinceTime change nothing.
func (s *Server) podLog(w http.ResponseWriter, r *request) error {
	o, err := logOptions(r.URL.Query())
	if err != nil {
		return err
	}
	rec := s.world.get(r.gvr(), r.key())
	if rec == nil {
		return apierrors.NewNotFound(r.resource(), r.name)
	}
	container, err := containerOf(rec.object, o.Container)
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	data, ok := s.Log(LogKey{Namespace: r.namespace, Pod: r.name, Container: container, Previous: o.Previous})
	switch {
	case !ok && o.Previous:
		return apierrors.NewBadRequest(fmt.Sprintf("previous terminated container %q in pod %q not found", container, r.name))
	case !ok:
		return &apierrors.StatusError{ErrStatus: statusOf(http.StatusNotFound, "NotFound",
			fmt.Sprintf("the bundle holds no log of container %q in pod %q", container, r.name))}
	}
	if o.TailLines != nil {
		data = lastLines(data, *o.TailLines)
	}
	if o.LimitBytes != nil && int64(len(data)) > *o.LimitBytes {
		data = data[:*o.LimitBytes]
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write(data) // who has hung up needs no answer
	return nil
}

// logOptions reads the part of the query that matters here.
func logOptions(query url.Values) (corev1.PodLogOptions, error) {
	o := corev1.PodLogOptions{Container: query.Get("container")}
	if v := query.Get("previous"); v != "" {
		previous, err := strconv.ParseBool(v)
		if err != nil {
			return o, apierrors.NewBadRequest(fmt.Sprintf("previous: Invalid value: %q", v))
		}
		o.Previous = previous
	}
	for name, field := range map[string]**int64{"tailLines": &o.TailLines, "limitBytes": &o.LimitBytes} {
		v := query.Get(name)
		if v == "" {
			continue
		}
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 {
			return o, apierrors.NewBadRequest(fmt.Sprintf("%s: Invalid value: %q: must be greater than or equal to 0", name, v))
		}
		*field = &n
	}
	return o, nil
}

// containerOf returns the container that is meant, in the API server's words if that is not clear.
func containerOf(pod *unstructured.Unstructured, asked string) (string, error) {
	names := func(field string) []string {
		var names []string
		list, _, _ := unstructured.NestedSlice(pod.Object, "spec", field)
		for _, c := range list {
			if c, ok := c.(map[string]any); ok {
				names = append(names, fmt.Sprint(c["name"]))
			}
		}
		return names
	}
	main := names("containers")
	all := append(append(names("initContainers"), main...), names("ephemeralContainers")...)
	if asked == "" {
		asked = pod.GetAnnotations()[defaultContainer]
	}
	switch {
	case asked == "" && len(main) == 1:
		return main[0], nil
	case asked == "":
		return "", fmt.Errorf("a container name must be specified for pod %s, choose one of: [%s]", pod.GetName(), strings.Join(all, " "))
	}
	for _, name := range all {
		if name == asked {
			return asked, nil
		}
	}
	return "", fmt.Errorf("container %s is not valid for pod %s", asked, pod.GetName())
}

// lastLines returns the last n lines; a last line needs no line break.
func lastLines(data []byte, n int64) []byte {
	if n <= 0 {
		return nil
	}
	end := len(bytes.TrimSuffix(data, []byte("\n")))
	for i := end - 1; i >= 0; i-- {
		if data[i] != '\n' {
			continue
		}
		if n--; n == 0 {
			return data[i+1:]
		}
	}
	return data
}

// Log returns a container's log as it is served now. It must not be changed.
func (s *Server) Log(k LogKey) ([]byte, bool) {
	s.world.mu.RLock()
	defer s.world.mu.RUnlock()
	data, ok := s.world.logs[k]
	return data, ok
}

// SetLog replaces a container's log.
func (s *Server) SetLog(k LogKey, data []byte) {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	s.world.logs[k] = bytes.Clone(data)
}
