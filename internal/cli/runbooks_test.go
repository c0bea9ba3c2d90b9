package cli_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/diagnosis/catalog"
	"github.com/paramedic-bot/paramedic/internal/recovery"
)

// docs/runbooks.md is what the registries give; -update writes it.
func TestTheGuideToRunbooksIsCurrent(t *testing.T) {
	const path = "../../docs/runbooks.md"
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
	want := recovery.Markdown(codes)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(have)); diff != "" {
		t.Errorf("%s is not current; run make docs (-registry +file):\n%s", path, diff)
	}
}
