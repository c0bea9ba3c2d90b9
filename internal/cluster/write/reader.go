package write

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// maxList bounds what one List returns. Recovery lists the pods of one workload; who has more gets an error rather than a part.
const maxList = 5000

// Reader reads single objects and short lists with quorum, as the bot. Make it with [Client.Reader].
type Reader struct {
	api  rest.Interface
	core kubernetes.Interface // for what is judged by the rules of kubectl
	host string
}

// Get returns the object as JSON, as it is now: no resourceVersion is given, so that the answer does not come from a watch cache that
// lags behind.
func (r *Reader) Get(ctx context.Context, o incident.Object) ([]byte, error) {
	p, err := path(o.Kind, o.Namespace, o.Name)
	if err != nil {
		return nil, err
	}
	b, err := raw(r.api.Get().AbsPath(p...).Do(ctx))
	if err != nil {
		return nil, explain("read "+o.String(), r.host, incident.Identity{}, incident.Right{Verb: "get", Resource: o.Kind, Namespace: o.Namespace,
			Name: o.Name}, err)
	}
	return b, nil
}

// List returns the namespace's objects of the kind that the label selector matches, each as JSON without kind and apiVersion, as lists
// have them. An empty selector matches all.
func (r *Reader) List(ctx context.Context, kind, namespace, selector string) ([]json.RawMessage, error) {
	p, err := path(kind, namespace, "")
	if err != nil {
		return nil, err
	}
	req := r.api.Get().AbsPath(p...).Param("limit", fmt.Sprint(maxList))
	if selector != "" {
		req.Param("labelSelector", selector)
	}
	b, err := raw(req.Do(ctx))
	if err != nil {
		return nil, explain(fmt.Sprintf("list %s in %s", kind, namespace), r.host, incident.Identity{},
			incident.Right{Verb: "list", Resource: kind, Namespace: namespace}, err)
	}
	var list struct {
		Metadata struct {
			Continue string `json:"continue"`
		} `json:"metadata"`
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("list %s in %s: read the answer: %w", kind, namespace, err)
	}
	if list.Metadata.Continue != "" {
		return nil, fmt.Errorf("list %s in %s that match %q: more than %d; name fewer", kind, namespace, selector, maxList)
	}
	return list.Items, nil
}
