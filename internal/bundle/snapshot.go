package bundle

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Facts is what Bundle.Facts holds, as JSON: what was seen beside the API.
type Facts struct {
	Hosts   []snapshot.Host   `json:"hosts,omitempty"`
	Lookups []snapshot.Lookup `json:"lookups,omitempty"`
}

// Snapshot returns what the bundle shows as a Snapshot, indexed, at the time of its capture: what a look at the cluster would have given then.
func (b *Bundle) Snapshot() (*snapshot.Snapshot, error) {
	s := &snapshot.Snapshot{At: b.Manifest.CapturedAt.UTC(), Cluster: b.Manifest.Cluster.Name, Namespace: b.Manifest.Namespace}
	for _, k := range snapshot.Kinds {
		if !b.Seen(k.GroupVersionResource) {
			continue // Manifest.NotSeen says why
		}
		for _, o := range b.List(k.GroupVersionResource) {
			var err error
			k.Add(s, func(object any) error {
				err = runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, object)
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("read %s %s/%s of the bundle: %w", k.Resource, o.GetNamespace(), o.GetName(), err)
			}
		}
	}
	for key, text := range b.Logs {
		s.Logs = append(s.Logs, snapshot.Log{Namespace: key.Namespace, Pod: key.Pod, Container: key.Container, Previous: key.Previous, Text: string(text)})
	}
	for _, n := range b.Manifest.NotSeen {
		s.NotSeen = append(s.NotSeen, incident.NotSeen{What: n.What, Why: n.Why})
	}
	if len(b.Facts) > 0 {
		var f Facts
		if err := json.Unmarshal(b.Facts, &f); err != nil {
			return nil, fmt.Errorf("read the facts of the bundle: %w", err)
		}
		s.Hosts, s.Lookups = f.Hosts, f.Lookups
	}
	s.Index()
	return s, nil
}
