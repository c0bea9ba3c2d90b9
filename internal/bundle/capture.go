package bundle

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/pager"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Options says what Capture looks at.
type Options struct {
	Namespace   string // the only namespace to look at; empty means all. Kinds outside namespaces are looked at in either case
	ClusterName string // for Manifest.Cluster
	Version     string // of this program, for Manifest.Paramedic
	MaxSize     int64  // bytes of objects, as JSON, at most; 0 means DefaultSize. More is left out, and Manifest.NotSeen says what

	// Redact returns text with its secrets replaced. It is required; it is called from several goroutines. What it sees: values of
	// environment variables and of one-line ConfigMap entries as NAME=value, so that it can judge by the name; longer ConfigMap
	// entries, commands, arguments, annotations, messages, logs, host files and every string of the facts as they are.
	Redact func(string) string

	HostFiles map[HostKey][]byte          // what was read on nodes
	Facts     json.RawMessage             // what probes saw
	Customs   []unstructured.Unstructured // objects of kinds that are no part of Kubernetes
	NotSeen   []incident.NotSeen          // what the look that gave these could not see
	Logs      []snapshot.LogWanted        // those that findings ask for, besides what every look reads

	Concurrency int              // requests at a time; 0 means 8
	Now         func() time.Time // nil means time.Now
}

// secretsNotSeen is part of every bundle.
var secretsNotSeen = NotSeen{What: "secrets", Why: "a bundle never holds Secrets", Resources: []incident.Resource{incident.Secrets}}

const (
	// DefaultSize is what a capture may have of objects, as JSON, if nobody says more.
	DefaultSize = 64 << 20

	pageSize   = 500              // objects a request, what kubectl asks for
	logTimeout = 15 * time.Second // for one log: a kubelet that is gone answers by a timeout only
)

// Capture looks at a cluster and returns what it saw, redacted, without managed fields' details and without Secrets. A kind or a log
// that cannot be read is named in Manifest.NotSeen; only a cluster that shows nothing at all is an error.
func Capture(ctx context.Context, config *rest.Config, o Options) (*Bundle, error) {
	if o.Redact == nil {
		return nil, errors.New("capture: no redactor given; a bundle must not carry secrets")
	}
	o.MaxSize = cmp.Or(o.MaxSize, DefaultSize)
	if o.MaxSize < 0 || o.MaxSize > MaxSize {
		return nil, fmt.Errorf("capture: %d bytes at most: must be between 1 and %d, what can be read again", o.MaxSize, MaxSize)
	}
	o.Concurrency = cmp.Or(o.Concurrency, 8)
	if o.Now == nil {
		o.Now = time.Now
	}
	config = rest.CopyConfig(config)
	config.QPS = -1 // Concurrency is the bound; client-go's 5 a second would make a capture take a minute

	c := &capture{options: o, bundle: &Bundle{
		Objects:   map[schema.GroupVersionResource][]unstructured.Unstructured{},
		Logs:      map[LogKey][]byte{},
		HostFiles: map[HostKey][]byte{},
	}}
	var err error
	if c.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	if c.typed, err = kubernetes.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	return c.run(ctx, config.Host)
}

// capture is one run of Capture.
type capture struct {
	options Options
	dynamic dynamic.Interface
	typed   kubernetes.Interface

	mu     sync.Mutex // guards bundle while requests run side by side
	bundle *Bundle
}

