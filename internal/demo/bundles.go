package demo

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// The two bundles were captured from one cluster of the lab: with its services up, and a minute into the founding incident.
var (
	//go:embed bundles/healthy.tar.zst
	healthyFile []byte
	//go:embed bundles/broken.tar.zst
	brokenFile []byte
)

// Healthy returns the bundle of the cluster while all was well.
func Healthy() (*bundle.Bundle, error) { return load("healthy", healthyFile) }

// Broken returns the bundle of the same cluster during the incident.
func Broken() (*bundle.Bundle, error) { return load("broken", brokenFile) }

func load(name string, file []byte) (*bundle.Bundle, error) {
	b, err := bundle.Read(bytes.NewReader(file), bundle.Limits{})
	if err != nil {
		return nil, fmt.Errorf("read the embedded bundle %s: %w", name, err)
	}
	withoutResolver(b)
	return b, nil
}

// withoutResolver takes from the DNS Service the label by which Paramedic finds a resolver to ask: no name server answers behind a replay,
// and its address may be somebody else's where the demo runs.
func withoutResolver(b *bundle.Bundle) {
	for _, svc := range b.List(servicesGVR) {
		if svc.GetNamespace() == dnsNamespace {
			unstructured.RemoveNestedField(svc.Object, "metadata", "labels", dnsLabel)
		}
	}
}

// nodeOf is the node whose files the bundle has, and where its CNI configuration lies there.
func nodeOf(b *bundle.Bundle) (name, cniDir string, err error) {
	var f bundle.Facts
	if err := json.Unmarshal(b.Facts, &f); err != nil {
		return "", "", fmt.Errorf("read the bundle's facts: %w", err)
	}
	if len(f.Hosts) != 1 {
		return "", "", fmt.Errorf("the bundle knows the files of %d nodes, not of one; was it captured with --host-root?", len(f.Hosts))
	}
	return f.Hosts[0].Node, f.Hosts[0].CNIDir, nil
}
