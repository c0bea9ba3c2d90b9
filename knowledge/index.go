package knowledge

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"
)

// Embedder turns texts into vectors. EmbedDigest names the model: vectors of different digests are not compared.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
	EmbedDigest(ctx context.Context) (string, error)
}

// Cache keeps vectors by the model's digest and the chunk's hash.
type Cache interface {
	Embedding(ctx context.Context, modelDigest, chunkHash string) ([]float32, bool, error)
	PutEmbedding(ctx context.Context, modelDigest, chunkHash string, vector []float32) error
}

// Options say where the knowledge is and what helps to find it.
type Options struct {
	Dir      string       // the folder; empty: the postmortems built in alone, and nothing can be saved
	Embedder Embedder     // nil: words alone
	Cache    Cache        // nil: vectors are kept in memory alone
	Logger   *slog.Logger // nil: slog.Default()

	IndexTimeout time.Duration // for embedding the documents; 0: 20 s. What was embedded until then is kept for the next time
	QueryTimeout time.Duration // for embedding a query; 0: 2 s
}

// Index finds documents. It is safe for concurrent use. Make it with [Open].
type Index struct {
	o         Options
	reindexMu sync.Mutex // one rebuild or save at a time
	vectors   *vectorizer

	mu  sync.RWMutex
	now *shelf
}

// shelf is the Index at one moment. It does not change.
type shelf struct {
	files    map[string]stamp
	docs     []*Document
	byID     map[string]*Document
	chunks   map[string]Chunk
	problems []Problem
	words    *wordIndex
	meaning  *vectorIndex // nil: words alone
	note     string       // why, if there is an embedder
}

// Stats say what an Index holds.
type Stats struct {
	Documents, BuiltIn, Chunks int
	Embedded                   bool   // it finds by meaning too
	Note                       string // why not
	Problems                   []Problem
}

// Open reads the folder. One bad file is a [Problem], not an error; neither is an embedder that does not answer.
func Open(ctx context.Context, o Options) (*Index, error) {
	o.Logger = cmp.Or(o.Logger, slog.Default())
	o.IndexTimeout = cmp.Or(o.IndexTimeout, 20*time.Second)
	o.QueryTimeout = cmp.Or(o.QueryTimeout, 2*time.Second)
	x := &Index{o: o, vectors: &vectorizer{embedder: o.Embedder, cache: o.Cache, log: o.Logger, memo: map[string][]float32{}}}
	if _, err := x.Reindex(ctx); err != nil {
		return nil, err
	}
	return x, nil
}

// Close frees the Index. It must not be used afterwards.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.now.words.close()
}

// Reindex looks whether files have changed since the last time and reads them again if so, or if an embedder that did not answer
// then may do now. It says whether the documents have changed. It is cheap if nothing has.
func (x *Index) Reindex(ctx context.Context) (bool, error) {
	x.reindexMu.Lock()
	defer x.reindexMu.Unlock()
	return x.reindex(ctx)
}

func (x *Index) reindex(ctx context.Context) (bool, error) {
	files, err := scan(x.o.Dir)
	if err != nil {
		return false, err
	}
	old := x.now // only written under reindexMu
	same := old != nil && maps.Equal(files, old.files)
	if same && (x.o.Embedder == nil || old.meaning != nil) {
		return false, nil
	}
	next := &shelf{files: files}
	if same {
		next.docs, next.problems = old.docs, old.problems
	} else {
		next.docs, next.problems = read(files)
	}
	if err := next.fill(); err != nil {
		return false, err
	}
	if x.o.Embedder != nil {
		next.embed(ctx, x.vectors, x.o.IndexTimeout)
	}
	x.put(old, next)
	if !same {
		x.report(next)
	}
	return !same, nil
}

// put swaps shelves once nobody reads the old one.
func (x *Index) put(old, next *shelf) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now = next
	if old != nil {
		if err := old.words.close(); err != nil {
			x.o.Logger.Warn("close the old word index", "err", err)
		}
	}
}

func (x *Index) report(s *shelf) {
	for _, p := range s.problems {
		x.o.Logger.Warn("a postmortem cannot be used", "path", p.Path, "err", p.Err)
	}
	x.o.Logger.Info("knowledge indexed", "documents", len(s.docs), "chunks", len(s.chunks), "problems", len(s.problems), "note", s.note)
}

func (s *shelf) fill() error {
	s.byID, s.chunks = map[string]*Document{}, map[string]Chunk{}
	var err error
	if s.words, err = newWordIndex(); err != nil {
		return err
	}
	for _, d := range s.docs {
		s.byID[d.ID] = d
		for _, c := range d.Chunks() {
			s.chunks[c.ID] = c
			if err := s.words.add(d, c); err != nil {
				return fmt.Errorf("index %s: %w", c.ID, err)
			}
		}
	}
	return s.words.flush()
}

func (s *shelf) embed(ctx context.Context, v *vectorizer, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var err error
	if s.meaning, err = v.index(ctx, s); err != nil {
		s.meaning, s.note = nil, "found by words alone: "+err.Error()
		v.log.Warn("knowledge is searched by words alone", "err", err)
	}
}

// Documents returns all documents, the newest first. They are shared: don't change them.
func (x *Index) Documents() []*Document {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.now.docs
}

// Document returns the document with the id, or nil.
func (x *Index) Document(id string) *Document {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.now.byID[id]
}

// Stats says what the Index holds.
func (x *Index) Stats() Stats {
	x.mu.RLock()
	defer x.mu.RUnlock()
	s := Stats{Documents: len(x.now.docs), Chunks: len(x.now.chunks), Embedded: x.now.meaning != nil, Note: x.now.note,
		Problems: x.now.problems}
	for _, d := range x.now.docs {
		if d.BuiltIn {
			s.BuiltIn++
		}
	}
	return s
}
