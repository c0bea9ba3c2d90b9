package story

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/ollama"
	"github.com/paramedic-bot/paramedic/internal/redact"
)

// realModel is a very small one, which is the hardest to keep in bounds.
const realModel = "smollm2:135m"

func realOllama(t *testing.T) *ollama.Client {
	t.Helper()
	if os.Getenv("OLLAMA_HOST") == "" {
		t.Skip("OLLAMA_HOST is not set; set it to test against a real Ollama with " + realModel)
	}
	c, err := ollama.New(ollama.Options{Chat: realModel})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestARealModel tells the founding incident by a small model: whatever it says, the story stands or the template speaks.
func TestARealModel(t *testing.T) {
	teller := Teller{Model: realOllama(t), Redact: redact.New().String, Timeout: 45 * time.Second}
	d := founding()
	s := teller.Tell(context.Background(), d, seenBefore)
	t.Logf("by %s, note %q, cause %s\n%s", s.By, s.Note, s.Cause, text(s))
	switch s.By {
	case realModel:
		for _, x := range s.Sentences {
			if len(x.Cites) == 0 {
				t.Errorf("%q cites nothing", x.Text)
			}
			for _, id := range x.Cites {
				if d.EvidenceByID(id) == nil {
					t.Errorf("%q cites %s", x.Text, id)
				}
			}
		}
	case ByTemplate:
		if s.Note == "" {
			t.Error("the template speaks and nobody says why")
		}
	default:
		t.Errorf("told by %q", s.By)
	}
}

// TestTheEstimateOfTokensIsFromAbove compares it with what a model counts.
func TestTheEstimateOfTokensIsFromAbove(t *testing.T) {
	c := realOllama(t)
	long := founding()
	for i := range 40 {
		id := fmt.Sprint("E", 100+i)
		long.Evidence = append(long.Evidence, incident.Evidence{ID: id, Source: incident.SourceLog,
			Object:  object("Pod", "load", fmt.Sprintf("w-7f9c%d-x2x4z", i)),
			Excerpt: fmt.Sprintf(`2025-10-03T02:15:%02d.123Z 10.42.0.%d - "GET /api/v1/日本?id=%x" 502 {"trace":"4bf92f35%d"}`, i, i, i*7919, i)})
		long.Causes[0].Evidence = append(long.Causes[0].Evidence, id)
	}
	for name, d := range map[string]*incident.Diagnosis{"founding": founding(), "long": long} {
		p, err := newPrompt(redacted(d, seenBefore, same), strings.Repeat("0a9f", 8), defaultBudget-maxAnswer)
		if err != nil {
			t.Fatal(err)
		}
		_, stats, err := c.Chat(context.Background(), ollama.Request{System: system, User: p.user(nil), Predict: 1})
		if stats.PromptTokens == 0 {
			t.Fatal(err)
		}
		estimate := Tokens(system) + Tokens(p.user(nil)) + overhead
		t.Logf("%s: %d tokens, estimated %d", name, stats.PromptTokens, estimate)
		if stats.PromptTokens > estimate {
			t.Errorf("%s: %d tokens, estimated %d", name, stats.PromptTokens, estimate)
		}
	}
}
