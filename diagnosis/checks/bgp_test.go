package checks

import "testing"

func TestCalicoSelector(t *testing.T) {
	labels := map[string]string{"rack": "a", "route-reflector": ""}
	for _, tt := range []struct {
		selector string
		fits, ok bool
	}{
		{"all()", true, true},
		{"has(route-reflector)", true, true},
		{"!has(route-reflector)", false, true},
		{"! has(spine)", true, true},
		{"has(node-role.kubernetes.io/master)", false, true},
		{"rack == 'a'", true, true},
		{`rack=="b"`, false, true},
		{"rack != 'b' && has(route-reflector)", true, true},
		{"spine != 'x'", true, true},
		{"rack == 'a' && has(spine)", false, true},
		{"rack in {'a', 'b'}", false, false},
		{"has(spine) || has(rack)", false, false},
		{"rack == 'a' || rack == 'b'", false, false},
		{"", false, false},
	} {
		fits, ok := calicoSelector(tt.selector)
		if ok != tt.ok || ok && fits(labels) != tt.fits {
			t.Errorf("%s: read %v, want %v and to fit: %v", tt.selector, ok, tt.ok, tt.fits)
		}
	}
}
