package bundle_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// docs/bundles.md gives the bounds as they are, and the demo's size as the program prints it.
func TestTheGuideKnowsTheBounds(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "bundles.md"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("..", "demo", "bundles", "broken.tar.zst")
	b, err := bundle.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	info := b.Info()
	for _, want := range []string{
		fmt.Sprintf("the last %d lines and %d KiB each", snapshot.LogLines, snapshot.LogBytes>>10),
		fmt.Sprintf("%d at most", snapshot.LogsMost),
		fmt.Sprintf("%d MiB of objects at most", bundle.DefaultSize>>20),
		fmt.Sprintf("up to %d MiB", bundle.MaxSize>>20),
		fmt.Sprintf("a cluster of %d pods", len(b.Objects[pods])),
		"size                                 " + bundle.Bytes(st.Size()),
		"uncompressed                         " + bundle.Bytes(info.UncompressedBytes),
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("docs/bundles.md does not say %q", want)
		}
	}
}
