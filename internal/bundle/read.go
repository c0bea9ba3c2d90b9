package bundle

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
)

// Limits bounds what is read, for a bundle may come from anybody. Zero means the default.
type Limits struct {
	Entry   int64 // bytes of one entry, uncompressed; MaxSize
	Total   int64 // bytes of all entries, uncompressed; MaxSize, and a quarter for logs and host files
	Entries int   // 20,000
}

// MaxSize is how many bytes of objects, uncompressed, a bundle may hold at most. In memory they become some five times as many.
const MaxSize = 256 << 20

// withDefaults fills in what is zero.
func (l Limits) withDefaults() Limits {
	l.Entry = cmp.Or(l.Entry, MaxSize)
	l.Total = cmp.Or(l.Total, MaxSize+MaxSize/4)
	l.Entries = cmp.Or(l.Entries, 20_000)
	return l
}

// windowLimit bounds what the decompressor may hold back; encoders at the usual levels use 8 MiB at most.
const windowLimit = 64 << 20

// manifestLimit bounds the manifest: 20,000 entries take a fifth of it.
const manifestLimit = 16 << 20

const notBundle = `not a bundle (%s); was it made by "paramedic bundle capture"?`

// Open reads the bundle in a file, within the default Limits.
func Open(path string) (*Bundle, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	defer f.Close()
	b, err := Read(f, Limits{})
	if err != nil {
		return nil, fmt.Errorf("open bundle %s: %w", path, err)
	}
	return b, nil
}

// Read reads a bundle. What it returns is complete and as it was written: every entry that the manifest names was there, with the right
// checksum, and no other.
func Read(r io.Reader, limits Limits) (*Bundle, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(windowLimit), zstd.WithDecoderMaxMemory(windowLimit))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	defer z.Close()
	a := &archive{tar: tar.NewReader(z), limits: limits.withDefaults()}

	name, data, err := a.next(manifestLimit)
	switch {
	case errors.Is(err, zstd.ErrMagicMismatch):
		return nil, fmt.Errorf(notBundle, "not compressed with zstd")
	case errors.Is(err, io.EOF), errors.Is(err, tar.ErrHeader), err == nil && name != manifestName:
		return nil, fmt.Errorf(notBundle, "no "+manifestName)
	case err != nil:
		return nil, broken(err, 0, -1)
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf(notBundle, "its "+manifestName+" is unreadable: "+err.Error())
	}
	switch {
	case m.Format > Format:
		return nil, fmt.Errorf("its format %d is newer than the %d that this program reads; update paramedic", m.Format, Format)
	case m.Format < 1:
		return nil, fmt.Errorf(notBundle, manifestName+" gives no format")
	}
	return a.read(m)
}

// archive is the tar being read.
type archive struct {
	tar    *tar.Reader
	limits Limits
	total  int64
	count  int
}

// next returns the next entry, which may have limit bytes, io.EOF after the last.
func (a *archive) next(limit int64) (string, []byte, error) {
	h, err := a.tar.Next()
	if err != nil {
		return "", nil, err
	}
	if a.count++; a.count > a.limits.Entries+1 {
		return "", nil, fmt.Errorf("more than %d entries", a.limits.Entries)
	}
	if h.Typeflag != tar.TypeReg {
		return "", nil, fmt.Errorf("entry %q is not a plain file", h.Name)
	}
	if limit = min(limit, a.limits.Entry); h.Size > limit {
		return "", nil, fmt.Errorf("entry %q has %d bytes, more than the %d allowed", h.Name, h.Size, limit)
	}
	if a.total += h.Size; a.total > a.limits.Total {
		return "", nil, fmt.Errorf("more than %d bytes when uncompressed", a.limits.Total)
	}
	// Not allocated by what the header claims: a small file can claim anything.
	var buf bytes.Buffer
	if n, err := io.Copy(&buf, a.tar); err != nil {
		return "", nil, fmt.Errorf("entry %q: %w", h.Name, err)
	} else if n != h.Size {
		return "", nil, fmt.Errorf("entry %q: %w", h.Name, io.ErrUnexpectedEOF)
	}
	return h.Name, buf.Bytes(), nil
}

