package backoff_test

import (
	"math"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/backoff"
)

func TestTheWaitDoublesUpToAMost(t *testing.T) {
	b := backoff.Backoff{First: 5 * time.Second, Most: time.Minute}
	for failures, want := range map[int]time.Duration{-1: 0, 0: 0, 1: 5 * time.Second, 2: 10 * time.Second, 4: 40 * time.Second,
		5: time.Minute, math.MaxInt: time.Minute} {
		if got := b.After(failures); got != want {
			t.Errorf("after %d failures %v, want %v", failures, got, want)
		}
	}
}

func TestNextIsAFifthMoreOrLess(t *testing.T) {
	b := backoff.Backoff{First: time.Second, Most: 3 * time.Second}
	for i, want := range []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second} {
		if got := b.Next(); got < want*8/10 || got > want*12/10 {
			t.Errorf("wait %d is %v, want about %v", i+1, got, want)
		}
	}
}
