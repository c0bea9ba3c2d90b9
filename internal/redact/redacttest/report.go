package redacttest

import (
	"fmt"
	"strings"
)

// Report is how a corpus did.
type Report struct{ Scores []Score }

// Measure runs the corpus in dir through the engine.
func Measure(dir string, e Engine) (Report, error) {
	files, err := Load(dir)
	if err != nil {
		return Report{}, err
	}
	var r Report
	for _, f := range files {
		s, err := e.Measure(f)
		if err != nil {
			return Report{}, err
		}
		r.Scores = append(r.Scores, s)
	}
	return r, nil
}

// total adds the scores of the files with secrets, or of the innocent ones.
func (r Report) total(innocent bool) Score {
	var t Score
	for _, s := range r.Scores {
		if s.File.Innocent == innocent {
			t.Right, t.Total = t.Right+s.Right, t.Total+s.Total
		}
	}
	return t
}

// Recall is the share of secrets that are gone, in percent.
func (r Report) Recall() float64 { return r.total(false).Percent() }

// False is the share of innocent texts that were changed, in percent.
func (r Report) False() float64 { return 100 - r.total(true).Percent() }

// What redaction has to reach on the corpus, in percent.
const (
	LeastRecall = 98.0
	MostFalse   = 1.0
)

// Problems says where the score falls short of the goal.
func (r Report) Problems() []string {
	var out []string
	if got := r.Recall(); got < LeastRecall {
		out = append(out, fmt.Sprintf("%.2f %% of the secrets are gone; the goal is %.0f %%", got, LeastRecall))
	}
	if got := r.False(); got > MostFalse {
		out = append(out, fmt.Sprintf("%.2f %% of the innocent texts were changed; the goal is at most %.0f %%", got, MostFalse))
	}
	return out
}

// String is a table in Markdown.
func (r Report) String() string {
	var b strings.Builder
	b.WriteString("| corpus | right | of | |\n|---|---:|---:|---:|\n")
	row := func(name string, s Score) {
		fmt.Fprintf(&b, "| %s | %d | %d | %.1f %% |\n", name, s.Right, s.Total, s.Percent())
	}
	for _, s := range r.Scores {
		what := "secrets gone"
		if s.File.Innocent {
			what = "innocent texts unchanged"
		}
		row(fmt.Sprintf("%s (%s)", s.File.Name, what), s)
	}
	row("**secrets gone**", r.total(false))
	row("**innocent texts unchanged**", r.total(true))
	return b.String()
}

// Misses lists what is wrong in the files that may be looked at, by form.
func (r Report) Misses() string {
	var b strings.Builder
	for _, s := range r.Scores {
		if s.File.HeldOut() {
			continue
		}
		for _, w := range s.Wrong {
			fmt.Fprintf(&b, "%s %s: %q\n    in  %q\n    out %q\n", s.File.Name, w.Form, w.Secret, strings.SplitN(w.In, "\x00", 2)[0],
				strings.SplitN(w.Out, "\x00", 2)[0])
		}
	}
	return b.String()
}
