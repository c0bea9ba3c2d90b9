package cluster

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	authv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const protobuf = runtime.ContentTypeProtobuf

// Reader reads one cluster. It is safe for concurrent use.
type Reader struct {
	config  *rest.Config
	name    string
	found   string
	clients map[schema.GroupVersion]rest.Interface // for the kinds of a Snapshot
	core    *kubernetes.Clientset
}

// Connect prepares to read the cluster that the kubeconfig names. An empty path means what kubectl does: $KUBECONFIG, then
// ~/.kube/config, and in a pod its service account; an empty context the file's current one. It does not contact the cluster.
func Connect(kubeconfig, contextName string) (*Reader, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: contextName})
	config, err := loader.ClientConfig()
	if clientcmd.IsEmptyConfig(err) && kubeconfig == "" {
		where := "$KUBECONFIG or " + tilde(clientcmd.RecommendedHomeFile)
		if named := os.Getenv(clientcmd.RecommendedConfigPathEnvVar); named != "" {
			where = "$KUBECONFIG, which is " + named
		}
		return nil, fmt.Errorf("find a cluster: no kubeconfig at %s, and not in a pod; name one with --kubeconfig, or as "+
			"cluster.kubeconfig in a configuration", where)
	}
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	raw, err := loader.RawConfig()
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	r, err := New(config, clusterName(raw, contextName))
	if err == nil {
		r.found = foundBy(raw, kubeconfig, contextName)
	}
	return r, err
}

// foundBy says where a cluster was found.
func foundBy(raw clientcmdapi.Config, kubeconfig, contextName string) string {
	if len(raw.Contexts) == 0 {
		return "this pod's own account"
	}
	file := cmp.Or(kubeconfig, os.Getenv(clientcmd.RecommendedConfigPathEnvVar))
	switch {
	case file == "":
		file = tilde(clientcmd.RecommendedHomeFile)
	case kubeconfig == "":
		file = "$KUBECONFIG, " + file
	}
	return fmt.Sprintf("the context %s of %s", cmp.Or(contextName, raw.CurrentContext), file)
}

// New prepares to read the cluster at config. Name is what people call it.
func New(config *rest.Config, name string) (*Reader, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1 // the server's fairness decides, not the client's
	if config.UserAgent == "" {
		config.UserAgent = "paramedic"
	}
	r := &Reader{config: config, name: name, clients: map[schema.GroupVersion]rest.Interface{}}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("prepare the connection to %s: %w", config.Host, err)
	}
	for _, k := range snapshot.Kinds {
		gv := k.GroupVersion()
		if r.clients[gv] != nil {
			continue
		}
		c := rest.CopyConfig(config)
		c.GroupVersion, c.APIPath = &gv, "/apis"
		if gv.Group == "" {
			c.APIPath = "/api"
		}
		c.ContentType, c.AcceptContentTypes = protobuf, protobuf
		c.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
		if r.clients[gv], err = rest.RESTClientForConfigAndClient(c, client); err != nil {
			return nil, fmt.Errorf("prepare the connection to %s: %w", config.Host, err)
		}
	}
	if r.core, err = kubernetes.NewForConfigAndClient(config, client); err != nil {
		return nil, fmt.Errorf("prepare the connection to %s: %w", config.Host, err)
	}
	return r, nil
}

// Config is how the cluster is reached.
func (r *Reader) Config() *rest.Config { return rest.CopyConfig(r.config) }

// Name is what people call the cluster.
func (r *Reader) Name() string { return r.name }

// Found says where [Connect] found the cluster: "the context lab of ~/.kube/config"; empty: [New] was told.
func (r *Reader) Found() string { return r.found }

// Version asks the API server for its version. It is the cheapest proof that the cluster can be reached.
func (r *Reader) Version(ctx context.Context) (*version.Info, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	body, err := r.core.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).Raw()
	if err != nil {
		return nil, unreachable(r.config.Host, err)
	}
	return decodeVersion(body)
}

// serverVersion is the API server's version for a look, "v1.36.3".
func (r *Reader) serverVersion(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, logsWithin)
	defer cancel()
	body, err := r.core.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).Raw()
	if err != nil {
		return "", err
	}
	v, err := decodeVersion(body)
	if err != nil {
		return "", err
	}
	return v.GitVersion, nil
}

// MayList says, for each kind of a Snapshot, whether the reader's own identity may list it. Kinds that could not be asked about are absent.
func (r *Reader) MayList(ctx context.Context) (map[string]bool, error) {
	may := map[string]bool{}
	for _, k := range snapshot.Kinds {
		ok, err := r.may(ctx, authv1.ResourceAttributes{Verb: "list", Group: k.Group, Resource: k.Resource})
		if err != nil {
			return may, unreachable(r.config.Host, err)
		}
		may[k.Resource] = ok
	}
	return may, nil
}

// May says whether the reader's own identity may do what is asked, such as reading pods' logs or impersonating a user.
func (r *Reader) May(ctx context.Context, verb, group, resource, subresource, name string) (bool, error) {
	return r.may(ctx, authv1.ResourceAttributes{Verb: verb, Group: group, Resource: resource, Subresource: subresource, Name: name})
}

func (r *Reader) may(ctx context.Context, a authv1.ResourceAttributes) (bool, error) {
	review, err := r.core.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx,
		&authv1.SelfSubjectAccessReview{Spec: authv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &a}}, metaCreate)
	if err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}

func clusterName(raw clientcmdapi.Config, contextName string) string {
	if contextName == "" {
		contextName = raw.CurrentContext
	}
	if c := raw.Contexts[contextName]; c != nil && c.Cluster != "" {
		return c.Cluster
	}
	return contextName
}

// tilde shortens the home folder, which is nobody's business in a message.
func tilde(path string) string {
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(home, path); err == nil && filepath.IsLocal(rel) {
		return filepath.Join("~", rel)
	}
	return path
}
