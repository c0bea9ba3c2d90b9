package incommon

import "math"

// chance is how likely it is that as many of the ill as have a factor, or more, would have it if it had nothing to do with the illness: of
// all units, with have it, ill are ill, and both are illWith of them. It is the upper tail of the hypergeometric distribution, which is
// Fisher's exact test with one side (R. A. Fisher, Statistical Methods for Research Workers, 5th ed. 1934, § 21.02). Terms are summed by
// their logarithms, so that it holds for any number of units.
func chance(all, with, ill, illWith int) float64 {
	lowest := max(illWith, ill+with-all, 0)
	highest := min(ill, with)
	if lowest > highest {
		return 0
	}
	if illWith <= max(ill+with-all, 0) {
		return 1
	}
	of := logChoose(all, ill)
	sum, largest := 0.0, math.Inf(-1)
	for k := lowest; k <= highest; k++ {
		term := logChoose(with, k) + logChoose(all-with, ill-k) - of
		if term > largest {
			sum, largest = sum*math.Exp(largest-term)+1, term
		} else {
			sum += math.Exp(term - largest)
		}
	}
	return min(1, math.Exp(largest)*sum)
}

// corrected bounds the chance that any of so many factors would part the ill from the well as one did (Bonferroni's inequality; for tests,
// O. J. Dunn, Multiple Comparisons Among Means, Journal of the American Statistical Association 56, 1961).
func corrected(p float64, tried int) float64 { return min(1, p*float64(max(tried, 1))) }

// logChoose is the logarithm of in how many ways k of n can be chosen.
func logChoose(n, k int) float64 { return logFactorial(n) - logFactorial(k) - logFactorial(n-k) }

func logFactorial(n int) float64 {
	v, _ := math.Lgamma(float64(n) + 1)
	return v
}