func (c *capture) run(ctx context.Context, host string) (*Bundle, error) {
	b, o := c.bundle, c.options
	b.Manifest = Manifest{
		Format: Format, Paramedic: o.Version, CapturedAt: o.Now().UTC(), Namespace: o.Namespace,
		Cluster: Cluster{Name: o.ClusterName},
		NotSeen: append([]NotSeen{secretsNotSeen}, besideKinds(o.NotSeen)...),
	}
	var err error
	b.Manifest.Cluster.ServerVersion, err = c.version(ctx)
	switch {
	case apierrors.IsUnauthorized(err):
		return nil, fmt.Errorf("capture from %s: %w; are the kubeconfig's credentials still valid?", host, err)
	case err != nil:
		return nil, fmt.Errorf("capture from %s: %w; is the address right and the API server up?", host, err)
	}
	if err := c.objects(ctx); err != nil {
		return nil, fmt.Errorf("capture from %s: %w", host, err)
	}
	c.customs()
	c.bundle.fit(o.MaxSize)
	if err := c.logs(ctx); err != nil {
		return nil, fmt.Errorf("capture from %s: %w", host, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("capture from %s: %w", host, err)
	}
	r := &redact.Walker{Text: redact.Remembering(o.Redact)}
	for k, data := range o.HostFiles {
		b.HostFiles[k] = []byte(r.String(string(data)))
	}
	if b.Facts, err = facts(r, o.Facts); err != nil {
		return nil, fmt.Errorf("capture: the facts are not JSON: %w", err)
	}
	b.Manifest.Redactions += r.Count
	b.Manifest = b.manifest()
	return b, nil
}

// besideKinds leaves out what the capture looks at by itself.
func besideKinds(blind []incident.NotSeen) []NotSeen {
	var out []NotSeen
	for _, n := range blind {
		if n.Names(incident.ServerVersion) || n.Names(incident.PodLogs) ||
			slices.ContainsFunc(snapshot.Kinds, func(k snapshot.Kind) bool { return n.Names(snapshot.ResourceOf(k.GroupResource())) }) {
			continue
		}
		out = append(out, n)
	}
	return out
}

// version asks for the server's version. That it may not be asked is no error; that there is no answer is.
func (c *capture) version(ctx context.Context) (string, error) {
	data, err := c.typed.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).Raw()
	var v version.Info
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return v.GitVersion, nil
	case errors.As(err, &status) && !apierrors.IsUnauthorized(err):
		c.bundle.Manifest.NotSeen = append(c.bundle.Manifest.NotSeen, NotSeen{
			What: "the API server's version", Why: err.Error(), Resources: []incident.Resource{incident.ServerVersion},
			Forbidden: apierrors.IsForbidden(err),
		})
		return "", nil
	default:
		return "", err
	}
}

// objects lists every kind, side by side. It fails only if no kind could be listed.
func (c *capture) objects(ctx context.Context) error {
	var (
		g     errgroup.Group
		first error
	)
	g.SetLimit(c.options.Concurrency)
	for _, k := range CapturedKinds() {
		g.Go(func() error {
			list, redactions, err := c.list(ctx, k)
			c.mu.Lock()
			defer c.mu.Unlock()
			if err != nil {
				first = cmp.Or(first, err)
				c.bundle.Manifest.NotSeen = append(c.bundle.Manifest.NotSeen, NotSeen{
					What: k.String(), Why: err.Error(), Resources: []incident.Resource{k.resource()}, Forbidden: apierrors.IsForbidden(err),
				})
				return nil
			}
			c.bundle.Objects[k.GVR()] = list
			c.bundle.Manifest.Redactions += redactions
			return nil
		})
	}
	_ = g.Wait() // what could not be listed is recorded above
	if len(c.bundle.Objects) == 0 {
		return fmt.Errorf("nothing could be listed: %w", first)
	}
	return nil
}

// list returns a kind's objects as they are kept, and how many values were redacted.
func (c *capture) list(ctx context.Context, k Kind) ([]unstructured.Unstructured, int, error) {
	var lister dynamic.ResourceInterface = c.dynamic.Resource(k.GVR())
	options := metav1.ListOptions{}
	if k.Namespaced && c.options.Namespace != "" {
		lister = c.dynamic.Resource(k.GVR()).Namespace(c.options.Namespace)
	}
	if k.Resource == "namespaces" && c.options.Namespace != "" {
		options.FieldSelector = "metadata.name=" + c.options.Namespace
	}
	p := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return lister.List(ctx, options)
	})
	p.PageSize = pageSize
	list := []unstructured.Unstructured{}
	r := &redact.Walker{Text: redact.Remembering(c.options.Redact)}
	var size int64
	err := p.EachListItem(ctx, options, func(item runtime.Object) error {
		object, ok := item.(*unstructured.Unstructured)
		if !ok {
			return fmt.Errorf("the server sent a %T", item)
		}
		object.SetGroupVersionKind(k.GVK())
		clean(r, object)
		if size += sizeOf(object); size > c.options.MaxSize {
			return errors.New(whyLeftOut(c.options.MaxSize))
		}
		list = append(list, *object)
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	sortObjects(list)
	return list, r.Count, nil
}

// customs adds the objects that were handed over, by the resources that their kinds most likely are.
func (c *capture) customs() {
	r := &redact.Walker{Text: redact.Remembering(c.options.Redact)}
	for _, o := range c.options.Customs {
		o = *o.DeepCopy()
		if o.GetName() == "" || o.GetKind() == "" || !snapshot.IsCustomGroup(o.GroupVersionKind().Group) {
			continue
		}
		gvr, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
		if isBuiltIn(gvr) {
			continue
		}
		clean(r, &o)
		c.bundle.Objects[gvr] = append(c.bundle.Objects[gvr], o)
	}
	for gvr, list := range c.bundle.Objects {
		if !isBuiltIn(gvr) {
			sortObjects(list)
		}
	}
	c.bundle.Manifest.Redactions += r.Count
}
