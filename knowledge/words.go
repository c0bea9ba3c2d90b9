package knowledge

import (
	"context"
	"fmt"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/simple"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/search/query"
)

// wordIndex finds chunks by their words.
type wordIndex struct {
	index bleve.Index
	batch *bleve.Batch
}

// wordFields are what is searched, and how much a hit there counts.
var wordFields = map[string]float64{"title": 3, "codes": 3, "tags": 2, "services": 2, "heading": 1, "text": 1}

func newWordIndex() (*wordIndex, error) {
	m := bleve.NewIndexMapping()
	m.DefaultAnalyzer = en.AnalyzerName
	names := bleve.NewTextFieldMapping()
	names.Analyzer = simple.Name
	for _, f := range []string{"codes", "tags", "services"} {
		m.DefaultMapping.AddFieldMappingsAt(f, names)
	}
	index, err := bleve.NewMemOnly(m)
	if err != nil {
		return nil, fmt.Errorf("make the index of words: %w", err)
	}
	return &wordIndex{index, index.NewBatch()}, nil
}

func (w *wordIndex) add(d *Document, c Chunk) error {
	return w.batch.Index(c.ID, map[string]any{
		"title": d.Title, "heading": c.Heading, "text": c.Text,
		"codes": strings.Join(d.Codes, " "), "services": strings.Join(d.Services, " "), "tags": strings.Join(d.Tags, " "),
	})
}

func (w *wordIndex) flush() error {
	err := w.index.Batch(w.batch)
	w.batch = nil
	return err
}

func (w *wordIndex) close() error { return w.index.Close() }

// search returns ids of chunks, the best first. The query is words, no language.
func (w *wordIndex) search(ctx context.Context, words string, n int) ([]string, error) {
	var fields []query.Query
	for f, boost := range wordFields {
		q := bleve.NewMatchQuery(words)
		q.SetField(f)
		q.SetBoost(boost)
		fields = append(fields, q)
	}
	req := bleve.NewSearchRequestOptions(bleve.NewDisjunctionQuery(fields...), n, 0, false)
	req.SortBy([]string{"-_score", "_id"})
	res, err := w.index.SearchInContext(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("search by words: %w", err)
	}
	var ids []string
	for _, hit := range res.Hits {
		ids = append(ids, hit.ID)
	}
	return ids, nil
}
