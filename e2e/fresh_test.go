//go:build e2e

package e2e

import "testing"

// TestQuiet: a fresh cluster and one with services that are well are nothing to speak of. It runs first, on what make e2e has just started;
// at 5,000 pods make bench says the same.
func TestQuiet(t *testing.T) {
	l := theLab(t)
	quietly(t, l)
	l.run(t, "apps")
	l.healthy(t)
	quietly(t, l)
}
