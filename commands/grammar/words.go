package grammar

import (
	"strings"
	"unicode"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

const (
	mostText  = 500 // characters of a question that are read
	mostWords = 60
)

// tokens are the words of a question: in small letters, without punctuation, as they are usually spelt.
func tokens(text string) []string {
	text = strings.ToLower(clip.Runes(text, mostText))
	text = strings.NewReplacer("’", "'", "‘", "'", "`", " ", "post mortem", "postmortem").Replace(text)
	apart := func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(",!?()\"“”„<>[]{}*…—|&=+", r) || r > unicode.MaxASCII && !unicode.IsLetter(r)
	}
	var out []string
	for _, w := range strings.FieldsFunc(text, apart) {
		if respelt[w] == "" {
			w = strings.Trim(w, ".:;'-_/~#")
		}
		if respelt[w] == "" {
			w = strings.TrimSuffix(w, "'s")
		}
		if meant := respelt[w]; meant != "" {
			out = append(out, strings.Fields(meant)...)
		} else if w = strings.ReplaceAll(w, "'", ""); w != "" {
			out = append(out, w)
		}
		if len(out) >= mostWords {
			return out[:mostWords]
		}
	}
	return out
}

// said is a question taken apart.
type said struct {
	words  []string // with slips put right
	joined string   // " word word "
}

func (s *said) join() { s.joined = " " + strings.Join(s.words, " ") + " " }

// has says whether a word or a phrase of one of the classes is there.
func (s *said) has(names ...string) bool {
	for _, name := range names {
		for _, w := range classes[name] {
			if strings.Contains(s.joined, " "+w+" ") {
				return true
			}
		}
	}
	return false
}

// any says whether one of the words is there.
func (s *said) any(words ...string) bool {
	for _, w := range words {
		if strings.Contains(s.joined, " "+w+" ") {
			return true
		}
	}
	return false
}

// corrected is the word of the grammar that a word was meant to be; ok is false if it is none.
func corrected(word string) (meant string, slips int, ok bool) {
	least := 3
	for _, w := range single {
		if d, close := near(word, w); close && d < least {
			meant, least = w, d
		}
	}
	return meant, least, meant != ""
}
