package bundle

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
)

// ServerOptions says how a bundle is served. The zero value serves it to anybody on this machine, with all rights, times moved to now.
type ServerOptions struct {
	// KeepTimes serves times as they were captured. Otherwise they are moved so that the capture's moment is now: at the start, and at
	// each Transition.
	KeepTimes bool
	// Users are known by their bearer tokens. Without any, no token is needed and everyone is "admin": then only requests to localhost or a
	// loopback address are answered.
	Users map[string]User
	// Authorize decides who may do what; nil allows everything.
	Authorize Authorizer
	// OnWrite, if set, is told of every change that a request made, before the request is answered. It runs without a lock, in the
	// request's goroutine, and may call the Server's methods.
	OnWrite func(context.Context, Write)
	// History is how many changes are remembered for watches; 0 means 10,000. A watch that is further behind must list again.
	History int
	// BookmarkEvery is how often an idle watch is told the newest resourceVersion; 0 means a minute.
	BookmarkEvery time.Duration

	Now    func() time.Time // nil means time.Now
	NewUID func() types.UID // nil means random ones
}

// Write is a change that a request made.
type Write struct {
	Verb   string // create, update, patch or delete
	User   User
	Kind   Kind
	Before *unstructured.Unstructured // nil after create; not to be changed
	After  *unstructured.Unstructured // nil after delete; not to be changed
}

// Server serves a bundle's objects as a Kubernetes API, by HTTP on whatever listener it is given. It is safe for concurrent use.
type Server struct {
	options ServerOptions
	world   *world
	close   func()
	done    chan struct{}

	moving  sync.Mutex // one Transition at a time
	version string     // as in v1.36.3
	beating beating
}

// NewServer returns a Server whose state is the bundle's. It takes b's objects over: they must not be changed any more.
func NewServer(b *Bundle, o ServerOptions) *Server {
	o.History = cmp.Or(o.History, 10_000)
	o.BookmarkEvery = cmp.Or(o.BookmarkEvery, time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewUID == nil {
		o.NewUID = uuid.NewUUID
	}
	done := make(chan struct{})
	s := &Server{
		options: o, world: newWorld(o.History), done: done, close: sync.OnceFunc(func() { close(done) }),
		version: cmp.Or(b.Manifest.Cluster.ServerVersion, "v0.0.0"),
	}
	served := slices.Clone(kinds)
	for gvr := range b.Objects {
		if k := b.kindOf(gvr); !slices.ContainsFunc(served, func(s Kind) bool { return s.GVR() == gvr }) && k.Kind != "" {
			served = append(served, k)
		}
	}
	m := s.moved(b)
	s.world.load(served, m.records)
	s.world.logs = m.logs
	s.beating = m.beating
	return s
}

// Close ends all watches; requests after it are still answered.
func (s *Server) Close() { s.close() }

// request is a request for a resource, understood.
type request struct {
	*http.Request
	user      User
	verb      string
	kind      Kind
	namespace string
	name      string
	sub       string // subresource
	media     media  // what to answer in
}

func (r *request) gvr() schema.GroupVersionResource { return r.kind.GVR() }
func (r *request) resource() schema.GroupResource   { return r.kind.GVR().GroupResource() }

// key is the objectKey of the object asked for.
func (r *request) key() string {
	if r.namespace == "" {
		return r.name
	}
	return r.namespace + "/" + r.name
}

func (r *request) attributes() Attributes {
	resource := r.kind.Resource
	if r.sub != "" {
		resource += "/" + r.sub
	}
	return Attributes{User: r.user, Verb: r.verb, Group: r.kind.Group, Resource: resource, Namespace: r.namespace, Name: r.name}
}

// maxBody is Kubernetes' own limit for a request's body.
const maxBody = 3 << 20

// ServeHTTP answers a request of the Kubernetes API.
func (s *Server) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	hr.Body = http.MaxBytesReader(w, hr.Body, maxBody)
	err := s.stranger(hr)
	if err == nil {
		err = s.serve(w, hr)
	}
	if err != nil {
		writeError(w, negotiate(hr.Header.Get("Accept"), true), err)
	}
}

