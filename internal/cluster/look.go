package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var metaCreate = metav1.CreateOptions{}

// LookOptions says how to look. The zero value looks at all namespaces, from the watch cache, with logs, without DNS queries.
type LookOptions struct {
	Namespace string              // one namespace only, and the cluster-scoped kinds; empty: all
	Fresh     bool                // read with quorum rather than from the watch cache, where a stale answer would mislead
	NoLogs    bool                // leave the log tails out
	Lookups   bool                // ask the cluster's DNS whether it resolves
	Secrets   bool                // read Secrets too, for their names, keys and certificates; no value is kept
	Redact    func(string) string // applied to log lines, side by side; nil: as they are
	Now       func() time.Time    // nil: time.Now
	Watch     *Watch              // what it keeps current is not listed again, unless Fresh; nil: all is listed
}

// Look makes a Snapshot, indexed. Kinds that may not be read, or fail, are listed in its NotSeen; if nothing can be read at all, that is an
// error that says why and what to try.
func (r *Reader) Look(ctx context.Context, o LookOptions) (*snapshot.Snapshot, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &snapshot.Snapshot{At: o.Now().UTC(), Cluster: r.name, Namespace: o.Namespace}
	beside, done := context.WithCancel(ctx)
	defer done()
	var failed failures
	put := r.besideLists(beside, o, &failed)
	var err error
	if o.Fresh || o.Watch == nil || !o.Watch.lists(s, o.Namespace) {
		err = r.list(ctx, o, s, &failed)
	}
	if err != nil {
		done()
	}
	put(s)
	if err != nil {
		return nil, err
	}
	s.Index() // the logs to read and the DNS to ask follow from the objects
	var g errgroup.Group
	var logs []snapshot.Log
	var blind []incident.NotSeen
	if !o.NoLogs {
		failed.start(&g, func() { logs, blind = r.logs(ctx, s, o.Redact, &failed) }, "logs", incident.PodLogs)
	}
	if o.Lookups {
		failed.start(&g, func() { s.Lookups = lookups(ctx, s) }, "lookups of names", incident.Checks)
	}
	var serverVersion string
	var noVersion error
	failed.start(&g, func() { serverVersion, noVersion = r.serverVersion(ctx) }, "the API server's version", incident.ServerVersion)
	_ = g.Wait() // what these could not see is in what they return
	if s.ServerVersion = serverVersion; noVersion != nil {
		blind = append(blind, unseen("the API server's version", noVersion, incident.ServerVersion))
	}
	s.Logs, s.NotSeen = logs, append(s.NotSeen, blind...)
	failed.tell(s)
	if len(s.Logs)+len(s.Lookups)+len(s.NotSeen) > 0 {
		s.Index()
	}
	return s, nil
}

// besideLists begins to read what is not a list of a known kind. The function returned waits for it and puts it into the Snapshot.
func (r *Reader) besideLists(ctx context.Context, o LookOptions, failed *failures) func(*snapshot.Snapshot) {
	var (
		g                             errgroup.Group
		seen                          snapshot.Snapshot
		noCustoms, noHealth, noSecret []incident.NotSeen
	)
	failed.start(&g, func() { seen.Customs, noCustoms = r.customs(ctx, o.Namespace, failed) }, "custom resources", incident.CustomResources)
	failed.start(&g, func() { seen.Health, noHealth = r.health(ctx) }, "the API server's health", incident.ServerHealth)
	if o.Secrets {
		failed.start(&g, func() { seen.Secrets, seen.SecretsSeen, noSecret = r.secrets(ctx, o.Namespace) }, "secrets", incident.Secrets)
	}
	return func(s *snapshot.Snapshot) {
		_ = g.Wait() // what these could not see is in what they return
		s.Customs, s.Health, s.Secrets, s.SecretsSeen = seen.Customs, seen.Health, seen.Secrets, seen.SecretsSeen
		s.NotSeen = append(s.NotSeen, slices.Concat(noCustoms, noHealth, noSecret)...)
	}
}

// Blind reads what stands beside the known kinds as [Reader.Look] does (custom resources, the API server's health, and Secrets where they
// are asked for) and returns what of it could not be seen, and why.
func (r *Reader) Blind(ctx context.Context, secrets bool) []incident.NotSeen {
	var s snapshot.Snapshot
	var failed failures
	r.besideLists(ctx, LookOptions{Secrets: secrets}, &failed)(&s)
	failed.tell(&s)
	return s.NotSeen
}

