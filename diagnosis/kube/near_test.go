package kube

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNear(t *testing.T) {
	all := []string{"web-config", "web", "database", "redis", "URL"}
	for name, want := range map[string][]string{
		"web-conf": {"web-config", "web"},
		"databse":  {"database"},
		"url":      {"URL"},
		"zookeper": nil,
	} {
		if diff := cmp.Diff(want, Nearest(name, all)); diff != "" {
			t.Errorf("near %s (-want +got)\n%s", name, diff)
		}
	}
}