func (s *Server) serve(w http.ResponseWriter, hr *http.Request) error {
	user, err := s.user(hr)
	if err != nil {
		return err
	}
	parts := strings.Split(strings.Trim(hr.URL.Path, "/"), "/")
	if done, err := s.serveDiscovery(w, hr, parts); done || err != nil {
		return err
	}
	if done, err := s.serveReview(w, hr, parts, user); done || err != nil {
		return err
	}
	r, err := s.route(hr, parts)
	if err != nil {
		return err
	}
	r.user = user
	if err := s.authorize(r.attributes()); err != nil {
		return err
	}
	return s.dispatch(w, r)
}

var errNoSuchPath = &apierrors.StatusError{ErrStatus: statusOf(http.StatusNotFound, "NotFound",
	"the server could not find the requested resource")}

// route understands /api/v1/… and /apis/group/version/….
func (s *Server) route(hr *http.Request, parts []string) (*request, error) {
	gv := schema.GroupVersion{}
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		gv.Version, parts = parts[1], parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		gv.Group, gv.Version, parts = parts[1], parts[2], parts[3:]
	default:
		return nil, errNoSuchPath
	}
	r := &request{Request: hr}
	// /namespaces/x/pods is within a namespace; /namespaces/x and its own subresources are about one.
	if parts[0] == "namespaces" && len(parts) >= 3 && parts[2] != "status" && parts[2] != "finalize" {
		r.namespace, parts = parts[1], parts[2:]
	}
	res := s.world.resources[gv.WithResource(parts[0])] // the map of resources never changes once loaded
	if res == nil || len(parts) > 3 || slices.Contains(parts, "") {
		return nil, errNoSuchPath
	}
	r.kind = res.kind
	if len(parts) > 1 {
		r.name = parts[1]
	}
	if len(parts) > 2 {
		r.sub = parts[2]
	}
	if r.namespace != "" && !r.kind.Namespaced || r.namespace == "" && r.kind.Namespaced && r.name != "" {
		return nil, errNoSuchPath
	}
	r.verb = verbOf(hr, r.name)
	r.media = negotiate(hr.Header.Get("Accept"), r.kind.builtIn())
	return r, nil
}

func verbOf(hr *http.Request, name string) string {
	switch hr.Method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if name == "" {
			return "deletecollection"
		}
		return "delete"
	}
	switch watch := hr.URL.Query().Get("watch"); {
	case name != "":
		return "get"
	case watch == "true" || watch == "1":
		return "watch"
	}
	return "list"
}

// dispatch calls the handler for a request that is allowed.
func (s *Server) dispatch(w http.ResponseWriter, r *request) error {
	type what struct{ sub, verb string }
	handlers := map[what]func(http.ResponseWriter, *request) error{
		{"", "get"}: s.get, {"", "list"}: s.list, {"", "watch"}: s.watch,
		{"", "create"}: s.create, {"", "update"}: s.update, {"", "patch"}: s.patch, {"", "delete"}: s.delete,
	}
	if r.kind.hasStatus() {
		handlers[what{"status", "get"}], handlers[what{"status", "update"}], handlers[what{"status", "patch"}] = s.get, s.update, s.patch
	}
	if r.kind.scale {
		handlers[what{"scale", "get"}], handlers[what{"scale", "update"}], handlers[what{"scale", "patch"}] = s.getScale, s.changeScale,
			s.changeScale
	}
	if r.gvr() == podsGVR {
		handlers[what{"log", "get"}], handlers[what{"eviction", "create"}] = s.podLog, s.evict
	}
	known := false
	for k := range handlers {
		known = known || k.sub == r.sub
	}
	h := handlers[what{r.sub, r.verb}]
	switch {
	case !known:
		return errNoSuchPath
	case h == nil, r.verb == "create" && r.sub == "" && r.name != "", (r.verb == "update" || r.verb == "patch") && r.name == "":
		return apierrors.NewMethodNotSupported(r.resource(), r.verb)
	}
	return h(w, r)
}

// asStatus finds the API's own words in an error; any other error is the server's fault.
func asStatus(err error) apierrors.APIStatus {
	var status apierrors.APIStatus
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &status):
		return status
	case errors.As(err, &tooLarge):
		return apierrors.NewRequestEntityTooLargeError("the body is larger than 3 MiB")
	}
	return apierrors.NewInternalError(err)
}
