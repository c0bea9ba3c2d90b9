package resolvers

import (
	"slices"
	"testing"
)

// The Corefile's forwards that lead back to CoreDNS, and those that don't.
func TestForwardLoops(t *testing.T) {
	for line, want := range map[string]bool{
		"forward . 127.0.0.1":                true,
		"forward . 127.0.0.53":               true,
		"forward . ::1":                      true,
		"forward . dns://127.0.0.1:53":       true,
		"forward . 1.1.1.1 10.43.0.10":       true,
		"proxy . 127.0.0.1":                  true,
		"forward . 127.0.0.1:5353":           false,
		"forward . tls://127.0.0.1":          false,
		"forward . 10.99.0.1":                false,
		"forward . /etc/resolv.conf":         false,
		"# forward . 127.0.0.1":              false,
		"forward . 1.1.1.1 # 127.0.0.1":      false,
		"forward corp.example 10.0.0.1 {":    false,
		"forward":                            false,
		"forward . 127.0.0.1 {\n  force_tcp": true,
	} {
		c := ParseCorefile(".:53 {\n  errors\n  " + line + "\n}\n")
		got := false
		for _, f := range c.Forwards {
			for _, target := range f.Targets {
				got = got || f.LoopsTo(target, []string{"10.43.0.10"}, false) != ""
			}
		}
		if got != want {
			t.Errorf("%q: loops %v, want %v", line, got, want)
		}
	}
	if f := ParseCorefile(".:53 {\n forward . 127.0.0.1\n}").Forwards[0]; f.LoopsTo("127.0.0.1", nil, true) != "" || f.Line != 2 {
		t.Errorf("on the host's network, loopback is the node's: %+v", f)
	}
}

func TestWhatIsServedIsCalledAsCoreDNSCallsIt(t *testing.T) {
	c := ParseCorefile("(errs) {\n errors\n}\n., Lab.Example.:1053 {\n hosts {\n  fallthrough\n }\n}\ntls://. {\n}\n")
	want := []Served{{"dns://.:53", 4}, {"dns://lab.example.:1053", 4}, {"tls://.:853", 9}}
	if !slices.Equal(c.Serves, want) {
		t.Errorf("got %v, want %v", c.Serves, want)
	}
}
