package knowledge

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

//go:embed postmortems/*.md
var builtIn embed.FS

// Problem is a file that could not be used, and why.
type Problem struct {
	Path string
	Err  error
}

// Error is both in one line.
func (p Problem) Error() string { return p.Path + ": " + oneLine(p.Err.Error()) }

const maxFiles = 5000

// stamp tells cheaply whether a file is still the same.
type stamp struct {
	size    int64
	changed time.Time
}

// scan lists the Markdown files of a folder and of those in it, hidden ones aside. A folder that does not exist has none.
func scan(dir string) (map[string]stamp, error) {
	files := map[string]stamp{}
	if dir == "" {
		return files, nil
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if path == dir && errors.Is(err, fs.ErrNotExist) {
				return fs.SkipAll
			}
			return err
		}
		if path != dir && strings.HasPrefix(e.Name(), ".") {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() || !strings.EqualFold(filepath.Ext(path), ".md") {
			return nil
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone since
		}
		if err != nil {
			return err
		}
		if files[path] = (stamp{info.Size(), info.ModTime()}); len(files) > maxFiles {
			return fmt.Errorf("more than %d files; is it the right folder?", maxFiles)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for postmortems in %s: %w", dir, err)
	}
	return files, nil
}

// read parses the files and adds those built in whose ids they don't have. Documents come the newest first.
func read(files map[string]stamp) (docs []*Document, problems []Problem) {
	paths := make([]string, 0, len(files))
	for path := range files {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	byID := map[string]*Document{}
	for _, path := range paths {
		d, err := readFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, errNoFrontMatter) && slices.Contains([]string{"readme.md", "contributing.md", "index.md"},
			strings.ToLower(filepath.Base(path))):
		case err != nil:
			problems = append(problems, Problem{path, err})
		case byID[d.ID] != nil:
			problems = append(problems, Problem{path, fmt.Errorf("id %q is taken by %s", d.ID, byID[d.ID].Path)})
		default:
			byID[d.ID] = &d
			docs = append(docs, &d)
		}
	}
	for _, d := range builtIns() {
		if byID[d.ID] == nil {
			docs = append(docs, d)
		}
	}
	slices.SortStableFunc(docs, func(a, b *Document) int { return strings.Compare(b.Date+b.ID, a.Date+a.ID) })
	return docs, problems
}

func readFile(path string) (Document, error) {
	f, err := os.Open(path)
	if err != nil {
		return Document{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Document{}, err
	}
	d, err := Parse(data)
	d.Path = path
	return d, err
}

// builtIns are the postmortems that come with the program. A test reads them.
func builtIns() []*Document {
	entries, err := builtIn.ReadDir("postmortems")
	if err != nil {
		panic(err)
	}
	var docs []*Document
	for _, e := range entries {
		data, err := builtIn.ReadFile("postmortems/" + e.Name())
		if err != nil {
			panic(err)
		}
		d, err := Parse(data)
		if err != nil {
			panic(fmt.Sprintf("knowledge: built-in postmortem %s: %v", e.Name(), err))
		}
		d.BuiltIn = true
		docs = append(docs, &d)
	}
	return docs
}
