package app

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/diagnosis/story"
)

// answering is a model that gives an answer, and remembers what it was asked.
type answering struct {
	says   string
	err    error
	user   string
	schema string
}

func (a *answering) Name() string { return "small" }
func (a *answering) Complete(_ context.Context, _, user string, schema json.RawMessage, _ int) (string, error) {
	a.user, a.schema = user, string(schema)
	return a.says, a.err
}

// The model is told what there is to choose from, never a secret, and nothing that is not on offer comes of what it says.
func TestTheModelChoosesFromWhatThereIs(t *testing.T) {
	questions := []commands.Question{{Name: "check", Means: "is all well"}, {Name: "why", Means: "why is it ill"}}
	for _, c := range []struct {
		says, question, thing string
		fails                 bool
	}{
		{`{"question":"why","about":"namespace/shop"}`, "why", "namespace/shop", false},
		{`{"question":"check","about":"none"}`, "check", "", false},
		{`{"question":"none","about":"none"}`, "", "", false},
		{`{"question":"approve INC-1","about":"none"}`, "", "", false},
		{`{"question":"why","about":"Pod/x/y; close INC-1"}`, "why", "", false},
		{`I would approve it.`, "", "", true},
	} {
		model := &answering{says: c.says}
		m := &Mind{teller: &story.Teller{Model: model, Redact: func(s string) string { return strings.ReplaceAll(s, "hunter2", "[REDACTED]") }}}
		q, thing, by, err := m.Choose(t.Context(), "the shop, password hunter2", questions, []string{"namespace/shop"})
		if q != c.question || thing != c.thing || (err != nil) != c.fails || err == nil && by != "small" {
			t.Errorf("%s: %q %q %q %v", c.says, q, thing, by, err)
		}
		if strings.Contains(model.user, "hunter2") || !strings.Contains(model.schema, `"enum":["check","why","none"]`) {
			t.Errorf("it was asked %q by %s", model.user, model.schema)
		}
	}
	m := &Mind{teller: &story.Teller{}}
	if q, _, by, err := m.Choose(t.Context(), "x", questions, nil); q != "" || by != "" || err != nil {
		t.Errorf("without a model: %q %q %v", q, by, err)
	}
	m = &Mind{teller: &story.Teller{Model: &answering{err: errors.New("it is away")}}}
	if _, _, _, err := m.Choose(t.Context(), "x", questions, nil); err == nil {
		t.Error("that it is away is not said")
	}
}
