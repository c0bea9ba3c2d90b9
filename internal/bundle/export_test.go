package bundle

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ReadEntry reads a bundle of one entry, for fuzzing without the archive around it.
func ReadEntry(name string, data []byte) (*Bundle, error) {
	b := &Bundle{Objects: map[schema.GroupVersionResource][]unstructured.Unstructured{}, Logs: map[LogKey][]byte{}, HostFiles: map[HostKey][]byte{}}
	return b, b.add(name, data)
}
