package host

import (
	"os"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// What panics while a host is looked at is not seen; the rest is.
func TestAPanicOnAHostCostsWhatItReads(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(root+"/etc", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(root+"/etc/os-release", []byte("PRETTY_NAME=\"Some Linux\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := New(Config{Root: root, Node: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	h.looks = append(h.looks, reader{"broken", func(_ *os.Root, f *snapshot.Host) error { f.Disks[3].Bytes = 1; return nil }})
	f, blind := h.Facts(t.Context())
	if f.OS != "Some Linux" || len(f.Failures) != 1 || f.Failures[0].Stack == "" {
		t.Errorf("%+v", f)
	}
	found := false
	for _, n := range blind {
		found = found || n.What == "broken of n1" && n.Names(incident.HostFiles) && n.Where == incident.Object{Kind: "Node", Name: "n1"}
	}
	if !found {
		t.Errorf("not seen: %+v", blind)
	}
}
