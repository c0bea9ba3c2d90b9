package bundle

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Format is the version of the file format that this program writes, and the newest that it reads.
const Format = 1

const manifestName = "manifest.json"

// WriteFile writes the bundle to path: all of it or, on an error, nothing. A file already there is replaced. Only its owner may read
// it, for redaction is no proof. The Info is of what was written.
func (b *Bundle) WriteFile(path string) (_ Info, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return Info{}, fmt.Errorf("write bundle %s: %w; is the folder there and writable?", path, err)
	}
	defer func() {
		if err != nil {
			f.Close() // a second Close does no harm
			os.Remove(f.Name())
			err = fmt.Errorf("write bundle %s: %w", path, err)
		}
	}()
	written := *b
	if written.Manifest, err = b.write(f); err != nil {
		return Info{}, err
	}
	if err := f.Sync(); err != nil {
		return Info{}, err
	}
	info := written.Info()
	if info.FileBytes, err = f.Seek(0, io.SeekCurrent); err != nil {
		return Info{}, err
	}
	if err := f.Close(); err != nil {
		return Info{}, err
	}
	return info, os.Rename(f.Name(), path)
}

// Write writes the bundle as a file's bytes, the same bytes for the same bundle. It does not change b: the manifest written is b's with
// its counts, entries and format computed. It refuses Secrets and names that could not be read back.
func (b *Bundle) Write(w io.Writer) error {
	_, err := b.write(w)
	return err
}

// write is Write, and returns the manifest written.
func (b *Bundle) write(w io.Writer) (Manifest, error) {
	files, err := b.files()
	if err != nil {
		return Manifest{}, err
	}
	m := b.manifest()
	for _, f := range files {
		sum := sha256.Sum256(f.data)
		m.Entries = append(m.Entries, Entry{Name: f.name, Size: int64(len(f.data)), SHA256: hex.EncodeToString(sum[:])})
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return Manifest{}, fmt.Errorf("encode %s: %w", manifestName, err)
	}
	// One goroutine: with more, where blocks end would depend on timing.
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return Manifest{}, err
	}
	t := tar.NewWriter(z)
	for _, f := range append([]file{{manifestName, data}}, files...) {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Size: int64(len(f.data)), Mode: 0o600, ModTime: time.Unix(0, 0)}
		if err := t.WriteHeader(h); err != nil {
			return Manifest{}, fmt.Errorf("write %s: %w", f.name, err)
		}
		if _, err := t.Write(f.data); err != nil {
			return Manifest{}, fmt.Errorf("write %s: %w", f.name, err)
		}
	}
	if err := t.Close(); err != nil {
		return Manifest{}, err
	}
	return m, z.Close()
}

// manifest is b's, with what follows from the rest of b computed; Entries are left to the caller.
func (b *Bundle) manifest() Manifest {
	m := b.Manifest
	m.Format, m.Kinds, m.Entries = Format, []Count{}, []Entry{}
	m.CapturedAt = m.CapturedAt.UTC()
	for gvr, list := range b.Objects {
		m.Kinds = append(m.Kinds, Count{Kind: b.kindOf(gvr), Count: len(list)})
	}
	slices.SortFunc(m.Kinds, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Resource, b.Resource))
	})
	m.NotSeen = slices.Clone(m.NotSeen)
	slices.SortFunc(m.NotSeen, NotSeen.Compare)
	return m
}

// file is an entry of the archive.
type file struct {
	name string
	data []byte
}

// files gives all entries but the manifest, by name.
func (b *Bundle) files() ([]file, error) {
	var files []file
	for gvr, list := range b.Objects {
		name := objectsName(gvr)
		if isSecret(gvr) {
			return nil, fmt.Errorf("%s: a bundle never holds Secrets", name)
		}
		data, err := encodeList(list)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", name, err)
		}
		files = append(files, file{name, data})
	}
	for k, data := range b.Logs {
		files = append(files, file{logName(k), data})
	}
	for k, data := range b.HostFiles {
		files = append(files, file{hostName(k), data})
	}
	if b.Facts != nil {
		if !json.Valid(b.Facts) {
			return nil, fmt.Errorf("%s: the facts are not JSON", factsName)
		}
		files = append(files, file{factsName, b.Facts})
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	for _, f := range files {
		if _, err := parseName(f.name); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// encodeList writes a v1 List with an object a line, so that two bundles can be compared by eye.
func encodeList(list []unstructured.Unstructured) ([]byte, error) {
	list = slices.Clone(list)
	sortObjects(list)
	var buf bytes.Buffer
	buf.WriteString(`{"apiVersion":"v1","kind":"List","items":[`)
	for i, o := range list {
		if o.GetAPIVersion() == "v1" && o.GetKind() == "Secret" {
			return nil, fmt.Errorf("%s/%s: a bundle never holds Secrets", o.GetNamespace(), o.GetName())
		}
		data, err := json.Marshal(o.Object)
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", o.GetNamespace(), o.GetName(), err)
		}
		if i > 0 {
			buf.WriteByte(',')
		}
		buf.WriteByte('\n')
		buf.Write(data)
	}
	buf.WriteString("\n]}\n")
	return buf.Bytes(), nil
}
