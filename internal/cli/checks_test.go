package cli_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/diagnosis/catalog"
)

// docs/checks.md is what the registry gives; -update writes it.
func TestTheGuideToChecksIsCurrent(t *testing.T) {
	isCurrent(t, "../../docs/checks.md", catalog.Markdown())
}

// isCurrent holds a derived guide to what it is derived from; -update writes it.
func isCurrent(t *testing.T, path, want string) {
	t.Helper()
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
