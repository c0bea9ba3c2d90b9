package resolvers

import (
	"strings"

	"github.com/coredns/caddy/caddyfile"
)

// corefileWord is a word of a Corefile as CoreDNS reads it: without its quotes, comments left out. Variables such as {$NAME} stand as
// written.
type corefileWord struct {
	text  string
	line  int  // where it begins; 1 is the first
	first bool // it begins a line
}

// corefileWords splits a Corefile with CoreDNS' own lexer, which opens no file and looks at no environment.
func corefileWords(text string) []corefileWord {
	var words []corefileWord
	end := 0 // of the word before
	for d := caddyfile.NewDispenser("Corefile", strings.NewReader(text)); d.Next(); {
		words = append(words, corefileWord{d.Val(), d.Line(), d.Line() > end})
		end = d.Line() + strings.Count(d.Val(), "\n")
	}
	return words
}

// snippetsOf takes the snippets, "(name) { ... }" beside the server blocks, out of a Corefile's words.
func snippetsOf(words []corefileWord) (rest []corefileWord, snippets map[string][]corefileWord) {
	snippets = map[string][]corefileWord{}
	depth, name := 0, ""
	for i, w := range words {
		switch w.text {
		case "{":
			depth++
		case "}":
			depth--
		}
		opens := depth == 0 && w.first && i+1 < len(words) && words[i+1].text == "{"
		switch {
		case opens && strings.HasPrefix(w.text, "(") && strings.HasSuffix(w.text, ")") && len(w.text) > 2:
			name = w.text[1 : len(w.text)-1]
		case name == "":
			rest = append(rest, w)
		case depth == 0:
			name = ""
		case depth > 1 || w.text != "{":
			snippets[name] = append(snippets[name], w)
		}
	}
	return rest, snippets
}

// Bounds on what imports make of a Corefile.
const (
	deepestImport = 8
	mostWords     = 1 << 16
)

// imported puts snippets where they are imported. What is imported from files stands as it is: they are not opened.
func imported(words []corefileWord, snippets map[string][]corefileWord, depth int, into []corefileWord) []corefileWord {
	for i := 0; i < len(words) && len(into) < mostWords; i++ {
		if w := words[i]; w.first && w.text == "import" && i+1 < len(words) && depth < deepestImport {
			if snippet, ok := snippets[words[i+1].text]; ok {
				into = imported(snippet, snippets, depth+1, into)
				i++
				continue
			}
		}
		into = append(into, words[i])
	}
	return into
}

// unmatched counts the opening braces that no other closes; it is -1, with the line, where one closes that none has opened.
func unmatched(words []corefileWord) (braces, line int) {
	for _, w := range words {
		switch w.text {
		case "{":
			braces++
		case "}":
			braces--
		}
		if braces < 0 {
			return braces, w.line
		}
	}
	return braces, 0
}
