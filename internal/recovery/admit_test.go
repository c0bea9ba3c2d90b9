package recovery

import "testing"

// Whatever can be removed can be made again, and so it is known what it consists of.
func TestWhatIsMadeIsKnown(t *testing.T) {
	for name, k := range registry {
		if w, ok := k.(whole); ok {
			for _, kind := range w.kinds {
				if _, ok := makes[kind]; !ok {
					t.Errorf("%s: what a %s consists of is not known", name, kind)
				}
			}
		}
	}
}
