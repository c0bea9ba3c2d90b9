package checks

import (
	"fmt"
	"strings"
)

// phrase is what happens to one or to several, in words for both. Words of others in it (of logs, of messages, names) are parts as they
// are: nothing in them is taken for a template.
type phrase []part

// part says the same of one and of several, or differs: "keeps", "keep".
type part struct{ one, many string }

// say makes a phrase of a template, which is ours and constant: "{keeps|keep} crashing: %s" bends by number where it has {one|many}, and
// takes its arguments by verbs as fmt does, outside the braces. An argument that is a phrase keeps its own forms.
func say(template string, args ...any) phrase {
	var out phrase
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

func worded(verb string, arg any) phrase {
	if p, ok := arg.(phrase); ok {
		return p
	}
	text := fmt.Sprintf(verb, arg)
	return phrase{{text, text}}
}

// and adds to a phrase.
func (p phrase) and(template string, args ...any) phrase {
	return append(p[:len(p):len(p)], say(template, args...)...)
}

// of is the phrase said of a number of things.
func (p phrase) of(n int) string {
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

// inflect is a template said of a number of things, such as inflect(2, "%d {pod|pods}", 2).
func inflect(n int, template string, args ...any) string { return say(template, args...).of(n) }
