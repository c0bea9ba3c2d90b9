package knowledge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"

	"github.com/philippgille/chromem-go"
)

// vectorIndex finds chunks by their meaning.
type vectorIndex struct {
	collection *chromem.Collection
	digest     string // of the model
	size       int    // numbers of a vector
}

// vectorizer embeds, and remembers what it embedded.
type vectorizer struct {
	embedder Embedder
	cache    Cache
	log      *slog.Logger
	memo     map[string][]float32 // by digest and hash; used by one rebuild at a time
}

const embedBatch = 16

// index embeds all chunks of a shelf. What it could embed before an error is remembered.
func (v *vectorizer) index(ctx context.Context, s *shelf) (*vectorIndex, error) {
	digest, err := v.embedder.EmbedDigest(ctx)
	if err != nil {
		return nil, err
	}
	collection, err := chromem.NewDB().CreateCollection("chunks", nil, func(context.Context, string) ([]float32, error) {
		return nil, errors.New("a chunk came without its vector") // chromem would else ask a service of its own choice
	})
	if err != nil {
		return nil, fmt.Errorf("make the index of meaning: %w", err)
	}
	vectors, err := v.embedAll(ctx, digest, s)
	if err != nil {
		return nil, err
	}
	size := 0
	for id, vector := range vectors {
		if size == 0 {
			size = len(vector)
		}
		if !usable(vector, size) {
			return nil, fmt.Errorf("the embedder gave a vector for %s that is zero, not finite or of another length", id)
		}
		if err := collection.AddDocument(ctx, chromem.Document{ID: id, Embedding: vector, Content: id}); err != nil {
			return nil, fmt.Errorf("add %s to the index of meaning: %w", id, err)
		}
	}
	return &vectorIndex{collection, digest, size}, nil
}

// embedAll returns a vector for each chunk: remembered, from the cache, or made.
func (v *vectorizer) embedAll(ctx context.Context, digest string, s *shelf) (map[string][]float32, error) {
	out := map[string][]float32{}
	used := map[string][]float32{}
	var missing []Chunk
	key := func(c Chunk) string { return digest + "/" + c.Hash(s.byID[c.Doc].Title) }
	for _, c := range s.chunks {
		vector := v.memo[key(c)]
		if vector == nil {
			vector = v.cached(ctx, digest, c.Hash(s.byID[c.Doc].Title))
		}
		if vector == nil {
			missing = append(missing, c)
			continue
		}
		out[c.ID], used[key(c)] = vector, vector
	}
	slices.SortFunc(missing, func(a, b Chunk) int { return strings.Compare(a.ID, b.ID) })
	v.memo = used // what is gone is forgotten
	for batch := range slices.Chunk(missing, embedBatch) {
		texts := make([]string, len(batch))
		for i, c := range batch {
			texts[i] = c.embedded(s.byID[c.Doc].Title)
		}
		vectors, err := v.embedder.Embed(ctx, texts)
		if err == nil && len(vectors) != len(batch) {
			err = fmt.Errorf("the embedder gave %d vectors for %d texts", len(vectors), len(batch))
		}
		if err != nil {
			return nil, err
		}
		for i, c := range batch {
			out[c.ID], v.memo[key(c)] = vectors[i], vectors[i]
			v.keep(ctx, digest, c.Hash(s.byID[c.Doc].Title), vectors[i])
		}
	}
	return out, nil
}

func (v *vectorizer) cached(ctx context.Context, digest, hash string) []float32 {
	if v.cache == nil {
		return nil
	}
	vector, ok, err := v.cache.Embedding(ctx, digest, hash)
	if err != nil {
		v.log.Warn("read an embedding from the cache", "err", err)
	}
	if !ok || err != nil {
		return nil
	}
	return vector
}

func (v *vectorizer) keep(ctx context.Context, digest, hash string, vector []float32) {
	if v.cache == nil || !usable(vector, len(vector)) {
		return
	}
	if err := v.cache.PutEmbedding(ctx, digest, hash, vector); err != nil {
		v.log.Warn("keep an embedding in the cache", "err", err)
	}
}

// usable says whether a vector has a direction.
func usable(vector []float32, size int) bool {
	sum := 0.0
	for _, x := range vector {
		sum += float64(x) * float64(x)
	}
	return len(vector) == size && sum > 0 && !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

// near is a chunk and how near it is: the cosine, 1 for the same direction.
type near struct {
	id     string
	cosine float64
}

// search returns the n nearest chunks, or fewer: chromem errs when asked for more than it has.
func (x *vectorIndex) search(ctx context.Context, vector []float32, n int) ([]near, error) {
	if n = min(n, x.collection.Count()); n < 1 {
		return nil, nil
	}
	if !usable(vector, x.size) {
		return nil, fmt.Errorf("the query's vector has %d numbers, the documents' %d; has the embedding model changed?", len(vector), x.size)
	}
	results, err := x.collection.QueryEmbedding(ctx, vector, n, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("search by meaning: %w", err)
	}
	var out []near
	for _, r := range results {
		out = append(out, near{r.ID, float64(r.Similarity)})
	}
	slices.SortFunc(out, func(a, b near) int {
		if a.cosine != b.cosine {
			if a.cosine > b.cosine {
				return -1
			}
			return 1
		}
		return strings.Compare(a.id, b.id)
	})
	return out, nil
}
