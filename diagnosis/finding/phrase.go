package finding

import (
	"fmt"
	"strings"
)

// Phrase is what happens to one or to several, in words for both. Words of others in it (of logs, of messages, names) are parts as they
// are: nothing in them is taken for a template.
type Phrase []part

// part says the same of one and of several, or differs: "keeps", "keep".
type part struct{ one, many string }

// Say makes a phrase of a template, which is ours and constant: "{keeps|keep} crashing: %s" bends by number where it has {one|many}, and
// takes its arguments by verbs as fmt does, outside the braces. An argument that is a phrase keeps its own forms.
func Say(template string, args ...any) Phrase {
	var out Phrase
	for template != "" {
		i := strings.IndexAny(template, "{%")
		switch {
		case i < 0:
			return append(out, part{template, template})
		case i > 0:
			out = append(out, part{template[:i], template[:i]})
			template = template[i:]
		case template[0] == '{':
			forms, rest, _ := strings.Cut(template[1:], "}")
			one, many, _ := strings.Cut(forms, "|")
			out, template = append(out, part{one, many}), rest
		default:
			verb := template[:2]
			template = template[2:]
			switch verb {
			case "%%":
				out = append(out, part{"%", "%"})
			default:
				out, args = append(out, worded(verb, args[0])...), args[1:]
			}
		}
	}
	return out
}

func worded(verb string, arg any) Phrase {
	if p, ok := arg.(Phrase); ok {
		return p
	}
	text := fmt.Sprintf(verb, arg)
	return Phrase{{text, text}}
}

// And adds to a phrase.
func (p Phrase) And(template string, args ...any) Phrase {
	return append(p[:len(p):len(p)], Say(template, args...)...)
}

// Of is the phrase said of a number of things.
func (p Phrase) Of(n int) string {
	var b strings.Builder
	for _, x := range p {
		if n == 1 {
			b.WriteString(x.one)
		} else {
			b.WriteString(x.many)
		}
	}
	return b.String()
}

// Inflect is a template said of a number of things, such as Inflect(2, "%d {pod|pods}", 2).
func Inflect(n int, template string, args ...any) string { return Say(template, args...).Of(n) }
