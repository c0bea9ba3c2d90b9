package recovery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Reader reads Kubernetes objects as JSON, with quorum: never from a watch cache, which can lag behind what was just done. Errors are
// those that k8s.io/apimachinery/pkg/api/errors recognises.
type Reader interface {
	Get(ctx context.Context, o incident.Object) ([]byte, error)
	// List returns the objects that a label selector matches; they need not have kind and apiVersion.
	List(ctx context.Context, kind, namespace, selector string) ([]json.RawMessage, error)
	// ToEvict returns the pods of a node that kubectl drain evicts, and in words those that forbid it: without a controller unless alone, with
	// data in an emptyDir unless data.
	ToEvict(ctx context.Context, node string, alone, data bool) (pods []corev1.Pod, refused []string, err error)
}

// Writer acts on the cluster as one person.
type Writer interface {
	// Can says whether the person has the right; if not, why.
	Can(ctx context.Context, r incident.Right) (ok bool, reason string, err error)
	// Patch applies a JSON merge patch and returns the object as it is afterwards, or with dryRun as it would be. A metadata.uid or
	// metadata.resourceVersion in the patch that is not the object's must be refused as a conflict.
	Patch(ctx context.Context, o incident.Object, patch []byte, dryRun bool) ([]byte, error)
	// Create makes an object and returns it as it is afterwards, or with dryRun as it would be.
	Create(ctx context.Context, o incident.Object, object []byte, dryRun bool) ([]byte, error)
	// Delete begins to delete the object that has the UID and, where it is given, the resourceVersion; another one must be refused as a
	// conflict. At once means without a grace period.
	Delete(ctx context.Context, o incident.Object, uid, resourceVersion string, atOnce, dryRun bool) error
	// Evict asks for the pod with the UID to be evicted; a PodDisruptionBudget may refuse it.
	Evict(ctx context.Context, o incident.Object, uid string, dryRun bool) error
}

// Host reads and restores files of one node; *host.Host is one.
type Host interface {
	Archive(ctx context.Context, dir string) (a host.Archive, changed time.Time, err error)
	CanRestore(ctx context.Context, dir string) error
	Restore(ctx context.Context, dir string, a host.Archive, remove []string) error
}

// Blobs keeps values that are too large for the log, by their SHA-256 in hexadecimal.
type Blobs interface {
	PutBlob(ctx context.Context, content []byte) (hash string, err error)
	Blob(ctx context.Context, hash string) ([]byte, error)
}

// LastGood finds the copy that was last kept under a key of [ConfigMapKey] or [HostKey].
type LastGood interface {
	LastGood(ctx context.Context, key string) (hash string, at time.Time, ok bool, err error)
}

// Options are what a Recovery needs of the world. Reader, WriterFor, Blobs, LastGood and Now are required.
type Options struct {
	Reader    Reader
	WriterFor func(incident.Identity) (Writer, error)
	Hosts     map[string]Host // by node name; a node that is absent has no files within reach
	Blobs     Blobs
	LastGood  LastGood
	Now       func() time.Time
	// Redact is applied to all that a diff shows; the same text must always give the same result, for the diff is part of a plan's
	// hash. Nil changes nothing.
	Redact func(string) string
	// Patience is how long dependants are given to come back by themselves before they are restarted. Zero means [DefaultPatience].
	Patience time.Duration
	// CeilingPods is the most pods that a plan may end or replace. Zero means no bound.
	CeilingPods int
}

// DefaultPatience is longer than the kubelet's greatest restart back-off of five minutes (MaxContainerBackOff in
// k8s.io/kubernetes/pkg/kubelet): who has not come back by then will not.
const DefaultPatience = 6 * time.Minute

// Recovery plans and executes. Make it with [New].
type Recovery struct {
	o Options
}

// New checks the options.
func New(o Options) (*Recovery, error) {
	var missing []error
	for name, absent := range map[string]bool{"Reader": o.Reader == nil, "WriterFor": o.WriterFor == nil, "Blobs": o.Blobs == nil,
		"LastGood": o.LastGood == nil, "Now": o.Now == nil} {
		if absent {
			missing = append(missing, fmt.Errorf("set up recovery: Options.%s is missing", name))
		}
	}
	if o.Redact == nil {
		o.Redact = func(s string) string { return s }
	}
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	return &Recovery{o: o}, errors.Join(missing...)
}

// Errors that a caller decides by. All others mean that the step failed, and that nothing was changed by it.
var (
	// ErrChanged says that a target, or what the server would make of it, is not what the plan showed: withdraw the plan.
	ErrChanged = errors.New("not as it was when the plan was made")
	// ErrNoCopy says that what is kept as a last-good copy is none: nothing is restored from it.
	ErrNoCopy = errors.New("no copy that can be restored from")
	// ErrUnclear says that a change was sent and no answer came: [Recovery.Observe] before anything else.
	ErrUnclear = errors.New("sent, but nobody knows whether it was done")
)

// loader reads a blob and checks that it is what its name says.
type loader func(hash string) ([]byte, error)

func (r *Recovery) loader(ctx context.Context) loader {
	return func(hash string) ([]byte, error) {
		b, err := r.o.Blobs.Blob(ctx, hash)
		if err != nil {
			return nil, fmt.Errorf("read blob %.12s: %w", hash, err)
		}
		if digest(b) != hash {
			return nil, fmt.Errorf("read blob %.12s: its content is not what was stored; is the state damaged?", hash)
		}
		return b, nil
	}
}

// put keeps a copy, but none of what looks like a secret: without it there would be no way back, and so there is no step.
func (r *Recovery) put(ctx context.Context, content []byte) (string, error) {
	if what := Withheld(content, r.o.Redact); what != "" {
		return "", unfit("no copy can be kept of what is there, for %s looks like a secret, and without a copy there is no way back; move the "+
			"secret into a Secret", what)
	}
	hash, err := r.o.Blobs.PutBlob(ctx, content)
	if err == nil && hash != digest(content) {
		err = fmt.Errorf("stored under %.12s, which is not its SHA-256", hash)
	}
	if err != nil {
		return "", fmt.Errorf("store a copy: %w", err)
	}
	return hash, nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
