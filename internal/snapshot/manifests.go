package snapshot

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// FromManifests reads a YAML stream of Kubernetes objects, and of kinds of our own (apiVersion "paramedic"): Log, Host, Lookup, Dial,
// Metric, Health, Away, Secret, whose fields are those of the types of the same name, and Cluster (serverVersion, namespace, secretsSeen,
// notSeen). It is how tests and cases say what a cluster looks like. Unknown fields and kinds are errors, so that a slip of the pen does
// not pass for an absent fact; kinds of API groups that Kubernetes' own packages don't know become Customs. The Snapshot returned is
// indexed.
func FromManifests(at time.Time, manifests []byte) (*Snapshot, error) {
	s := &Snapshot{At: at}
	r := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifests)))
	for n := 1; ; n++ {
		doc, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read manifest %d: %w", n, err)
		}
		if len(bytes.TrimSpace(doc)) == 0 {
			continue
		}
		if err := s.addManifest(doc); err != nil {
			return nil, fmt.Errorf("read manifest %d: %w", n, err)
		}
	}
	s.Index()
	return s, nil
}

func (s *Snapshot) addManifest(doc []byte) error {
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := sigsyaml.Unmarshal(doc, &head); err != nil {
		return err
	}
	if head.APIVersion == "paramedic" {
		add, ok := own[head.Kind]
		if !ok {
			return fmt.Errorf("paramedic %s: not one of %s", head.Kind, strings.Join(slices.Sorted(maps.Keys(own)), ", "))
		}
		return add(s, doc)
	}
	for _, k := range Kinds {
		if k.Name == head.Kind && k.GroupVersion().String() == head.APIVersion {
			var err error
			k.Add(s, func(object any) error {
				err = sigsyaml.UnmarshalStrict(doc, object)
				return err
			})
			return err
		}
	}
	if group, _, ok := strings.Cut(head.APIVersion, "/"); ok && IsCustomGroup(group) {
		raw, err := sigsyaml.YAMLToJSON(doc)
		if err != nil {
			return err
		}
		var o unstructured.Unstructured
		if err := json.Unmarshal(raw, &o.Object); err != nil { // whole numbers become int64, as from a client
			return err
		}
		SlimCustom(&o)
		s.Customs = append(s.Customs, o)
		return nil
	}
	return fmt.Errorf("%s %s: not a kind that a Snapshot holds", head.APIVersion, head.Kind)
}

// own is the kinds of our own, each with how one is added to a Snapshot.
var own = map[string]func(*Snapshot, []byte) error{
	"Log":    ownKind(func(s *Snapshot) *[]Log { return &s.Logs }),
	"Host":   ownKind(func(s *Snapshot) *[]Host { return &s.Hosts }),
	"Lookup": ownKind(func(s *Snapshot) *[]Lookup { return &s.Lookups }),
	"Dial":   ownKind(func(s *Snapshot) *[]Dial { return &s.Dials }),
	"Metric": ownKind(func(s *Snapshot) *[]Metric { return &s.Metrics }),
	"Health": ownKind(func(s *Snapshot) *[]Health { return &s.Health }),
	"Secret": ownKind(func(s *Snapshot) *[]Secret { return &s.Secrets }),
	"Away": func(s *Snapshot, doc []byte) error {
		s.Away = &Away{}
		return strict(doc, s.Away)
	},
	"Cluster": func(s *Snapshot, doc []byte) error {
		return strict(doc, &struct {
			ServerVersion *string             `json:"serverVersion"`
			Namespace     *string             `json:"namespace"`
			SecretsSeen   *bool               `json:"secretsSeen"`
			NotSeen       *[]incident.NotSeen `json:"notSeen"`
		}{&s.ServerVersion, &s.Namespace, &s.SecretsSeen, &s.NotSeen})
	},
}

func ownKind[T any](field func(*Snapshot) *[]T) func(*Snapshot, []byte) error {
	return func(s *Snapshot, doc []byte) error {
		var t T
		if err := strict(doc, &t); err != nil {
			return err
		}
		*field(s) = append(*field(s), t)
		return nil
	}
}

// strict decodes all but the two fields that say what a document is.
func strict(doc []byte, into any) error {
	var fields map[string]any
	if err := sigsyaml.Unmarshal(doc, &fields); err != nil {
		return err
	}
	delete(fields, "apiVersion")
	delete(fields, "kind")
	rest, err := sigsyaml.Marshal(fields)
	if err != nil {
		return err
	}
	return sigsyaml.UnmarshalStrict(rest, into)
}
