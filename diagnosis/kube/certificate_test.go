package kube

import (
	"testing"
)

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		name, host string
		want       bool
	}{
		{"shop.example.com", "shop.example.com", true},
		{"Shop.Example.com", "shop.example.COM", true},
		{"*.example.com", "shop.example.com", true},
		{"*.example.com", "*.example.com", true},
		{"*.example.com", "example.com", false},
		{"*.example.com", "a.b.example.com", false},
		{"example.com", "shop.example.com", false},
	} {
		if got := Covers(c.name, c.host); got != c.want {
			t.Errorf("%s covers %s: %v", c.name, c.host, got)
		}
	}
}
