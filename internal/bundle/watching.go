package bundle

import (
	"net/http"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

// watchTimeout is how long a watch lasts that does not say itself: the API server's own minimum.
const watchTimeout = 30 * time.Minute

// watch streams the kind's changes. A watcher is no more than a position in the history, so a slow one costs nothing and is told to
// list again once it has fallen behind what is remembered.
func (s *Server) watch(w http.ResponseWriter, r *request) error {
	options, err := listOptions(r.URL.Query())
	if err != nil {
		return err
	}
	selects, err := selectorOf(r.kind, options)
	if err != nil {
		return err
	}
	from, err := parseVersion(options.ResourceVersion)
	if err != nil {
		return err
	}
	now := s.world.list(r.gvr(), r.namespace)
	if from > now.version {
		return tooNew(from, now.version)
	}
	initial := options.SendInitialEvents != nil && *options.SendInitialEvents
	fresh := initial || from == 0 && options.SendInitialEvents == nil
	if options.SendInitialEvents != nil && !initial && from == 0 {
		from = now.version
	}
	if !fresh {
		if _, _, _, ok := s.world.since(r.gvr(), from); !ok {
			return expired(from, s.world.oldest())
		}
	}
	st := &stream{w: w, request: r, selects: selects, control: http.NewResponseController(w)}
	st.open()
	if fresh {
		from = now.version
		for _, rec := range now.records {
			if selects(rec) && !st.send(watch.Added, rec) {
				return nil
			}
		}
		if initial && options.AllowWatchBookmarks && !st.bookmark(from, map[string]any{metav1.InitialEventsAnnotationKey: "true"}) {
			return nil
		}
	}
	timeout := watchTimeout
	if options.TimeoutSeconds != nil && *options.TimeoutSeconds > 0 {
		timeout = min(time.Duration(*options.TimeoutSeconds)*time.Second, 24*time.Hour)
	}
	s.follow(st, from, timeout, options.AllowWatchBookmarks)
	return nil
}

// follow sends what happens after a version until somebody has had enough.
func (s *Server) follow(st *stream, from uint64, timeout time.Duration, bookmarks bool) {
	end := time.NewTimer(timeout)
	defer end.Stop()
	bookmark := time.NewTicker(s.options.BookmarkEvery)
	defer bookmark.Stop()
	for {
		changes, upTo, more, ok := s.world.since(st.request.gvr(), from)
		if !ok {
			st.fail(expired(from, s.world.oldest()))
			return
		}
		for _, c := range changes {
			if !st.change(c) {
				return
			}
		}
		from = upTo
		if !st.flush() {
			return
		}
		select {
		case <-more:
			continue
		case <-bookmark.C:
			if bookmarks && !st.bookmark(from, nil) {
				return
			}
		case <-end.C:
			if bookmarks {
				st.bookmark(from, nil) // so that the next watch starts late
			}
			return
		case <-st.request.Context().Done():
			return
		case <-s.done:
			return
		}
	}
}

func (w *world) oldest() uint64 {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.dropped
}

// stream is the answer to a watch. Its methods return false once the client is gone.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	request *request
	selects func(*record) bool
}

func (st *stream) open() {
	contentType := string(st.request.media)
	if st.request.media == inProtobuf {
		contentType += ";stream=watch"
	}
	st.w.Header().Set("Content-Type", contentType)
	st.w.Header().Set("Cache-Control", "no-cache, private")
	st.w.WriteHeader(http.StatusOK)
	st.flush()
}

func (st *stream) flush() bool { return st.control.Flush() == nil }

// change sends what a change looks like through the selector: an object can come into view or leave it.
func (st *stream) change(c change) bool {
	if ns := st.request.namespace; ns != "" && c.record.object.GetNamespace() != ns {
		return true
	}
	was := c.before != nil && st.selects(c.before)
	is := c.event != watch.Deleted && st.selects(c.record)
	switch {
	case was && is:
		return st.send(watch.Modified, c.record)
	case is:
		return st.send(watch.Added, c.record)
	case was && c.event == watch.Deleted:
		return st.send(watch.Deleted, c.record)
	case was: // it is shown as it was when it was last in view, under the new version
		return st.send(watch.Deleted, versioned(c.before, c.version))
	}
	return true
}

func (st *stream) send(event watch.EventType, r *record) bool {
	data, err := st.request.media.encodeRecord(r)
	if err != nil {
		st.fail(err)
		return false
	}
	return st.raw(event, data)
}

// bookmark tells the client up to which version it has seen everything.
func (st *stream) bookmark(version uint64, annotations map[string]any) bool {
	meta := map[string]any{"resourceVersion": strconv.FormatUint(version, 10)}
	if annotations != nil {
		meta["annotations"] = annotations
	}
	gv, kind := st.request.kind.GVK().ToAPIVersionAndKind()
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": gv, "kind": kind, "metadata": meta}}
	return st.send(watch.Bookmark, newRecord(o)) && st.flush()
}

// fail ends the stream with an error event.
func (st *stream) fail(err error) {
	status := asStatus(err).Status()
	if data, err := st.request.media.encode(&status); err == nil {
		st.raw(watch.Error, data)
		st.flush()
	}
}

func (st *stream) raw(event watch.EventType, object []byte) bool {
	data, err := st.request.media.frame(event, object)
	if err != nil {
		return false
	}
	_, err = st.w.Write(data)
	return err == nil
}
