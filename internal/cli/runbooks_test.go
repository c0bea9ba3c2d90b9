package cli_test

import (
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/catalog"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

// docs/runbooks.md is what the registries give; -update writes it.
func TestTheGuideToRunbooksIsCurrent(t *testing.T) {
	var codes []string
	known := map[string]bool{}
	for _, c := range catalog.Codes() {
		codes, known[c.Code] = append(codes, c.Code), true
	}
	for _, book := range recovery.Runbooks {
		for _, code := range book.Codes {
			if !known[code] {
				t.Errorf("runbook %s treats %s, which is no code", book.Name, code)
			}
		}
	}
	for code := range recovery.ByHand {
		if names, _ := recovery.Treating(code); !known[code] || len(names) > 0 {
			t.Errorf("%s is done by hand, and is no code or has runbooks %v", code, names)
		}
	}
	isCurrent(t, "../../docs/runbooks.md", recovery.Markdown(codes))
}
