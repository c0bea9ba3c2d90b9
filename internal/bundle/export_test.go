package bundle

import (
	"bytes"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/internal/redact"
)

// ReadEntry reads a bundle of one entry, for fuzzing without the archive around it.
func ReadEntry(name string, data []byte) (*Bundle, error) {
	b := &Bundle{Objects: map[schema.GroupVersionResource][]unstructured.Unstructured{}, Logs: map[LogKey][]byte{},
		HostFiles: map[HostKey][]byte{}}
	return b, b.add(name, data)
}

// ReadDump reads what a dump printed, within limits.
func ReadDump(data []byte, l Limits, secrets func(string) string) (*Bundle, error) {
	d := &dump{limits: l.withDefaults(), redactor: redact.Walker{Text: secrets}}
	return d.fromStream(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }, time.Unix(0, 0))
}
