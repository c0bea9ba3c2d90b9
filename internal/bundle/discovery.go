package bundle

import (
	"cmp"
	"encoding/json"
	"net/http"
	goruntime "runtime"
	"slices"
	"strings"

	apidiscovery "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
)

// aggregatedDiscovery is the form in which newer clients ask for everything at once.
const aggregatedDiscovery = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// serveDiscovery answers what everyone with a name may ask: the version, the health, what is served.
func (s *Server) serveDiscovery(w http.ResponseWriter, r *http.Request, parts []string) (done bool, err error) {
	if r.Method != http.MethodGet {
		return false, nil
	}
	gvs := s.groupVersions()
	switch {
	case slices.Contains([]string{"readyz", "livez", "healthz"}, parts[0]):
		_, _ = w.Write([]byte("ok")) // who has hung up needs no answer
		return true, nil
	case len(parts) == 1 && parts[0] == "version":
		return true, writeJSON(w, string(inJSON), s.versionInfo())
	case len(parts) == 1 && (parts[0] == "api" || parts[0] == "apis"):
		core := parts[0] == "api"
		if strings.Contains(strings.ReplaceAll(r.Header.Get("Accept"), " ", ""), "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList") {
			return true, writeJSON(w, aggregatedDiscovery, s.aggregated(core))
		}
		if core {
			return true, writeJSON(w, string(inJSON), metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"},
				ServerAddressByClientCIDRs: []metav1.ServerAddressByClientCIDR{{ClientCIDR: "0.0.0.0/0", ServerAddress: r.Host}}})
		}
		return true, writeJSON(w, string(inJSON), groupList(gvs))
	case len(parts) == 2 && parts[0] == "api" && parts[1] == "v1":
		return true, writeJSON(w, string(inJSON), s.resourceList(schema.GroupVersion{Version: "v1"}))
	case len(parts) == 2 && parts[0] == "apis":
		for _, g := range groupList(gvs).Groups {
			if g.Name == parts[1] {
				g.TypeMeta = metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}
				return true, writeJSON(w, string(inJSON), g)
			}
		}
	case len(parts) == 3 && parts[0] == "apis":
		if gv := (schema.GroupVersion{Group: parts[1], Version: parts[2]}); slices.Contains(gvs, gv) {
			return true, writeJSON(w, string(inJSON), s.resourceList(gv))
		}
	}
	return false, nil
}

func writeJSON(w http.ResponseWriter, contentType string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(data) // who has hung up needs no answer
	return nil
}

// versionInfo is the version of the cluster that the bundle is from.
func (s *Server) versionInfo() version.Info {
	v := version.Info{GitVersion: s.version, GoVersion: goruntime.Version(), Compiler: goruntime.Compiler, Platform: goruntime.GOOS + "/" +
		goruntime.GOARCH}
	if parts := strings.SplitN(strings.TrimPrefix(s.version, "v"), ".", 3); len(parts) > 1 {
		v.Major, v.Minor = parts[0], parts[1]
	}
	return v
}

// served is every kind, those that are only created among them, by group, version and resource.
func (s *Server) served() []Kind {
	all := slices.Clone(reviewKinds)
	for _, r := range s.world.resources { // the map never changes once loaded
		all = append(all, r.kind)
	}
	slices.SortFunc(all, func(a, b Kind) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Resource, b.Resource))
	})
	return all
}

func (s *Server) groupVersions() []schema.GroupVersion {
	var gvs []schema.GroupVersion
	for _, k := range s.served() {
		if gv := k.GVR().GroupVersion(); !slices.Contains(gvs, gv) {
			gvs = append(gvs, gv)
		}
	}
	return gvs
}

func groupList(gvs []schema.GroupVersion) metav1.APIGroupList {
	list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, gv := range gvs {
		v := metav1.GroupVersionForDiscovery{GroupVersion: gv.String(), Version: gv.Version}
		switch n := len(list.Groups); {
		case gv.Group == "":
		case n > 0 && list.Groups[n-1].Name == gv.Group:
			list.Groups[n-1].Versions = append(list.Groups[n-1].Versions, v)
		default:
			list.Groups = append(list.Groups, metav1.APIGroup{Name: gv.Group, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v})
		}
	}
	return list
}

