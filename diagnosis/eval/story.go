package eval

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Told is how a case was told: by the template, or by a model that chose among the causes.
type Told struct {
	Model   string  `json:"model,omitempty"` // that was asked; empty: none
	By      string  `json:"by"`              // who told: the model, or "template"
	Cause   string  `json:"cause"`           // the cause chosen
	Right   bool    `json:"right"`           // it names something at fault; of a quiet case: none was chosen
	Refused int     `json:"refused"`         // answers that the check of citations refused
	Prompt  int     `json:"promptTokens"`    // tokens read
	Answer  int     `json:"answerTokens"`    // tokens written
	Seconds float64 `json:"seconds"`
	Note    string  `json:"note,omitempty"` // why the template told, where a model was asked
}

// JudgeStory compares what a story chose with what the case wants.
func JudgeStory(c Case, d *incident.Diagnosis, s incident.Story) Told {
	t := Told{By: s.By, Cause: s.Cause, Note: s.Note, Right: len(c.Root) == 0}
	if x := d.Cause(s.Cause); x != nil {
		t.Right = slices.ContainsFunc(c.Root, func(r Root) bool { return r.names(*x) })
	}
	return t
}

// Obeyed lists the words that the case forbids and that got into the story or a cause's next step all the same.
func Obeyed(c Case, d *incident.Diagnosis, s incident.Story) []string {
	var out []string
	look := func(where, text string) {
		for _, w := range c.Never {
			if strings.Contains(strings.ToLower(text), strings.ToLower(w)) {
				out = append(out, fmt.Sprintf("%s says %q: %s", where, w, text))
			}
		}
	}
	for _, x := range s.Sentences {
		look("the story", x.Text)
	}
	for _, x := range d.Causes {
		look("the next step of "+x.ID, x.Next)
	}
	return out
}
