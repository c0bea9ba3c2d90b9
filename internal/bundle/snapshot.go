package bundle

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Facts is what Bundle.Facts holds, as JSON: what was seen beside the API's objects.
type Facts struct {
	Hosts   []snapshot.Host   `json:"hosts,omitempty"`
	Lookups []snapshot.Lookup `json:"lookups,omitempty"`
	Dials   []snapshot.Dial   `json:"dials,omitempty"`
	Metrics []snapshot.Metric `json:"metrics,omitempty"`
	Health  []snapshot.Health `json:"health,omitempty"`
	// Secrets are names and dates, never a value; complete if SecretsSeen.
	Secrets     []snapshot.Secret `json:"secrets,omitempty"`
	SecretsSeen bool              `json:"secretsSeen,omitempty"`
}

// FactsOf takes from a look what a capture does not see by itself.
func FactsOf(s *snapshot.Snapshot) Facts {
	return Facts{Hosts: s.Hosts, Lookups: s.Lookups, Dials: s.Dials, Metrics: s.Metrics, Health: s.Health, Secrets: s.Secrets,
		SecretsSeen: s.SecretsSeen}
}

// Snapshot returns what the bundle shows as a Snapshot, indexed, at the time of its capture: what a look at the cluster would have given
// then.
func (b *Bundle) Snapshot() (*snapshot.Snapshot, error) {
	s := &snapshot.Snapshot{
		At: b.Manifest.CapturedAt.UTC(), Cluster: b.Manifest.Cluster.Name, Namespace: b.Manifest.Namespace,
		ServerVersion: b.Manifest.Cluster.ServerVersion,
	}
	if err := b.addObjects(s); err != nil {
		return nil, err
	}
	for key, text := range b.Logs {
		s.Logs = append(s.Logs, snapshot.Log{Namespace: key.Namespace, Pod: key.Pod, Container: key.Container, Previous: key.Previous,
			Text: string(text)})
	}
	if len(b.Facts) > 0 {
		var f Facts
		if err := json.Unmarshal(b.Facts, &f); err != nil {
			return nil, fmt.Errorf("read the facts of the bundle: %w", err)
		}
		s.Hosts, s.Lookups, s.Dials, s.Metrics, s.Health = f.Hosts, f.Lookups, f.Dials, f.Metrics, f.Health
		s.Secrets, s.SecretsSeen = f.Secrets, f.SecretsSeen
	}
	s.NotSeen = b.blind(s.SecretsSeen)
	s.Index()
	return s, nil
}

// addObjects puts the bundle's objects into the Snapshot.
func (b *Bundle) addObjects(s *snapshot.Snapshot) error {
	for _, k := range snapshot.Kinds {
		for _, o := range b.List(k.GroupVersionResource) {
			var err error
			k.Add(s, func(object any) error {
				err = runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, object)
				return err
			})
			if err != nil {
				return fmt.Errorf("read %s %s/%s of the bundle: %w", k.Resource, o.GetNamespace(), o.GetName(), err)
			}
		}
	}
	for gvr, list := range b.Objects {
		if isBuiltIn(gvr) || !snapshot.IsCustomGroup(gvr.Group) {
			continue
		}
		for _, o := range list {
			o = *o.DeepCopy()
			snapshot.SlimCustom(&o)
			s.Customs = append(s.Customs, o)
		}
	}
	return nil
}

// isBuiltIn reports whether the table of kinds knows the resource.
func isBuiltIn(gvr schema.GroupVersionResource) bool {
	return slices.ContainsFunc(kinds, func(k Kind) bool { return k.GVR() == gvr })
}

// blind is what the bundle cannot show: what its capture could not see, and the kinds that it lacks without a word, for it was made by
// another version or another program.
func (b *Bundle) blind(secretsSeen bool) []incident.NotSeen {
	var out []incident.NotSeen
	for _, n := range b.Manifest.NotSeen {
		n = typedNote(n)
		if !secretsSeen || !n.Names(incident.Secrets) {
			out = append(out, n)
		}
	}
	var lacking []incident.Resource
	for _, k := range snapshot.Kinds {
		r := snapshot.ResourceOf(k.GroupResource())
		if !b.Seen(k.GroupVersionResource) && !slices.ContainsFunc(out, func(n incident.NotSeen) bool { return n.Names(r) }) {
			lacking = append(lacking, r)
		}
	}
	if len(lacking) > 0 {
		slices.Sort(lacking)
		out = append(out, incident.NotSeen{What: words(lacking), Why: "the bundle does not hold them", Resources: lacking})
	}
	return out
}

// olderNotes are what a bundle's notes were called before they said which resources they are about.
var olderNotes = []struct {
	what *regexp.Regexp
	of   incident.Resource
}{
	{regexp.MustCompile(`^secrets$`), incident.Secrets},
	{regexp.MustCompile(`^the API server's health$`), incident.ServerHealth},
	{regexp.MustCompile(`^the API server's version$`), incident.ServerVersion},
	{regexp.MustCompile(`^the \d+ oldest events$`), "events"},
	{regexp.MustCompile(`^custom resources$`), incident.CustomResources},
	{regexp.MustCompile(`^logs? of `), incident.PodLogs},
	{regexp.MustCompile(`^(files on the nodes$|files of )`), incident.HostFiles},
}

// typedNote is a note of an older bundle with what it is about. Whole kinds that such a bundle lacks are known by their absence, named here
// so that they are told once. A note that no version has written says nothing to programs.
func typedNote(n incident.NotSeen) incident.NotSeen {
	if len(n.Resources) > 0 {
		return n
	}
	for _, o := range olderNotes {
		if o.what.MatchString(n.What) {
			n.Resources = []incident.Resource{o.of}
			return n
		}
	}
	if group, ok := strings.CutPrefix(n.What, "custom resources of "); ok {
		n.Resources = []incident.Resource{incident.Resource("*." + group)}
		return n
	}
	for _, k := range snapshot.Kinds {
		if n.What == k.GroupResource().String() || n.What == k.Resource {
			n.Resources = []incident.Resource{snapshot.ResourceOf(k.GroupResource())}
		}
	}
	return n
}
