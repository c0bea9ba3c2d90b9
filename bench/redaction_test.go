//go:build bench

package bench_test

import (
	"testing"

	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/redact/redacttest"
)

// TestRedaction prints how many of the corpus' secrets redaction finds, and how many texts it changes that hold none.
func TestRedaction(t *testing.T) {
	r := redact.New()
	report, err := redacttest.Measure("../internal/redact/testdata/corpus", redacttest.Engine{
		Text: r.String, Object: func(o map[string]any) { (&redact.Walker{Text: r.String}).Object(o) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("bench: redaction: recall %.1f %%, false redactions %.1f %%\n%s", report.Recall(), report.False(), report)
	for _, problem := range report.Problems() {
		t.Error(problem)
	}
}
