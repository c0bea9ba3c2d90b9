package diagnosis

import (
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/cause"
	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Without is what a diagnosis does without, to measure what the rest says of what nobody has thought of. The zero value leaves nothing out.
type Without struct {
	Codes []string // findings of these are not there
	Rules []string // rules that explain nothing, by name
}

// WithoutCodes leaves out what the codes find, and every rule that starts from one of them.
func WithoutCodes(codes []string) Without {
	w := Without{Codes: codes}
	for _, r := range cause.Rules {
		if slices.ContainsFunc(r.From, func(code string) bool { return slices.Contains(codes, code) }) {
			w.Rules = append(w.Rules, r.Name)
		}
	}
	return w
}

// Examine is [Examine] without them.
func (w Without) Examine(s *snapshot.Snapshot) *Examination {
	x := &Examination{s: s, without: w, checked: checks.Run(s), answers: answers(s), blind: len(s.NotSeen)}
	x.checked.Findings = slices.DeleteFunc(x.checked.Findings, func(f *finding.Finding) bool { return slices.Contains(w.Codes, f.Code) })
	return x
}
