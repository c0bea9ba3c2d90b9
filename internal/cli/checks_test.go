package cli_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/diagnosis/catalog"
)

// docs/checks.md is what the registry gives; -update writes it.
func TestTheGuideToChecksIsCurrent(t *testing.T) {
	const path = "../../docs/checks.md"
	want := catalog.Markdown()
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
