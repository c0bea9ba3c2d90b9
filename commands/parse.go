package commands

import (
	"errors"
	"fmt"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

const (
	maxWords     = 64
	maxWordBytes = 2000
)

// Parse splits a command line into words as a shell does: blanks separate, quotes (straight or typographic, for phones turn them)
// join, a backslash takes the next character as it is. Nothing is expanded. It refuses quotes that don't end, and lines that are
// too long.
func Parse(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	begun := false
	closing := rune(0) // the quote that ends the current one
	escaped := false
	for _, r := range line {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && closing != '\'':
			escaped, begun = true, true
		case closing != 0 && r == closing:
			closing = 0
		case closing != 0:
			word.WriteRune(r)
		case quotes[r] != 0 && (r != '\'' && r != '‘' || !begun): // an apostrophe within a word is one
			closing, begun = quotes[r], true
		case r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\u00a0':
			if begun {
				words = append(words, word.String())
				word.Reset()
				begun = false
			}
		default:
			word.WriteRune(r)
			begun = true
		}
		if word.Len() > maxWordBytes || len(words) > maxWords {
			return nil, fmt.Errorf("that is too long: at most %d words of %d bytes", maxWords, maxWordBytes)
		}
	}
	switch {
	case closing != 0:
		return nil, fmt.Errorf("the quote %c is not closed", closing)
	case escaped:
		return nil, errors.New("a backslash at the end stands before nothing")
	case begun:
		words = append(words, word.String())
	}
	return words, nil
}

// quotes maps each opening quote to its closing one.
var quotes = map[rune]rune{'"': '"', '\'': '\'', '“': '”', '‘': '’', '„': '“'}

// Quote joins words into a line from which Parse gets them back.
func Quote(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

func quote(w string) string {
	if w != "" && !strings.ContainsAny(w, " \t\r\n\u00a0\\\"'“”‘’„") {
		return w
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(w) + `"`
}

// options are what a command's arguments say besides words.
type options struct {
	namespace string
	trace     bool
	words     []string
}

// parseOptions reads -n NAMESPACE, --namespace=NAMESPACE, -A and --trace among the arguments.
func parseOptions(args []string) (options, error) {
	var o options
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "-A" || arg == "--all-namespaces":
			o.namespace = ""
		case arg == "--trace":
			o.trace = true
		case arg == "-n" || arg == "--namespace":
			if i++; i == len(args) || args[i] == "" {
				return o, usageError(arg + " needs a namespace")
			}
			o.namespace = args[i]
		case strings.HasPrefix(arg, "--namespace="):
			o.namespace = strings.TrimPrefix(arg, "--namespace=")
		case strings.HasPrefix(arg, "-n") && len(arg) > 2:
			o.namespace = strings.TrimPrefix(arg[2:], "=")
		case strings.HasPrefix(arg, "-"):
			return o, usageError("there is no option " + clip.Runes(arg, 40))
		default:
			o.words = append(o.words, arg)
		}
	}
	if len(o.namespace) > 63 || strings.ContainsAny(o.namespace, "/ \t\n") {
		return o, usageError("“" + clip.Runes(o.namespace, 40) + "” is not the name of a namespace")
	}
	return o, nil
}
