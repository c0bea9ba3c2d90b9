package knowledge

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	maxQuery   = 2000 // bytes
	candidates = 50   // chunks of each kind of search
	maxHits    = 50
	excerpt    = 300 // runes

	// fusion is k of reciprocal rank fusion: Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual
	// rank learning methods", SIGIR 2009, which finds 60 good and the exact number unimportant.
	fusion = 60
	// related is the cosine below which two texts have nothing to do with each other: vectors always have a nearest neighbour. With
	// all-minilm, unrelated texts of this field lie below it.
	related = 0.3
)

// Search finds documents by words and meaning, the best first, each once with its best piece as Excerpt; Score is 1 for one that comes
// first in both. The note says what the search had to do without. No hits is an answer.
func (x *Index) Search(ctx context.Context, words string, n int) ([]incident.Similar, string, error) {
	words = clip.Prefix(strings.ToValidUTF8(strings.TrimSpace(words), ""), maxQuery)
	if words == "" {
		return nil, "", errors.New("search the knowledge: no words given")
	}
	vector, digest, note := x.embedQuery(ctx, words)
	x.mu.RLock()
	defer x.mu.RUnlock()
	s := x.now
	byWords, err := s.words.search(ctx, words, candidates)
	if err != nil {
		return nil, note, err
	}
	rankings := [][]string{byWords}
	if near, why := s.near(ctx, vector, digest); why != "" {
		note = cmp.Or(note, why)
	} else if vector != nil {
		var ids []string
		for _, c := range near {
			if c.cosine >= related {
				ids = append(ids, c.id)
			}
		}
		rankings = append(rankings, ids)
	}
	return s.hits(fuse(rankings), len(rankings), n), note, nil
}

// embedQuery gives the query's vector, or says why it has none. It is done before the shelf is held: an embedder may be slow.
func (x *Index) embedQuery(ctx context.Context, text string) (vector []float32, digest, note string) {
	if x.o.Embedder == nil {
		return nil, "", "found by words alone: no embedder is configured"
	}
	x.mu.RLock()
	meaning, note := x.now.meaning, x.now.note
	x.mu.RUnlock()
	if meaning == nil {
		return nil, "", note
	}
	ctx, cancel := context.WithTimeout(ctx, x.o.QueryTimeout)
	defer cancel()
	vectors, err := x.o.Embedder.Embed(ctx, []string{clip.Prefix(text, chunkSize)})
	switch {
	case err != nil:
		return nil, "", "found by words alone: " + err.Error()
	case len(vectors) != 1:
		return nil, "", "found by words alone: the embedder gave no vector"
	}
	return vectors[0], meaning.digest, ""
}

// near finds the chunks nearest to a vector of the model with the digest. It says why if it can't.
func (s *shelf) near(ctx context.Context, vector []float32, digest string) ([]near, string) {
	if vector == nil {
		return nil, ""
	}
	if s.meaning == nil || s.meaning.digest != digest {
		return nil, "found by words alone: the knowledge is being embedded again"
	}
	found, err := s.meaning.search(ctx, vector, candidates)
	if err != nil {
		return nil, "found by words alone: " + err.Error()
	}
	return found, ""
}

// fuse joins rankings by reciprocal rank.
func fuse(rankings [][]string) map[string]float64 {
	scores := map[string]float64{}
	for _, ids := range rankings {
		for i, id := range ids {
			scores[id] += 1 / float64(fusion+i+1)
		}
	}
	return scores
}

// hits makes of chunks' scores the best n documents.
func (s *shelf) hits(scores map[string]float64, rankings, n int) []incident.Similar {
	ids := make([]string, 0, len(scores))
	for id := range scores {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(scores[b], scores[a]), strings.Compare(s.byID[s.chunks[b].Doc].Date, s.byID[s.chunks[a].Doc].Date),
			strings.Compare(a, b))
	})
	var out []incident.Similar
	seen := map[string]bool{}
	for _, id := range ids {
		c := s.chunks[id]
		if seen[c.Doc] || len(out) == min(n, maxHits) {
			continue
		}
		seen[c.Doc] = true
		out = append(out, s.similar(s.byID[c.Doc], c.Text, scores[id]*float64(fusion+1)/float64(rankings)))
	}
	return out
}

func (s *shelf) similar(d *Document, text string, score float64) incident.Similar {
	return incident.Similar{ID: d.ID, Title: d.Title, Date: d.Date, Score: score, Outcome: d.Outcome, Worked: d.Worked,
		Excerpt: shorten(oneLine(text), excerpt)}
}

// shorten cuts s to at most n runes, at a word if there is one near.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	short := string([]rune(s)[:n])
	if i := strings.LastIndexByte(short, ' '); i > len(short)*3/4 {
		short = short[:i]
	}
	return short + "…"
}