// subresource is what a kind has below its objects.
type subresource struct {
	name  string
	kind  schema.GroupVersionKind
	verbs []string
}

func (k Kind) verbs() []string {
	if k.role == question {
		return []string{"create"}
	}
	return []string{"create", "delete", "get", "list", "patch", "update", "watch"}
}

func (k Kind) subresources() []subresource {
	change := []string{"get", "patch", "update"}
	var subs []subresource
	if k.GVR() == podsGVR {
		subs = append(subs,
			subresource{"eviction", schema.GroupVersionKind{Group: "policy", Version: "v1", Kind: "Eviction"}, []string{"create"}},
			subresource{"log", k.GVK(), []string{"get"}})
	}
	if k.scale {
		subs = append(subs, subresource{"scale", scaleGVK, change})
	}
	if k.role != question && k.hasStatus() {
		subs = append(subs, subresource{"status", k.GVK(), change})
	}
	return subs
}

func (k Kind) categories() []string {
	if k.all {
		return []string{"all"}
	}
	return nil
}

func (s *Server) resourceList(gv schema.GroupVersion) metav1.APIResourceList {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: gv.String()}
	for _, k := range s.served() {
		if k.GVR().GroupVersion() != gv {
			continue
		}
		list.APIResources = append(list.APIResources, metav1.APIResource{
			Name: k.Resource, SingularName: k.singular(), Namespaced: k.Namespaced, Kind: k.Kind,
			Verbs: k.verbs(), ShortNames: k.short, Categories: k.categories(),
		})
		for _, sub := range k.subresources() {
			list.APIResources = append(list.APIResources, metav1.APIResource{
				Name: k.Resource + "/" + sub.name, Namespaced: k.Namespaced,
				Group: sub.kind.Group, Version: sub.kind.Version, Kind: sub.kind.Kind, Verbs: sub.verbs,
			})
		}
	}
	return list
}

func (s *Server) aggregated(core bool) apidiscovery.APIGroupDiscoveryList {
	list := apidiscovery.APIGroupDiscoveryList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupDiscoveryList", APIVersion: "apidiscovery.k8s.io/v2"}}
	for _, k := range s.served() {
		if core != (k.Group == "") {
			continue
		}
		if n := len(list.Items); n == 0 || list.Items[n-1].Name != k.Group {
			list.Items = append(list.Items, apidiscovery.APIGroupDiscovery{ObjectMeta: metav1.ObjectMeta{Name: k.Group}})
		}
		group := &list.Items[len(list.Items)-1]
		if n := len(group.Versions); n == 0 || group.Versions[n-1].Version != k.Version {
			group.Versions = append(group.Versions, apidiscovery.APIVersionDiscovery{Version: k.Version,
				Freshness: apidiscovery.DiscoveryFreshnessCurrent})
		}
		v := &group.Versions[len(group.Versions)-1]
		v.Resources = append(v.Resources, k.discovery())
	}
	return list
}

func (k Kind) discovery() apidiscovery.APIResourceDiscovery {
	gvk := metav1.GroupVersionKind(k.GVK())
	d := apidiscovery.APIResourceDiscovery{
		Resource: k.Resource, ResponseKind: &gvk, Scope: apidiscovery.ScopeCluster, SingularResource: k.singular(),
		Verbs: k.verbs(), ShortNames: k.short, Categories: k.categories(),
	}
	if k.Namespaced {
		d.Scope = apidiscovery.ScopeNamespace
	}
	for _, sub := range k.subresources() {
		kind := metav1.GroupVersionKind(sub.kind)
		d.Subresources = append(d.Subresources, apidiscovery.APISubresourceDiscovery{Subresource: sub.name, ResponseKind: &kind,
			Verbs: sub.verbs})
	}
	return d
}
