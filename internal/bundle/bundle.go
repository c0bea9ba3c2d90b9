package bundle

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Bundle is a cluster's evidence in memory. The zero value is empty and can be written. It is safe for concurrent reading.
type Bundle struct {
	// Manifest says where the evidence is from. What it repeats of the fields below (Kinds' counts, Entries) is computed by Write.
	Manifest Manifest
	// Objects holds each kind's objects in full, with apiVersion and kind, sorted by namespace and name. A kind that was looked at and
	// has none is present with an empty slice; one that could not be looked at is absent, and Manifest.NotSeen says why.
	Objects map[schema.GroupVersionResource][]unstructured.Unstructured
	// Logs holds the last lines of containers, as the container wrote them.
	Logs map[LogKey][]byte
	// HostFiles holds files of nodes.
	HostFiles map[HostKey][]byte
	// Facts is free JSON, nil if there is none: what probes saw.
	Facts json.RawMessage
}

// Manifest describes a bundle; it is the first entry of the file.
type Manifest struct {
	Format     int       `json:"format"`              // the file format's version, see Format
	Paramedic  string    `json:"paramedic,omitempty"` // the version of the program that captured it
	Source     string    `json:"source,omitempty"`    // the program that made it, if not this one
	CapturedAt time.Time `json:"capturedAt"`          // when the capture began
	Cluster    Cluster   `json:"cluster"`
	Namespace  string    `json:"namespace,omitempty"` // the only namespace looked at; empty means all
	Kinds      []Count   `json:"kinds"`               // every kind that was seen, also with no objects
	NotSeen    []NotSeen `json:"notSeen,omitempty"`
	Redactions int       `json:"redactions"` // how many values the redactor changed
	Entries    []Entry   `json:"entries"`    // every other entry of the file, in its order
}

// Cluster names the cluster that a bundle was captured from.
type Cluster struct {
	Name          string `json:"name,omitempty"`          // what the person calls it, the kubeconfig context for instance
	ServerVersion string `json:"serverVersion,omitempty"` // as in v1.36.3
}

// Count is a kind and the number of its objects.
type Count struct {
	Kind
	Count int `json:"count"`
}

// NotSeen is something that the capture could not or would not look at.
type NotSeen = incident.NotSeen

// Entry is one file in the bundle.
type Entry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`   // in bytes, uncompressed
	SHA256 string `json:"sha256"` // in hexadecimal
}

// LogKey names a container's log. Previous is the log of the instance before the current one.
type LogKey struct {
	Namespace, Pod, Container string
	Previous                  bool
}

// HostKey names a file of a node by its absolute path there.
type HostKey struct{ Node, Path string }

// List returns the resource's objects, nil if there are none or the kind was not seen. The caller must not change them.
func (b *Bundle) List(gvr schema.GroupVersionResource) []unstructured.Unstructured {
	return b.Objects[gvr]
}

// Seen reports whether the resource was looked at, so that no objects means that there were none.
func (b *Bundle) Seen(gvr schema.GroupVersionResource) bool {
	_, ok := b.Objects[gvr]
	return ok
}

// sortObjects orders by namespace and name, as every list in a bundle is.
func sortObjects(list []unstructured.Unstructured) {
	slices.SortFunc(list, func(a, b unstructured.Unstructured) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
}

// kindOf finds what the manifest or the table of kinds says about a resource. For one that neither knows, the objects speak.
func (b *Bundle) kindOf(gvr schema.GroupVersionResource) Kind {
	for _, k := range kinds {
		if k.GVR() == gvr {
			return k
		}
	}
	for _, c := range b.Manifest.Kinds {
		if c.GVR() == gvr {
			return c.Kind
		}
	}
	k := Kind{Group: gvr.Group, Version: gvr.Version, Resource: gvr.Resource}
	for _, o := range b.Objects[gvr] {
		k.Kind = o.GetKind()
		k.Namespaced = k.Namespaced || o.GetNamespace() != ""
	}
	return k
}