// read reads what the manifest announces.
func (a *archive) read(m Manifest) (*Bundle, error) {
	b := &Bundle{
		Manifest:  m,
		Objects:   map[schema.GroupVersionResource][]unstructured.Unstructured{},
		Logs:      map[LogKey][]byte{},
		HostFiles: map[HostKey][]byte{},
	}
	seen := map[string]bool{}
	for i, want := range m.Entries {
		if seen[want.Name] {
			return nil, fmt.Errorf("entry %q is there twice; the file was changed after it was made", want.Name)
		}
		seen[want.Name] = true
		name, data, err := a.next(a.limits.Entry)
		if err != nil {
			return nil, broken(err, i, len(m.Entries))
		}
		if name != want.Name {
			return nil, fmt.Errorf("entry %q is where the manifest announces %q; the file was changed after it was made", name, want.Name)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want.SHA256 {
			return nil, fmt.Errorf("entry %q has a wrong checksum; the file was damaged or changed: copy it again", name)
		}
		if err := b.add(name, data); err != nil {
			return nil, err
		}
	}
	switch name, _, err := a.next(a.limits.Entry); {
	case errors.Is(err, io.EOF):
		return b, nil
	case err != nil:
		return nil, broken(err, len(m.Entries), len(m.Entries))
	default:
		return nil, fmt.Errorf("entry %q is not in the manifest; the file was changed after it was made", name)
	}
}

// add puts an entry where it belongs.
func (b *Bundle) add(name string, data []byte) error {
	key, err := parseName(name)
	if err != nil {
		return err
	}
	switch key := key.(type) {
	case schema.GroupVersionResource:
		if isSecret(key) {
			return fmt.Errorf("entry %q: a bundle never holds Secrets", name)
		}
		if b.Objects[key], err = decodeList(key, data); err != nil {
			return fmt.Errorf("entry %q: %w", name, err)
		}
	case LogKey:
		b.Logs[key] = data
	case HostKey:
		b.HostFiles[key] = data
	default:
		var any any
		if err := json.Unmarshal(data, &any); err != nil {
			return fmt.Errorf("entry %q: %w", name, err)
		}
		b.Facts = data
	}
	return nil
}

// decodeList reads a List of one resource. Each object must say what it is and be named, once.
func decodeList(gvr schema.GroupVersionResource, data []byte) ([]unstructured.Unstructured, error) {
	out := []unstructured.Unstructured{}
	seen := map[string]bool{}
	kind := ""
	err := eachItem(data, func(i int, item map[string]any) error {
		o := unstructured.Unstructured{Object: item}
		if err := checkObject(&o, gvr.GroupVersion()); err != nil {
			return fmt.Errorf("object %d: %w", i, err)
		}
		switch key := objectKey(&o); {
		case seen[key]:
			return fmt.Errorf("object %s is there twice", key)
		case kind != "" && o.GetKind() != kind:
			return fmt.Errorf("object %s is a %s among %s", key, o.GetKind(), kind)
		default:
			seen[key], kind = true, o.GetKind()
		}
		out = append(out, o)
		return nil
	})
	if err != nil {
		return nil, err
	}
	sortObjects(out)
	return out, nil
}

// checkObject makes sure of what the rest of the package relies on.
func checkObject(o *unstructured.Unstructured, gv schema.GroupVersion) error {
	if _, ok := o.Object["metadata"].(map[string]any); !ok || o.GetName() == "" || o.GetKind() == "" {
		return errors.New("it has no kind or no name")
	}
	if o.GetAPIVersion() != gv.String() {
		return fmt.Errorf("it says apiVersion %q, its place says %q", o.GetAPIVersion(), gv)
	}
	if strings.Contains(o.GetName(), "/") || strings.Contains(o.GetNamespace(), "/") {
		return fmt.Errorf("%q is not a name", o.GetName())
	}
	if gv.Group == "" && o.GetKind() == "Secret" {
		return errors.New("a bundle never holds Secrets")
	}
	return nil
}

// objectKey is namespace/name, or the name alone outside namespaces.
func objectKey(o *unstructured.Unstructured) string {
	if ns := o.GetNamespace(); ns != "" {
		return ns + "/" + o.GetName()
	}
	return o.GetName()
}

// broken words an error of reading: most often the file ends too soon. read of all entries came before it; all is -1 if unknown.
func broken(err error, read, all int) error {
	switch {
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case all < 0:
		return errors.New("truncated: it ends within its manifest; copy it again")
	default:
		return fmt.Errorf("truncated: it ends after %d of %d entries; copy it again", read, all)
	}
}
