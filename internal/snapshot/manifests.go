package snapshot

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// FromManifests reads a YAML stream of Kubernetes objects, and of three kinds of our own (apiVersion "paramedic"): Log, Host and Lookup,
// whose fields are those of the types of the same name. It is how tests say what a cluster looks like. Unknown fields and kinds are
// errors, so that a fixture's slip of the pen does not pass for an absent fact. The Snapshot returned is indexed.
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
		return s.addOwn(head.Kind, doc)
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
	return fmt.Errorf("%s %s: not a kind that a Snapshot holds", head.APIVersion, head.Kind)
}

func (s *Snapshot) addOwn(kind string, doc []byte) error {
	type head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	switch kind {
	case "Log":
		var l struct {
			head
			Log
		}
		if err := sigsyaml.UnmarshalStrict(doc, &l); err != nil {
			return err
		}
		s.Logs = append(s.Logs, l.Log)
	case "Host":
		var h struct {
			head
			Host
		}
		if err := sigsyaml.UnmarshalStrict(doc, &h); err != nil {
			return err
		}
		s.Hosts = append(s.Hosts, h.Host)
	case "Lookup":
		var l struct {
			head
			Lookup
		}
		if err := sigsyaml.UnmarshalStrict(doc, &l); err != nil {
			return err
		}
		s.Lookups = append(s.Lookups, l.Lookup)
	default:
		return fmt.Errorf("paramedic %s: not one of Log, Host, Lookup", kind)
	}
	return nil
}
