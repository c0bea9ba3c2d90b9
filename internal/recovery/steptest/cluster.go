package steptest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

// Cluster is a small Kubernetes API in memory: objects as JSON, merge patches, dry-runs, conflicts, and users with rights. It reads as
// a recovery.Reader. Make it with [NewCluster]; it is safe for concurrent use.
type Cluster struct {
	// Allowed says what a user may do. Nil allows everything.
	Allowed func(as incident.Identity, r incident.Right) bool
	// Mutate, where set, changes what is written, as an admission webhook does; dry-runs included.
	Mutate func(o incident.Object, object map[string]any)
	// Guarded, where set, says which pods a PodDisruptionBudget keeps from being evicted.
	Guarded func(o incident.Object) bool
	// Fail, where set, is asked after a write whether its answer gets lost.
	Fail func() error

	mu      sync.Mutex
	objects map[incident.Object]map[string]any
	version int
	Writes  int // that changed something
}

// NewCluster returns an empty cluster.
func NewCluster() *Cluster { return &Cluster{objects: map[incident.Object]map[string]any{}} }

// Put creates or replaces an object. A new one gets a new UID.
func (c *Cluster) Put(o incident.Object, object map[string]any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var copied map[string]any
	mustJSON(encode(object), &copied)
	meta, _ := copied["metadata"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
		copied["metadata"] = meta
	}
	meta["name"] = o.Name
	if o.Namespace != "" {
		meta["namespace"] = o.Namespace
	}
	copied["kind"] = o.Kind
	if old, ok := c.objects[o]; ok {
		meta["uid"] = old["metadata"].(map[string]any)["uid"]
	}
	c.version++
	if meta["uid"] == nil {
		meta["uid"] = fmt.Sprintf("uid-%d", c.version)
	}
	meta["resourceVersion"] = strconv.Itoa(c.version)
	c.objects[o] = copied
}

// Delete removes an object.
func (c *Cluster) Delete(o incident.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.objects, o)
}

// Get is part of recovery.Reader.
func (c *Cluster) Get(_ context.Context, o incident.Object) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	object, ok := c.objects[o]
	if !ok {
		return nil, notFound(o)
	}
	return encode(object), nil
}

// List is part of recovery.Reader.
func (c *Cluster) List(_ context.Context, kind, namespace, selector string) ([]json.RawMessage, error) {
	sel, err := labels.Parse(selector)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []json.RawMessage
	for _, o := range slices.SortedFunc(maps.Keys(c.objects), incident.Object.Compare) {
		var meta struct{ Metadata metav1.ObjectMeta }
		mustJSON(encode(c.objects[o]), &meta)
		if o.Kind == kind && o.Namespace == namespace && sel.Matches(labels.Set(meta.Metadata.Labels)) {
			out = append(out, encode(c.objects[o]))
		}
	}
	return out, nil
}

// ToEvict is part of recovery.Reader: as kubectl drain does it, in short.
func (c *Cluster) ToEvict(_ context.Context, node string, alone, data bool) (pods []corev1.Pod, refused []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range slices.SortedFunc(maps.Keys(c.objects), incident.Object.Compare) {
		if o.Kind != "Pod" {
			continue
		}
		var p corev1.Pod
		mustJSON(encode(c.objects[o]), &p)
		owner := metav1.GetControllerOf(&p)
		switch {
		case p.Spec.NodeName != node, owner != nil && owner.Kind == "DaemonSet", p.Annotations[corev1.MirrorPodAnnotationKey] != "":
		case owner == nil && !alone:
			refused = append(refused, p.Namespace+"/"+p.Name+" declares no controller")
		case !data && slices.ContainsFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.EmptyDir != nil }):
			refused = append(refused, p.Namespace+"/"+p.Name+" has local storage")
		default:
			pods = append(pods, p)
		}
	}
	return pods, refused, nil
}

// WriterFor returns a writer that acts as the identity.
func (c *Cluster) WriterFor(as incident.Identity) (recovery.Writer, error) {
	if as.User == "" {
		return nil, fmt.Errorf("act on a cluster: no user")
	}
	return writer{c, as}, nil
}

type writer struct {
	c  *Cluster
	as incident.Identity
}

func (w writer) Can(_ context.Context, r incident.Right) (bool, string, error) {
	if w.c.Allowed != nil && !w.c.Allowed(w.as, r) {
		return false, fmt.Sprintf("%s may not %s %s", w.as.User, r.Verb, r.Resource), nil
	}
	return true, "", nil
}

