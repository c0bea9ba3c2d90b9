// Package backoff says how long to wait before what failed is tried again: twice as long after each failure in a row, up to a most. It
// knows the standard library alone, for the record's own rules wait by it; and it keeps no count that the record has already.
package backoff

import (
	"math/rand/v2"
	"time"
)

// Backoff is the wait after the first failure, and the longest. A copy of one that has not waited yet begins anew.
type Backoff struct {
	First, Most time.Duration

	failures int
}

// After is the wait after so many failures in a row: 0 after none.
func (b Backoff) After(failures int) time.Duration {
	if failures <= 0 {
		return 0
	}
	wait := min(b.First, b.Most)
	for ; failures > 1 && wait < b.Most; failures-- {
		wait = min(2*wait, b.Most)
	}
	return wait
}

// Next counts one more failure and is the wait after it, a fifth more or less, so that what failed together is not tried together.
func (b *Backoff) Next() time.Duration {
	b.failures++
	return time.Duration(float64(b.After(b.failures)) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // to spread tries, nothing secret
}
