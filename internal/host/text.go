package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

// readText returns a small file's content without the white space around it; an absent file is "". At most limit bytes are read.
func readText(root *os.Root, p string, limit int64, r rule) (string, error) {
	b, err := readHead(root, p, limit, r)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(b), "�")), err
}

// tailLines are the lines of a file's end, oldest first; an absent file has none. At most limit bytes are read.
func tailLines(root *os.Root, p string, limit int64, r rule) ([]string, error) {
	b, err := readTail(root, p, limit, r)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(strings.ToValidUTF8(string(b), "�"), func(r rune) bool { return r == '\n' || r == '\r' }), nil
}

// listDirectory names a directory's entries, in order; an absent directory has none. Of more than limit it names that many, whichever, with
// an error.
func listDirectory(root *os.Root, dir string, limit int) ([]string, error) {
	d, err := openDirectory(root, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(limit + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	err = nil
	if len(names) > limit {
		names, err = names[:limit], fmt.Errorf("%s: more than %d entries; the rest was not looked at", dir, limit)
	}
	slices.Sort(names)
	return names, err
}

// glob names the files of a directory that match the pattern, with their paths, in order.
func glob(root *os.Root, dir, pattern string) ([]string, error) {
	names, err := listDirectory(root, dir, maxEntries)
	var out []string
	for _, name := range names {
		if ok, err := path.Match(pattern, name); err == nil && ok {
			out = append(out, path.Join(dir, name))
		}
	}
	return out, err
}

// maxEntries bounds the entries of a directory that are looked at.
const maxEntries = 4096

// cut shortens a line to maxLine bytes and an "…".
func cut(line string) string {
	if len(line) <= maxLine {
		return line
	}
	return clip.Bytes(strings.ToValidUTF8(line, ""), maxLine+len("…"))
}
