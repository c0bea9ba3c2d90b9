package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of an [Archive]: it holds configuration, not data.
const (
	MaxFiles = 64
	MaxBytes = 1 << 20 // of all contents together
)

// tempPrefix marks the files that Restore writes before it renames them. libcni ignores names that end in ".tmp".
const tempPrefix = ".paramedic-"

// Archive is the regular files of one directory, by name. Its zero value is an empty directory.
type Archive struct {
	Files []File `json:"files"`
}

// File is one file of an Archive.
type File struct {
	Name    string      `json:"name"`
	Mode    fs.FileMode `json:"mode"` // permission bits only
	Content []byte      `json:"content"`
}

// Encode returns the archive as bytes: the same files always give the same bytes.
func (a Archive) Encode() []byte {
	b, err := json.Marshal(a)
	if err != nil { // names, numbers and bytes always encode
		panic(err)
	}
	return b
}

// Hash is the SHA-256 of the encoded archive, in hexadecimal.
func (a Archive) Hash() string {
	sum := sha256.Sum256(a.Encode())
	return hex.EncodeToString(sum[:])
}

// File returns the file of the name, or nil.
func (a Archive) File(name string) *File {
	for i := range a.Files {
		if a.Files[i].Name == name {
			return &a.Files[i]
		}
	}
	return nil
}

// Overlay is the directory that a becomes when the files of b are written over it and those named in remove are removed.
func (a Archive) Overlay(b Archive, remove []string) Archive {
	var out Archive
	for _, f := range a.Files {
		if b.File(f.Name) == nil && !slices.Contains(remove, f.Name) {
			out.Files = append(out.Files, f)
		}
	}
	out.Files = append(out.Files, b.Files...)
	slices.SortFunc(out.Files, func(x, y File) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// DecodeArchive reads what Encode wrote, and refuses names that would lead out of the directory.
func DecodeArchive(data []byte) (Archive, error) {
	var a Archive
	if err := json.Unmarshal(data, &a); err != nil {
		return Archive{}, fmt.Errorf("read archive: %w", err)
	}
	return a, a.valid()
}

func (a Archive) valid() error {
	size := 0
	for i, f := range a.Files {
		if !plainName(f.Name) {
			return fmt.Errorf("read archive: %q is not the name of a file in the directory", f.Name)
		}
		if f.Mode&^fs.ModePerm != 0 {
			return fmt.Errorf("read archive: %s has mode %v; only regular files are archived", f.Name, f.Mode)
		}
		if i > 0 && a.Files[i-1].Name >= f.Name {
			return fmt.Errorf("read archive: %s is out of order", f.Name)
		}
		size += len(f.Content)
	}
	if len(a.Files) > MaxFiles || size > MaxBytes {
		return fmt.Errorf("read archive: %d files of %d bytes; at most %d files and %d bytes are allowed", len(a.Files), size, MaxFiles, MaxBytes)
	}
	return nil
}

func plainName(name string) bool {
	return utf8.ValidString(name) && name != "" && name != "." && name != ".." && len(name) <= 255 && !strings.ContainsAny(name, "/\\\x00") &&
		!strings.HasPrefix(name, tempPrefix)
}

// Archive reads the directory's regular files, and when the directory or a file in it last changed. Directories in it are left out; a link
// is refused, and so are a file with several names and one that is mounted on its own, for what they hold may not be the directory's own.
// (Whoever may mount may read every file anyway.) An absent directory is an empty one, without a time.
func (h *Host) Archive(ctx context.Context, dir string) (Archive, time.Time, error) {
	type found struct {
		archive Archive
		changed time.Time
	}
	f, err := ask(ctx, h, "archive", func(_ context.Context, root *os.Root) (f found, err error) {
		f.archive, f.changed, err = archive(root, inside(dir))
		return f, err
	})
	if err != nil {
		return Archive{}, time.Time{}, fmt.Errorf("archive %s of %s: %w", dir, h.node, err)
	}
	return f.archive, f.changed, nil
}

func archive(root *os.Root, dir string) (a Archive, changed time.Time, err error) {
	d, err := openDirectory(root, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return a, changed, nil
	}
	if err != nil {
		return a, changed, err
	}
	defer d.Close()
	info, err := d.Stat()
	if err != nil {
		return a, changed, err
	}
	changed = info.ModTime()
	_, device := inode(info)
	entries, err := d.ReadDir(maxEntries)
	if err != nil && !errors.Is(err, io.EOF) {
		return a, changed, err
	}
	if len(entries) == maxEntries {
		return a, changed, fmt.Errorf("%d entries or more; is it a configuration directory?", maxEntries)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	size := int64(0)
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), tempPrefix) {
			continue
		}
		if !e.Type().IsRegular() || !plainName(e.Name()) {
			return a, changed, fmt.Errorf("%s is not a regular file with a plain name; mend or move it first", e.Name())
		}
		f, mod, err := readFile(root, path.Join(dir, e.Name()), device, MaxBytes-size)
		if err != nil {
			return a, changed, err
		}
		if size += int64(len(f.Content)); len(a.Files) == MaxFiles {
			return a, changed, fmt.Errorf("more than %d files; is it a configuration directory?", MaxFiles)
		}
		if mod.After(changed) {
			changed = mod
		}
		a.Files = append(a.Files, f)
	}
	return a, changed, nil
}

// readFile reads a file that lies on the device, and is at most limit bytes long.
func readFile(root *os.Root, p string, device uint64, limit int64) (File, time.Time, error) {
	f, err := openRegular(root, p, noLink)
	if err != nil {
		return File{}, time.Time{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return File{}, time.Time{}, err
	}
	if _, on := inode(info); on != device {
		return File{}, time.Time{}, fmt.Errorf("/%s: it is mounted on its own; unmount it first", p)
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return File{}, time.Time{}, err
	}
	if int64(len(b)) > limit {
		return File{}, time.Time{}, fmt.Errorf("more than %d bytes; is it a configuration directory?", MaxBytes)
	}
	return File{Name: path.Base(p), Mode: info.Mode().Perm(), Content: b}, info.ModTime(), nil
}