// list reads every kind side by side, as protobuf.
func (r *Reader) list(ctx context.Context, o LookOptions, s *snapshot.Snapshot, failed *failures) error {
	var (
		g    errgroup.Group
		mu   sync.Mutex
		last error
		seen int
	)
	options := metav1.ListOptions{ResourceVersion: "0"}
	if o.Fresh {
		options.ResourceVersion = ""
	}
	for _, k := range snapshot.Kinds {
		of := snapshot.ResourceOf(k.GroupResource())
		read := func() {
			list := k.NewList()
			err := r.clients[k.GroupVersion()].Get().NamespaceIfScoped(o.Namespace, k.Namespaced && o.Namespace != "").
				Resource(k.Resource).VersionedParams(&options, scheme.ParameterCodec).Do(ctx).Into(list)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				last = err
				s.NotSeen = append(s.NotSeen, unseen(k.Resource, err, of))
				return
			}
			seen++
			k.Take(s, list)
		}
		failed.start(&g, read, k.Resource, of)
	}
	_ = g.Wait() // errors are counted above
	if seen == 0 {
		return unreachable(r.config.Host, cmp.Or(last, errFailed))
	}
	return nil
}

// unseen notes what could not be read for an error of the API.
func unseen(what string, err error, of ...incident.Resource) incident.NotSeen {
	return incident.NotSeen{What: what, Why: why(err), Resources: of, Forbidden: apierrors.IsForbidden(err)}
}

// errFailed stands for the answers of an API server where every kind's reading panicked.
var errFailed = errors.New("no answer could be read, which is an error in Paramedic")

// why puts an API error into a person's words.
func why(err error) string {
	switch {
	case apierrors.IsForbidden(err):
		return "forbidden: grant the bot list on it (deploy/kubernetes/rbac.yaml)"
	case apierrors.IsUnauthorized(err):
		return "the cluster does not accept the credentials"
	case apierrors.IsNotFound(err):
		return "the cluster does not serve this kind"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	return err.Error()
}

// Away says whether an error of a look means that the API server does not answer, and nothing else: who is refused is answered.
func Away(err error) bool {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return apierrors.IsServiceUnavailable(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
			apierrors.IsInternalError(err) || apierrors.IsTooManyRequests(err)
	}
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// EverythingUnseen is what is not seen while the API server is away.
func EverythingUnseen(words string) []incident.NotSeen {
	n := incident.NotSeen{What: "everything in the cluster", Why: words, Resources: []incident.Resource{incident.CustomResources,
		incident.PodLogs, incident.ServerHealth, incident.ServerVersion, incident.Secrets}}
	for _, k := range snapshot.Kinds {
		n.Resources = append(n.Resources, snapshot.ResourceOf(k.GroupResource()))
	}
	return []incident.NotSeen{n}
}

// unreachable explains why nothing could be read.
func unreachable(host string, err error) error {
	var dns *net.DNSError
	var op *net.OpError
	var u *url.Error
	if at, err := url.Parse(host); err == nil {
		host = at.Redacted()
	}
	switch {
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("look at %s: the cluster does not accept the credentials (%w); renew the kubeconfig or the token", host, err)
	case apierrors.IsForbidden(err):
		return fmt.Errorf("look at %s: not allowed to read anything (%w); bind the role in deploy/kubernetes/rbac.yaml", host, err)
	case errors.As(err, &dns):
		return fmt.Errorf("look at %s: its name does not resolve: %w", host, err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("look at %s: no answer in time; is the API server up, and reachable from here? (%w)", host, err)
	case errors.As(err, &op), errors.As(err, &u), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("look at %s: cannot reach the API server: %w; is it running, and is this the right kubeconfig?", host, err)
	}
	return fmt.Errorf("look at %s: %w", host, err)
}

func decodeVersion(body []byte) (*version.Info, error) {
	var v version.Info
	if err := json.Unmarshal(body, &v); err != nil {
		return nil, fmt.Errorf("read the API server's version: %w; is this a Kubernetes API?", err)
	}
	return &v, nil
}
