package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
)

var _ commands.Chooser = (*Mind)(nil)

// chooseWithin bounds how long the model may think about which question was asked.
const chooseWithin = 20 * time.Second

// nothing is what the model chooses where no question fits, or none of the things is named.
const nothing = "none"

// Choose has the model choose which of the questions a person's words ask, and about which of the things; "" for none. It can answer
// nothing else, whatever the words say: the answer's schema names what there is to choose from. by is the model's name; empty: there is
// none.
func (m *Mind) Choose(ctx context.Context, words string, questions []commands.Question, things []string) (question, thing,
	by string, err error) {
	if m.teller.Model == nil {
		return "", "", "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, chooseWithin)
	defer cancel()
	var names []string
	var told strings.Builder
	for _, q := range questions {
		names = append(names, q.Name)
		fmt.Fprintf(&told, "%s: %s\n", q.Name, q.Means)
	}
	names, things = append(names, nothing), append(slices.Clone(things), nothing)
	schema, err := json.Marshal(map[string]any{"type": "object", "additionalProperties": false, "required": []string{"question", "about"},
		"properties": map[string]any{"question": map[string]any{"type": "string", "enum": names},
			"about": map[string]any{"type": "string", "enum": things}}})
	if err != nil {
		return "", "", "", err
	}
	system := "A person asks about a Kubernetes cluster. Choose which of these questions they ask, and about which object; “" + nothing +
		"” where none fits.\n" + told.String()
	said := words
	if m.teller.Redact != nil {
		said = m.teller.Redact(words)
	}
	text, err := m.teller.Model.Complete(ctx, system, said, schema, 60)
	if err != nil {
		return "", "", "", err
	}
	var chosen struct{ Question, About string }
	if err := json.Unmarshal([]byte(text), &chosen); err != nil {
		return "", "", "", fmt.Errorf("read what the model chose: %w", err)
	}
	if !slices.Contains(names, chosen.Question) || chosen.Question == nothing {
		return "", "", m.teller.Model.Name(), nil
	}
	if !slices.Contains(things, chosen.About) || chosen.About == nothing {
		chosen.About = ""
	}
	return chosen.Question, chosen.About, m.teller.Model.Name(), nil
}
