package redact_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/redact/redacttest"
)

var misses = flag.Bool("misses", false, "list what is missed of the half of the corpus that may be looked at")

// TestCorpus prints the score: go test -run TestCorpus -v ./internal/redact. Of the half that is held out only the numbers.
func TestCorpus(t *testing.T) {
	r := redact.New()
	report, err := redacttest.Measure("testdata/corpus", redacttest.Engine{
		Text: r.String, Object: func(o map[string]any) { (&redact.Walker{Text: r.String}).Object(o) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", report)
	if *misses {
		t.Logf("\n%s", report.Misses())
	}
	for _, problem := range report.Problems() {
		t.Error(problem)
	}
}

// Redacting twice is redacting once, and no line is lost.
func TestTheCorpusComesOutTheSameTwice(t *testing.T) {
	files, err := redacttest.Load("testdata/corpus")
	if err != nil {
		t.Fatal(err)
	}
	r := redact.New()
	for _, f := range files {
		for _, form := range f.Forms {
			for i, c := range form.Cases {
				in := redacttest.Plain(c)
				once := r.String(in)
				if r.String(once) != once {
					t.Errorf("%s, %s, case %d: twice is not once", f.Name, form.Form, i+1)
				}
				if strings.Count(in, "\n") != strings.Count(once, "\n") {
					t.Errorf("%s, %s, case %d: lines were lost", f.Name, form.Form, i+1)
				}
			}
		}
	}
}
