package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	apidiscovery "k8s.io/api/apidiscovery/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on reading custom resources, beside the kinds that are known.
const (
	customsWithin = 3 * time.Second
	customsAtOnce = 8
	customKinds   = 100
	customObjects = 500 // of a kind
)

// groupsLeftOut are groups of Kubernetes itself whose objects no check reads: they repeat others (events), are many, or are only asked.
var groupsLeftOut = []string{
	"apiextensions.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "events.k8s.io",
	"flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "node.k8s.io", "resource.k8s.io", "scheduling.k8s.io",
	"storagemigration.k8s.io", "metrics.k8s.io",
}

// customKind is a kind to be listed as JSON.
type customKind struct {
	schema.GroupVersionResource
	kind       string
	namespaced bool
}

// customs lists the objects of the kinds that Kubernetes' own packages do not know, and says once for each group what it could not see.
func (r *Reader) customs(ctx context.Context, namespace string, failed *failures) ([]unstructured.Unstructured, []incident.NotSeen) {
	ctx, cancel := context.WithTimeout(ctx, customsWithin)
	defer cancel()
	kinds, trouble, err := r.customKinds(ctx)
	if err != nil {
		return nil, []incident.NotSeen{unseen("custom resources", err, incident.CustomResources)}
	}
	var (
		mu    sync.Mutex
		found []unstructured.Unstructured
		g     errgroup.Group
	)
	g.SetLimit(customsAtOnce)
	for _, k := range kinds {
		read := func() {
			list, more, err := r.listCustom(ctx, k, namespace)
			mu.Lock()
			defer mu.Unlock()
			found = append(found, list...)
			switch {
			case err != nil:
				trouble.add(k, why(err), apierrors.IsForbidden(err))
			case more:
				trouble.add(k, fmt.Sprintf("there are more than %d %s", customObjects, k.Resource), false)
			}
		}
		failed.start(&g, read, k.Resource+" of "+k.Group, snapshot.ResourceOf(k.GroupResource()))
	}
	_ = g.Wait() // errors are told by group
	return found, trouble.notes()
}

// groupTrouble is what could not be seen of each API group, in one note: the trouble of the first kind, in the order of names, stands for
// all.
type groupTrouble map[string]*incident.NotSeen

// whole says that nothing of a group was seen.
func (t groupTrouble) whole(group, reason string) {
	t[group] = &incident.NotSeen{What: "custom resources of " + group, Why: reason, Resources: []incident.Resource{incident.Resource("*." +
		group)}}
}

func (t groupTrouble) add(k customKind, reason string, forbidden bool) {
	n := t[k.Group]
	if n == nil {
		n = &incident.NotSeen{What: "custom resources of " + k.Group}
		t[k.Group] = n
	}
	r := snapshot.ResourceOf(k.GroupResource())
	if !n.Names(r) && (len(n.Resources) == 0 || r < n.Resources[0]) {
		n.Why, n.Forbidden = k.Resource+": "+reason, forbidden
	}
	n.Resources = append(n.Resources, r)
	slices.Sort(n.Resources)
}

func (t groupTrouble) notes() []incident.NotSeen {
	var out []incident.NotSeen
	for _, group := range slices.Sorted(maps.Keys(t)) {
		out = append(out, *t[group])
	}
	return out
}

// aggregated asks for all that the API serves in one answer, as servers since 1.26 give it.
const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

// customKinds asks what the API serves and picks the kinds to list, each in the version that its group prefers. Blind says why a group
// is not to be seen.
func (r *Reader) customKinds(ctx context.Context) (kinds []customKind, blind groupTrouble, err error) {
	body, err := r.core.Discovery().RESTClient().Get().AbsPath("/apis").SetHeader("Accept", aggregated).Do(ctx).Raw()
	if err != nil {
		return nil, nil, err
	}
	var all apidiscovery.APIGroupDiscoveryList
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, nil, fmt.Errorf("read what the API serves: %w", err)
	}
	if all.Kind != "APIGroupDiscoveryList" {
		return nil, nil, fmt.Errorf("the API server does not say in one answer what it serves; it is older than Kubernetes 1.26")
	}
	blind = groupTrouble{}
	for i := range all.Items {
		group := all.Items[i].Name
		if len(all.Items[i].Versions) == 0 || !snapshot.IsCustomGroup(group) || slices.Contains(groupsLeftOut, group) ||
			strings.HasSuffix(group, ".metrics.k8s.io") {
			continue
		}
		v := &all.Items[i].Versions[0]
		if v.Freshness == apidiscovery.DiscoveryFreshnessStale {
			blind.whole(group, "its API does not answer")
			continue
		}
		for _, res := range v.Resources {
			if !slices.Contains(res.Verbs, "list") || strings.Contains(res.Resource, "/") || res.ResponseKind == nil {
				continue
			}
			if len(kinds) == customKinds {
				blind.whole(group, fmt.Sprintf("there are more than %d kinds", customKinds))
				break
			}
			kinds = append(kinds, customKind{schema.GroupVersionResource{Group: group, Version: v.Version, Resource: res.Resource},
				res.ResponseKind.Kind, res.Scope == apidiscovery.ScopeNamespace})
		}
	}
	return kinds, blind, nil
}

// listCustom lists a kind's objects, slimmed; more says that there are others.
func (r *Reader) listCustom(ctx context.Context, k customKind, namespace string) (list []unstructured.Unstructured, more bool, err error) {
	path := []string{"/apis", k.Group, k.Version}
	if k.namespaced && namespace != "" {
		path = append(path, "namespaces", namespace)
	}
	body, err := r.core.Discovery().RESTClient().Get().AbsPath(append(path, k.Resource)...).
		Param("limit", fmt.Sprint(customObjects)).SetHeader("Accept", "application/json").Do(ctx).Raw()
	if err != nil {
		return nil, false, err
	}
	var answer struct {
		Metadata struct {
			Continue string `json:"continue"`
		} `json:"metadata"`
		Items []map[string]any `json:"items"`
	}
	if err := utiljson.Unmarshal(body, &answer); err != nil {
		return nil, false, fmt.Errorf("read the list: %w", err)
	}
	for _, item := range answer.Items {
		o := unstructured.Unstructured{Object: item}
		if o.Object == nil {
			continue
		}
		o.SetAPIVersion(k.GroupVersion().String()) // lists of built-in kinds leave these out
		o.SetKind(k.kind)
		snapshot.SlimCustom(&o)
		list = append(list, o)
	}
	return list, answer.Metadata.Continue != "", nil
}