func (w writer) Patch(_ context.Context, o incident.Object, patch []byte, dryRun bool) ([]byte, error) {
	c := w.c
	c.mu.Lock()
	defer c.mu.Unlock()
	old, ok := c.objects[o]
	if !ok {
		return nil, notFound(o)
	}
	merged, err := jsonpatch.MergePatch(encode(old), patch)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	var object map[string]any
	mustJSON(merged, &object)
	was, is := old["metadata"].(map[string]any), object["metadata"].(map[string]any)
	if was["uid"] != is["uid"] || was["resourceVersion"] != is["resourceVersion"] {
		return nil, apierrors.NewConflict(schema.GroupResource{Resource: o.Kind}, o.Name, fmt.Errorf("the object has been modified"))
	}
	if c.Mutate != nil {
		c.Mutate(o, object)
	}
	if dryRun || string(encode(object)) == string(encode(old)) {
		return encode(object), nil
	}
	c.version++
	c.Writes++
	is["resourceVersion"] = strconv.Itoa(c.version)
	c.objects[o] = object
	if c.Fail != nil {
		if err := c.Fail(); err != nil {
			return nil, err
		}
	}
	return encode(object), nil
}

func (w writer) Create(_ context.Context, o incident.Object, body []byte, dryRun bool) ([]byte, error) {
	c := w.c
	c.mu.Lock()
	_, there := c.objects[o]
	c.mu.Unlock()
	var object map[string]any
	mustJSON(body, &object)
	switch {
	case there:
		return nil, apierrors.NewAlreadyExists(schema.GroupResource{Resource: o.Kind}, o.Name)
	case c.Mutate != nil:
		c.Mutate(o, object)
	}
	if dryRun {
		return encode(object), nil
	}
	c.Put(o, object)
	return c.answer(encode(object))
}

func (w writer) Delete(_ context.Context, o incident.Object, uid, resourceVersion string, _, dryRun bool) error {
	c := w.c
	c.mu.Lock()
	old, there := c.objects[o]
	c.mu.Unlock()
	if !there {
		return notFound(o)
	}
	meta := old["metadata"].(map[string]any)
	if meta["uid"] != uid || resourceVersion != "" && meta["resourceVersion"] != resourceVersion {
		return apierrors.NewConflict(schema.GroupResource{Resource: o.Kind}, o.Name, fmt.Errorf("the precondition does not hold"))
	}
	if dryRun {
		return nil
	}
	c.Delete(o)
	_, err := c.answer(nil)
	return err
}

func (w writer) Evict(ctx context.Context, o incident.Object, uid string, dryRun bool) error {
	if w.c.Guarded != nil && w.c.Guarded(o) {
		return apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0)
	}
	return w.Delete(ctx, o, uid, "", false, dryRun)
}

// answer counts a write, whose answer may get lost.
func (c *Cluster) answer(b []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Writes++
	if c.Fail != nil {
		if err := c.Fail(); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func notFound(o incident.Object) error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: o.Kind}, o.Name)
}

// Timeout is an answer of the API server after which nobody knows whether it did what it was asked.
func Timeout() error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusGatewayTimeout,
		Reason: metav1.StatusReasonTimeout, Message: "timed out"}}
}

// Memory keeps blobs and last-good copies in memory. Its zero value is empty; it is safe for concurrent use.
type Memory struct {
	mu    sync.Mutex
	blobs map[string][]byte
	good  map[string]kept
}

type kept struct {
	hash string
	at   time.Time
}

// PutBlob is part of recovery.Blobs.
func (m *Memory) PutBlob(_ context.Context, content []byte) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:])
	if m.blobs == nil {
		m.blobs = map[string][]byte{}
	}
	m.blobs[hash] = slices.Clone(content)
	return hash, nil
}

// Blob is part of recovery.Blobs.
func (m *Memory) Blob(_ context.Context, hash string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.blobs[hash]
	if !ok {
		return nil, fmt.Errorf("no blob %s", hash)
	}
	return slices.Clone(b), nil
}

// Keep keeps copies as serve does.
func (m *Memory) Keep(copies []recovery.Copy, at time.Time) {
	for _, c := range copies {
		hash, _ := m.PutBlob(context.Background(), c.Content) // a map takes everything
		m.mu.Lock()
		if m.good == nil {
			m.good = map[string]kept{}
		}
		m.good[c.Key] = kept{hash, at}
		m.mu.Unlock()
	}
}

// LastGood is part of recovery.LastGood.
func (m *Memory) LastGood(_ context.Context, key string) (string, time.Time, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.good[key]
	return k.hash, k.at, ok, nil
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func mustJSON(b []byte, into any) {
	if err := json.Unmarshal(b, into); err != nil {
		panic(err)
	}
}
