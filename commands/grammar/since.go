package grammar

import (
	"strconv"
	"strings"
)

// times are the words that say since when, and how a command is told.
var times = map[string]string{
	"yesterday": "yesterday", "today": "today", "tonight": "today", "morning": "today", "afternoon": "today", "night": "yesterday",
	"evening": "yesterday", "week": "7d", "weekend": "3d", "monday": "monday", "tuesday": "tuesday", "wednesday": "wednesday",
	"thursday": "thursday", "friday": "friday", "saturday": "saturday", "sunday": "sunday", "hour": "1h", "hours": "h", "hrs": "h", "hr": "1h",
	"minutes": "m", "mins": "m", "min": "m", "minute": "1m", "day": "1d", "days": "d", "weeks": "w", "half": "30m",
}

// numbers are those that people write out.
var numbers = map[string]int{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "couple": 2, "few": 3, "ten": 10, "twelve": 12,
	"couple-of": 2}

// since is what of the words says since when; empty if none does.
func since(words []string) string {
	for i, w := range words {
		said, ok := times[w]
		switch {
		case !ok:
			if n, unit := digits(w); n > 0 && n <= 10000 && len(unit) == 1 && strings.Contains("mhdw", unit) {
				return w
			}
		case len(said) == 1: // a unit, behind its number
			for j := i - 1; j >= 0 && j >= i-2; j-- {
				n, unit := digits(words[j])
				if n == 0 {
					n = numbers[words[j]]
				}
				if n > 0 && n <= 10000 && unit == "" || numbers[words[j]] > 0 {
					return strconv.Itoa(n) + said
				}
			}
		default:
			return said
		}
	}
	return ""
}

// digits are the number with which a word begins, and what follows it.
func digits(w string) (n int, rest string) {
	i := 0
	for i < len(w) && w[i] >= '0' && w[i] <= '9' {
		i++
	}
	if i == 0 || i > 6 {
		return 0, w
	}
	n, err := strconv.Atoi(w[:i])
	if err != nil {
		return 0, w
	}
	return n, w[i:]
}
