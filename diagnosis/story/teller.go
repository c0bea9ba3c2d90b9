package story

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Model writes. Complete returns the answer to one prompt, of at most maxTokens tokens; an error with a text says that the text is
// not whole.
type Model interface {
	Name() string
	Complete(ctx context.Context, system, user string, schema json.RawMessage, maxTokens int) (string, error)
}

// Teller tells diagnoses by a model. Its zero value tells them by the template. It is safe for concurrent use if its parts are.
type Teller struct {
	Model   Model               // nil: the template speaks
	Redact  func(string) string // applied to all that the model sees and says; nil: nothing is redacted
	Budget  int                 // tokens of the model's context, answer included; 0: 4096
	Rand    io.Reader           // of boundary markers; nil: crypto/rand
	Timeout time.Duration       // for the whole story, a second try included; 0: 90 s
}

const (
	defaultBudget  = 4096
	defaultTimeout = 90 * time.Second
	maxAnswer      = 700 // tokens
	tries          = 2
)

// Tell tells d. It always has a story; where it is the template's though there is a model, Note says why. It takes no longer than
// the time-out.
func (t *Teller) Tell(ctx context.Context, d *incident.Diagnosis, similar []incident.Similar) incident.Story {
	plain := Template(d, similar)
	if t.Model == nil {
		plain.Note = "no model is configured"
		return plain
	}
	if len(d.Causes) == 0 || len(d.Evidence) == 0 {
		return plain // nothing to choose from and nothing to cite
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(t.Timeout, defaultTimeout))
	defer cancel()
	s, err := t.ask(ctx, d, similar)
	if err != nil {
		plain.Note = t.redact(fmt.Sprintf("the template speaks, for the model's story could not be used: %v", err))
		return plain
	}
	return s
}

// ask tries to get a story that stands.
func (t *Teller) ask(ctx context.Context, d *incident.Diagnosis, similar []incident.Similar) (incident.Story, error) {
	marker, err := t.marker()
	if err != nil {
		return incident.Story{}, err
	}
	clean := redacted(d, similar, t.redact)
	p, err := newPrompt(clean, marker, cmp.Or(t.Budget, defaultBudget)-maxAnswer)
	if err != nil {
		return incident.Story{}, err
	}
	var refusal error
	for range tries {
		answer, err := t.Model.Complete(ctx, system, p.user(refusal), p.schema(), maxAnswer)
		if ctx.Err() != nil {
			return incident.Story{}, fmt.Errorf("%s did not answer in time", t.Model.Name())
		}
		if err != nil && answer == "" {
			return incident.Story{}, err // no second try helps against a model that isn't there
		}
		if err != nil {
			refusal = fmt.Errorf("the answer was too long and was cut off")
			continue
		}
		s, err := p.parse(answer)
		if err != nil {
			refusal = err
			continue
		}
		s.By, s.Note = t.Model.Name(), differs(d, s.Cause)
		for i := range s.Sentences {
			s.Sentences[i].Text = t.redact(s.Sentences[i].Text)
		}
		return s, nil
	}
	return incident.Story{}, fmt.Errorf("%s failed the check %d times: %w", t.Model.Name(), tries, refusal)
}

// differs says so if the model chose against the ranking: the facts come first, and people should know.
func differs(d *incident.Diagnosis, chosen string) string {
	first := d.Causes[0]
	switch chosen {
	case first.ID:
		return ""
	case incident.Unknown:
		return fmt.Sprintf("the model is not convinced by any cause; by the evidence %s comes first (%s)", first.ID, first.Confidence)
	}
	return fmt.Sprintf("the model chose %s; by the evidence %s comes first (%s)", chosen, first.ID, first.Confidence)
}

func (t *Teller) redact(s string) string {
	if t.Redact == nil {
		return s
	}
	return t.Redact(s)
}

// marker is 128 random bits, so that no log line can know it.
func (t *Teller) marker() (string, error) {
	r := t.Rand
	if r == nil {
		r = rand.Reader
	}
	var b [16]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return "", fmt.Errorf("make a boundary marker: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}
