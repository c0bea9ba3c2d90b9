package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
	"github.com/paramedic-bot/paramedic/knowledge"
)

// finds is what holds the text.
type finds struct {
	events     map[string][]store.Event // by stream; the data is as it is
	blobs      map[string][]byte        // name → what takes its place; nil: nothing
	deliveries []store.Delivery
	files      map[string][]byte // path → its content without it
	chunks     []string          // of the documents concerned
	notes      []string
}

func (f *finds) empty() bool {
	return len(f.events)+len(f.blobs)+len(f.deliveries)+len(f.files) == 0
}

// incidents are those whose record or messages hold the text.
func (f *finds) incidents() []string {
	seen := map[string]bool{}
	for stream := range f.events {
		if id, ok := strings.CutPrefix(stream, streamPrefix); ok {
			seen[id] = true
		}
	}
	for _, d := range f.deliveries {
		seen[d.Incident] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func (p *purger) find(ctx context.Context) (*finds, error) {
	f := &finds{events: map[string][]store.Event{}, blobs: map[string][]byte{}, files: map[string][]byte{}}
	if err := p.findBlobs(ctx, f); err != nil {
		return nil, err
	}
	infos, err := p.store.Streams(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, info := range infos {
		if info.Stream == store.SystemStream {
			continue
		}
		events, err := p.store.Load(ctx, info.Stream, 0)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if p.text.in(e.Data) || namesOne(e.Data, f.blobs) {
				f.events[info.Stream] = append(f.events[info.Stream], e)
			}
		}
	}
	err = p.store.AllDeliveries(ctx, func(d store.Delivery) {
		if p.text.in(d.Wanted) {
			f.deliveries = append(f.deliveries, d)
		}
	})
	if err != nil {
		return nil, err
	}
	return f, p.findFiles(f)
}

// namesOne says whether data names a blob that another takes the place of.
func namesOne(data []byte, blobs map[string][]byte) bool {
	for name, now := range blobs {
		if now != nil && bytes.Contains(data, []byte(name)) {
			return true
		}
	}
	return false
}

func (p *purger) findBlobs(ctx context.Context, f *finds) error {
	names, err := p.store.BlobHashes(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		data, err := p.store.Blob(ctx, name)
		if err != nil {
			f.notes = append(f.notes, err.Error())
			continue
		}
		if p.text.inBlob(data) {
			f.blobs[name] = p.repacked(data)
		}
	}
	return nil
}

// repacked is a whole diagnosis without the text; nil for any other blob.
func (p *purger) repacked(data []byte) []byte {
	d, err := incident.Unpack(data)
	if err != nil {
		return nil
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return nil
	}
	d = &incident.Diagnosis{}
	if json.Unmarshal(clean(raw, p.text.replacer), d) != nil {
		return nil
	}
	now, err := incident.Pack(d)
	if err != nil {
		return nil
	}
	return now
}

func (p *purger) findFiles(f *finds) error {
	if p.Knowledge == "" {
		return nil
	}
	err := filepath.WalkDir(p.Knowledge, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case path != p.Knowledge && e.IsDir() && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		if p.text.in([]byte(e.Name())) {
			f.notes = append(f.notes, "the name of a file in "+filepath.Dir(path)+" holds it: rename it by hand")
		}
		if info, err := e.Info(); err != nil || info.Size() > mostFile {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || !p.text.in(data) {
			return err
		}
		f.files[path] = []byte(p.text.replacer.Replace(string(data)))
		if d, err := knowledge.Parse(data); err == nil {
			for _, c := range d.Chunks() {
				f.chunks = append(f.chunks, c.Hash(d.Title))
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look through the postmortems: %w", err)
	}
	if len(f.files) > 0 {
		if at := repository(p.Knowledge); at != "" {
			f.notes = append(f.notes, at+" is a git repository: its history holds it still")
		}
	}
	return nil
}

// repository is the git repository that a folder lies in; empty if none.
func repository(dir string) string {
	dir, err := filepath.Abs(dir)
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	return ""
}
