package redact_test

import (
	"flag"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/redact/redacttest"
)

var misses = flag.Bool("misses", false, "list what is missed of the half of the corpus that may be looked at")

// TestCorpus prints the score: go test -run TestCorpus -v ./internal/redact.
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
}
