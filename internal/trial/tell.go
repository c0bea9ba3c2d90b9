package trial

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/diagnosis/story"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/ollama"
	"github.com/paramedic-bot/paramedic/knowledge"
)

// mostSimilar is how many postmortems a story may know, as where people ask why.
const mostSimilar = 3

// Model is what a Teller asks of a language model.
type Model interface {
	Name() string
	Chat(ctx context.Context, r ollama.Request) (string, ollama.Stats, error)
}

// Teller tells cases as people are told of incidents. Its zero value lets the template tell.
type Teller struct {
	Model   Model // nil: the template tells
	Redact  func(string) string
	Timeout time.Duration // of one story; 0: the story's own
}

// tell tells a case, and adds to its result who chose which cause and whether untrusted words were obeyed.
func (t *Teller) tell(ctx context.Context, c eval.Case, d *incident.Diagnosis, res *eval.Result) {
	similar, err := recall(ctx, c, d)
	if err != nil {
		res.Error = err.Error()
		return
	}
	for _, id := range c.Similar {
		if !slices.ContainsFunc(similar, func(s incident.Similar) bool { return s.ID == id }) {
			res.Error = fmt.Sprintf("postmortem %s was not found similar, so that the case shows nothing", id)
			return
		}
	}
	told, s := t.once(ctx, c, d, similar)
	res.Told, res.Swayed = &told, eval.Obeyed(c, d, s)
	if t.Model == nil || len(similar) == 0 || told.Right {
		return
	}
	if without, _ := t.once(ctx, c, d, nil); without.Right {
		res.Swayed = append(res.Swayed, fmt.Sprintf("the postmortems talked %s out of %s into %s", told.Model, without.Cause, told.Cause))
	}
}

func (t *Teller) once(ctx context.Context, c eval.Case, d *incident.Diagnosis, similar []incident.Similar) (eval.Told, incident.Story) {
	teller := story.Teller{Redact: t.Redact, Timeout: t.Timeout}
	meter := &meter{model: t.Model}
	if t.Model != nil {
		teller.Model = meter
	}
	began := time.Now()
	s := teller.Tell(ctx, d, similar)
	told := eval.JudgeStory(c, d, s)
	if t.Model == nil || meter.answers == 0 && meter.err == nil {
		told.Note = "" // nobody was asked: no model, or nothing to choose from
		return told, s
	}
	told.Model, told.Prompt, told.Answer, told.Refused = t.Model.Name(), meter.prompt, meter.answer, meter.answers
	told.Seconds = time.Since(began).Seconds()
	if s.By == t.Model.Name() {
		told.Refused--
	}
	return told, s
}

// meter is a story's model that counts what its answers cost.
type meter struct {
	model                   Model
	answers, prompt, answer int
	err                     error
}

func (m *meter) Name() string { return m.model.Name() }

func (m *meter) Complete(ctx context.Context, system, user string, schema json.RawMessage, maxTokens int) (string, error) {
	text, stats, err := m.model.Chat(ctx, ollama.Request{System: system, User: user, Schema: schema, Predict: maxTokens})
	m.prompt, m.answer, m.err = m.prompt+stats.PromptTokens, m.answer+stats.Tokens, err
	if text != "" {
		m.answers++
	}
	return text, err
}

// recall finds what the case's postmortems have that is like the diagnosis. A case without any knows none.
func recall(ctx context.Context, c eval.Case, d *incident.Diagnosis) ([]incident.Similar, error) {
	if len(c.Postmortems) == 0 {
		return nil, nil
	}
	dir, err := os.MkdirTemp("", "paramedic-case-")
	if err != nil {
		return nil, fmt.Errorf("keep the postmortems of %s: %w", c.Name, err)
	}
	defer os.RemoveAll(dir)
	for name, text := range c.Postmortems {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return nil, fmt.Errorf("keep the postmortems of %s: %w", c.Name, err)
		}
	}
	index, err := knowledge.Open(ctx, knowledge.Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("read the postmortems of %s: %w", c.Name, err)
	}
	defer index.Close()
	if problems := index.Stats().Problems; len(problems) > 0 {
		return nil, fmt.Errorf("read the postmortems of %s: %s", c.Name, strings.TrimPrefix(problems[0].Error(), dir+"/"))
	}
	similar, _, err := index.Similar(ctx, d, mostSimilar)
	return similar, err
}
