package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/story"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/ollama"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/store"
	"github.com/paramedic-bot/paramedic/knowledge"
)

const (
	mostSimilar  = 3
	recallWithin = 8 * time.Second
)

// Mind tells stories and remembers: the model and the knowledge. It always answers, with less where Ollama is not there. It implements
// commands.Explainer and commands.Searcher and is safe for concurrent use.
type Mind struct {
	teller *story.Teller
	index  *knowledge.Index
	logger *slog.Logger
}

// OpenMind reads the postmortems. Embeddings are kept in st where it is not nil. Without a model the template tells; without an embedder
// words alone are compared.
func OpenMind(ctx context.Context, c Config, st *store.Store, r *redact.Redactor, logger *slog.Logger) (*Mind, error) {
	client, err := ollama.New(ollama.Options{Host: c.Ollama.Host, Chat: c.Ollama.Model, Embed: c.Ollama.Embedder, Way: c.Ollama.way(false)})
	if err != nil {
		return nil, err
	}
	m := &Mind{teller: &story.Teller{Redact: r.String, Timeout: c.Ollama.Timeout.Duration}, logger: logger}
	if c.Ollama.Model != "" {
		m.teller.Model = client
	}
	o := knowledge.Options{Dir: c.Knowledge, Logger: logger}
	if st != nil {
		o.Cache = st
	}
	if c.Ollama.Embedder != "" {
		o.Embedder = client
	}
	if m.index, err = knowledge.Open(ctx, o); err != nil {
		return nil, err
	}
	return m, nil
}

// Recall finds incidents of the past that are like the diagnosis. The note says what the search had to do without.
func (m *Mind) Recall(ctx context.Context, d *incident.Diagnosis) ([]incident.Similar, string) {
	ctx, cancel := context.WithTimeout(ctx, recallWithin)
	defer cancel()
	similar, note, err := m.index.Similar(ctx, d, mostSimilar)
	if err != nil {
		m.logger.Warn("cannot search the postmortems", "error", err)
		return nil, "the postmortems could not be searched"
	}
	return similar, note
}

// Tell tells the diagnosis.
func (m *Mind) Tell(ctx context.Context, d *incident.Diagnosis, similar []incident.Similar) incident.Story {
	return m.teller.Tell(ctx, d, similar)
}

// Explain answers a person who asks why, and waits: the template's story, and what was seen before.
func (m *Mind) Explain(ctx context.Context, d *incident.Diagnosis) (*incident.Story, []incident.Similar) {
	similar, _ := m.Recall(ctx, d)
	s := story.Template(d, similar)
	return &s, similar
}

// Search searches the postmortems.
func (m *Mind) Search(ctx context.Context, words string, n int) ([]incident.Similar, string, error) {
	ctx, cancel := context.WithTimeout(ctx, recallWithin)
	defer cancel()
	hits, note, err := m.index.Search(ctx, words, n)
	if err != nil {
		return nil, "", fmt.Errorf("search the postmortems: %w", err)
	}
	return hits, note, nil
}

// Publish writes an incident's postmortem into the knowledge folder and returns the file's path. Done again, it finds what it wrote.
func (m *Mind) Publish(ctx context.Context, s *incident.State) (string, error) {
	opened := s.OpenedAt.UTC()
	meta := knowledge.Meta{ID: strings.ToLower(opened.Format("2006-01-02-1504-") + s.ID), Date: opened.Format(time.DateOnly)}
	if s.Diagnosis != nil {
		for _, cause := range s.Diagnosis.Causes {
			for _, o := range cause.Objects {
				if !slices.Contains(meta.Kinds, o.Kind) {
					meta.Kinds = append(meta.Kinds, o.Kind)
				}
			}
		}
	}
	return m.index.Save(ctx, *s.WriteUp(), meta)
}

// Reread takes postmortems in that came into the folder from elsewhere, a git pull for instance.
func (m *Mind) Reread(ctx context.Context) error {
	_, err := m.index.Reindex(ctx)
	return err
}

// NewPlainMind is the Mind of a terminal: no model, no folder, the postmortems built in.
func NewPlainMind(ctx context.Context, redactText func(string) string, logger *slog.Logger) (*Mind, error) {
	index, err := knowledge.Open(ctx, knowledge.Options{Logger: logger})
	if err != nil {
		return nil, err
	}
	return &Mind{teller: &story.Teller{Redact: redactText}, index: index, logger: logger}, nil
}

// Shelf says what can be found.
type Shelf struct {
	Documents int      `json:"documents"`
	BuiltIn   int      `json:"builtIn"`
	Chunks    int      `json:"chunks"`
	Embedded  bool     `json:"embedded"` // by meaning too, not by words alone
	Note      string   `json:"note,omitempty"`
	Problems  []string `json:"problems"` // files that could not be read, and why
}

// Shelf counts what was read.
func (m *Mind) Shelf() Shelf {
	s := m.index.Stats()
	shelf := Shelf{Documents: s.Documents, BuiltIn: s.BuiltIn, Chunks: s.Chunks, Embedded: s.Embedded, Note: s.Note, Problems: []string{}}
	for _, p := range s.Problems {
		shelf.Problems = append(shelf.Problems, p.Error())
	}
	return shelf
}
