package write

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// FieldManager is the name under which changes are recorded in an object's managedFields.
const FieldManager = "paramedic"

// timeout bounds a request where the configuration does not: an API server that is silent for longer is as good as down, and
// somebody is waiting.
const timeout = 15 * time.Second

// Client holds the bot's own credentials. Make it with [New].
type Client struct {
	config *rest.Config
}

// New copies the configuration, so that later changes to it have no effect. It does not connect.
func New(config *rest.Config) (*Client, error) {
	if config == nil || config.Host == "" {
		return nil, errors.New("write to a cluster: no API server is configured; set a kubeconfig")
	}
	c := rest.CopyConfig(config)
	c.GroupVersion = &schema.GroupVersion{}
	c.APIPath = "/"
	c.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	c.ContentType, c.AcceptContentTypes = "application/json", "application/json"
	c.QPS, c.RateLimiter = -1, nil // a plan is a few dozen requests; to hold them back only makes people wait
	if c.Timeout == 0 {
		c.Timeout = timeout
	}
	return &Client{config: c}, nil
}

// WriterFor returns a Writer that acts as the identity, by impersonation. It does not connect.
func (c *Client) WriterFor(identity incident.Identity) (*Writer, error) {
	if identity.User == "" {
		return nil, errors.New("act on a cluster: no Kubernetes user is configured for this person; name one in the configuration's approvers")
	}
	config := rest.CopyConfig(c.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: identity.User, Groups: slices.Clone(identity.Groups)}
	api, err := connect(config)
	if err != nil {
		return nil, err
	}
	return &Writer{api: api, host: c.config.Host, as: identity}, nil
}

// Reader returns a Reader that reads as the bot.
func (c *Client) Reader() (*Reader, error) {
	api, err := connect(c.config)
	if err != nil {
		return nil, err
	}
	core, err := kubernetes.NewForConfig(c.config)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", c.config.Host, err)
	}
	return &Reader{api: api, core: core, host: c.config.Host}, nil
}

func connect(config *rest.Config) (*rest.RESTClient, error) {
	api, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", config.Host, err)
	}
	return api, nil
}

// path is where objects of the kind are.
func path(kind, namespace, name string, subresource ...string) ([]string, error) {
	for _, part := range []string{namespace, name} { // "../…" would lead elsewhere
		if wrong := content.IsPathSegmentName(part); len(wrong) > 0 {
			return nil, fmt.Errorf("find %s %s/%s: %s", kind, namespace, name, strings.Join(wrong, ", "))
		}
	}
	k, ok := snapshot.ServedAs(kind)
	if !ok {
		return nil, fmt.Errorf("find %s %s/%s: not a kind that Paramedic knows", kind, namespace, name)
	}
	p := []string{"/apis", k.Group, k.Version}
	if k.Group == "" {
		p = []string{"/api", k.Version}
	}
	if k.Namespaced && namespace != "" {
		p = append(p, "namespaces", namespace)
	}
	p = append(p, k.Resource)
	if name == "" {
		return p, nil
	}
	if k.Namespaced != (namespace != "") {
		return nil, fmt.Errorf("find %s %s/%s: a namespace is given where there is none, or missing", kind, namespace, name)
	}
	return append(append(p, name), subresource...), nil
}

// raw is the answer's body, or what the API server says is wrong: Result.Raw alone loses its words.
func raw(r rest.Result) ([]byte, error) {
	if err := r.Error(); err != nil {
		return nil, err
	}
	return r.Raw()
}
