package incommon

import (
	"math"
	"math/big"
	"testing"
)

// Tables whose chances are known: Fisher's own of the lady and her tea and of convicted twins, and others by hand.
func TestChance(t *testing.T) {
	for name, c := range map[string]struct {
		all, with, ill, illWith int
		want                    float64
	}{
		"the lady tasting tea, all right":             {8, 4, 4, 4, 1. / 70},
		"the lady tasting tea, three right":           {8, 4, 4, 3, 17. / 70},
		"all ill on a node where nobody is well":      {10, 3, 3, 3, 1. / 120},
		"nobody ill has it":                           {20, 5, 4, 0, 1},
		"all have it":                                 {20, 20, 4, 4, 1},
		"convictions of like-sex twins (Fisher 1934)": {30, 13, 12, 10, 0.0004652},
	} {
		if got := chance(c.all, c.with, c.ill, c.illWith); math.Abs(got-c.want) > c.want*1e-3 {
			t.Errorf("%s: %g, want %g", name, got, c.want)
		}
	}
}

// The sum of logarithms gives what exact fractions give, also in the sizes of large clusters.
func TestChanceIsExact(t *testing.T) {
	for _, c := range [][4]int{{48, 7, 7, 7}, {48, 9, 7, 6}, {5000, 50, 40, 38}, {5000, 2500, 100, 60},
		{20_000, 110, 90, 5}, {5000, 4990, 12, 12}} {
		want := exact(int64(c[0]), int64(c[1]), int64(c[2]), int64(c[3]))
		if got := chance(c[0], c[1], c[2], c[3]); math.Abs(got-want) > want*1e-6 {
			t.Errorf("%v: %g, want %g", c, got, want)
		}
	}
	if p := chance(5000, 500, 500, 500); p != 0 && (math.IsNaN(p) || p > 1e-300) {
		t.Errorf("far beyond what a float holds: %g", p)
	}
}

func exact(all, with, ill, illWith int64) float64 {
	sum := new(big.Int)
	for k := illWith; k <= min(ill, with); k++ {
		sum.Add(sum, new(big.Int).Mul(new(big.Int).Binomial(with, k), new(big.Int).Binomial(all-with, ill-k)))
	}
	v, _ := new(big.Rat).SetFrac(sum, new(big.Int).Binomial(all, ill)).Float64()
	return v
}

func TestCorrected(t *testing.T) {
	for _, c := range []struct {
		p     float64
		tried int
		want  float64
	}{{0.001, 5, 0.005}, {0.5, 5, 1}, {0.001, 0, 0.001}} {
		if got := corrected(c.p, c.tried); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%g for %d: %g, want %g", c.p, c.tried, got, c.want)
		}
	}
}
