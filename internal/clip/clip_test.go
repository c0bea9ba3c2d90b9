package clip_test

import (
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

func TestClip(t *testing.T) {
	long := strings.Repeat("x", 200)
	for name, test := range map[string]struct {
		clip func(string, int) string
		text string
		most int
		want string
	}{
		"bytes: it fits":                 {clip.Bytes, "gone", 4, "gone"},
		"bytes: too long":                {clip.Bytes, "no such host", 9, "no suc…"},
		"bytes: between characters":      {clip.Bytes, "aéé", 5, "aéé"},
		"bytes: not within a character":  {clip.Bytes, "aééé", 5, "a…"},
		"bytes: less than the mark":      {clip.Bytes, "gone", 2, "…"},
		"runes: it fits":                 {clip.Runes, "ééé", 3, "ééé"},
		"runes: too long":                {clip.Runes, "éééé", 3, "éé…"},
		"middle: it fits":                {clip.Middle, "gone", 4, "gone"},
		"middle: too long":               {clip.Middle, "failed to list a: " + long + ": no such host", 60, "failed to list a: … no such host"},
		"middle: not within a character": {clip.Middle, strings.Repeat("é", 60), 41, strings.Repeat("é", 7) + " … " + strings.Repeat("é", 11)},
		"middle: little room":            {clip.Middle, "no such host", 9, "no suc…"},
		"prefix: it fits":                {clip.Prefix, "gone", 4, "gone"},
		"prefix: too long":               {clip.Prefix, "gone", 2, "go"},
		"prefix: not within a character": {clip.Prefix, "éé", 3, "é"},
	} {
		if got := test.clip(test.text, test.most); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestAPhraseIsCutWhereItEnds(t *testing.T) {
	for text, want := range map[string]string{
		"It is short.": "It is short.",
		"The first sentence is long. The second goes on":                   "The first sentence is long…",
		"One thing, then another one, and a third that is too long for it": "One thing, then another one…",
		"no border at all but words that go on and on and on and":          "no border at all but words that go on…",
		`it says "one thing that is quoted and goes on for ever and ever`:  "it says…",
		"ööööööööööööööööööööööööööööööööööööööööööööööööööööö":            "ööööööööööööööööööööööööööööööööööööööö…",
	} {
		if got := clip.Phrase(text, 40); got != want || len([]rune(got)) > 40 {
			t.Errorf("%q becomes %q, not %q", text, got, want)
		}
	}
}
