// Package served is the cluster of the steps' conformance suite as an API server in this process: what is done to it goes over HTTP,
// through the writer that serve uses, is validated, tried out and told of as Kubernetes does.
package served

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cluster/write"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Node and Namespace are what there is at first.
const (
	Node      = "leveling-pc"
	Namespace = "recovery-test"
)

// API is an API server with one node and one namespace. Make it with [New]; it is safe for concurrent use.
type API struct {
	URL    string
	server *bundle.Server

	mu      sync.Mutex
	writes  []string
	forbids func(bundle.Attributes) bool
}

// New serves an API until the test ends. around, if not nil, is put around its handler; what is set up does not pass it.
func New(t *testing.T, around func(http.Handler) http.Handler) *API {
	t.Helper()
	a := &API{}
	empty := &bundle.Bundle{Manifest: bundle.Manifest{CapturedAt: time.Now()},
		Objects: map[schema.GroupVersionResource][]unstructured.Unstructured{}}
	for _, name := range snapshot.ServedKinds() {
		k, _ := snapshot.ServedAs(name)
		empty.Objects[k.GroupVersionResource] = nil
		empty.Manifest.Kinds = append(empty.Manifest.Kinds, bundle.Count{Kind: bundle.Kind{Group: k.Group, Version: k.Version,
			Resource: k.Resource, Kind: name, Namespaced: k.Namespaced}})
	}
	a.server = bundle.NewServer(empty, bundle.ServerOptions{Authorize: a.authorize,
		OnWrite: func(_ context.Context, w bundle.Write) {
			o := w.After
			if o == nil {
				o = w.Before
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			a.writes = append(a.writes, fmt.Sprintf("%s %s as %s", w.Verb,
				incident.Object{Kind: w.Kind.Kind, Namespace: o.GetNamespace(), Name: o.GetName()}, w.User.Name))
		}})
	t.Cleanup(a.server.Close)
	var h http.Handler = a.server
	if around != nil {
		h = around(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	a.URL = s.URL
	a.Put(t, incident.Object{Kind: "Node", Name: Node}, map[string]any{"apiVersion": "v1", "spec": map[string]any{}})
	a.Put(t, incident.Object{Kind: "Namespace", Name: Namespace}, map[string]any{"apiVersion": "v1"})
	return a
}

// authorize lets the bot do everything, and people what is not forbidden to them.
func (a *API) authorize(at bundle.Attributes) (bool, string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.forbids != nil && a.forbids(at) {
		return false, "it was withdrawn"
	}
	return true, ""
}

// Forbid takes from all what the function says.
func (a *API) Forbid(what func(bundle.Attributes) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forbids = what
}

// Writes are the changes that requests have made since they were last forgotten, in order.
func (a *API) Writes() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.writes)
}

// Forget forgets the changes so far.
func (a *API) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.writes = nil
}

// World is the cluster as the suite takes it, with blobs in memory; ada may do everything, and ben too.
func (a *API) World(t *testing.T) steptest.World {
	t.Helper()
	client, err := write.New(&rest.Config{Host: a.URL})
	if err != nil {
		t.Fatal(err)
	}
	reader, err := client.Reader()
	if err != nil {
		t.Fatal(err)
	}
	m := &steptest.Memory{}
	return steptest.World{Namespace: Namespace, Node: Node, May: incident.Identity{User: "ada"}, MayNot: incident.Identity{User: "ben"},
		Put: a.Put, Delete: a.Delete, Options: recovery.Options{Reader: reader, Blobs: m, LastGood: m, Now: time.Now,
			WriterFor: func(as incident.Identity) (recovery.Writer, error) { return client.WriterFor(as) }}}
}

// Put makes an object or replaces it, as somebody else would who may also set what the API server alone sets.
func (a *API) Put(t *testing.T, o incident.Object, object map[string]any) {
	t.Helper()
	raw, err := json.Marshal(object)
	u := &unstructured.Unstructured{}
	if err == nil {
		err = json.Unmarshal(raw, &u.Object)
	}
	if err != nil {
		t.Fatal(err)
	}
	u.SetKind(o.Kind)
	u.SetName(o.Name)
	u.SetNamespace(o.Namespace)
	old := a.get(o)
	path, verb := a.path(t, o), http.MethodPut
	if old == nil {
		path, verb = path[:strings.LastIndex(path, "/")], http.MethodPost
	}
	a.ask(t, verb, path, u.Object)
	status, deleted := object["status"], u.GetDeletionTimestamp()
	if status == nil && deleted == nil {
		return
	}
	now := a.get(o).DeepCopy()
	now.SetDeletionTimestamp(deleted)
	if status != nil {
		now.Object["status"] = status
	}
	if err := a.server.Set(now); err != nil {
		t.Fatal(err)
	}
}

// Delete removes an object, if it is there, whatever holds it.
func (a *API) Delete(t *testing.T, o incident.Object) {
	t.Helper()
	k, _ := snapshot.ServedAs(o.Kind)
	a.server.Delete(k.GroupVersionResource, o.Namespace, o.Name)
}

// Get is an object as it is, nil if there is none.
func (a *API) Get(o incident.Object) map[string]any {
	if u := a.get(o); u != nil {
		return u.DeepCopy().Object
	}
	return nil
}

func (a *API) get(o incident.Object) *unstructured.Unstructured {
	k, _ := snapshot.ServedAs(o.Kind)
	return a.server.Get(k.GroupVersionResource, o.Namespace, o.Name)
}

func (a *API) path(t *testing.T, o incident.Object) string {
	t.Helper()
	k, ok := snapshot.ServedAs(o.Kind)
	if !ok {
		t.Fatalf("%s is not served", o)
	}
	p := "/apis/" + k.Group + "/" + k.Version
	if k.Group == "" {
		p = "/api/" + k.Version
	}
	if o.Namespace != "" {
		p += "/namespaces/" + o.Namespace
	}
	return p + "/" + k.Resource + "/" + o.Name
}

// ask sends a request past whatever is around the handler.
func (a *API) ask(t *testing.T, verb, path string, body map[string]any) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(verb, "http://127.0.0.1"+path, bytes.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	a.server.ServeHTTP(w, r)
	if w.Code >= http.StatusBadRequest {
		text, _ := io.ReadAll(w.Body)
		t.Fatalf("%s %s: %d %s", verb, path, w.Code, text)
	}
}
