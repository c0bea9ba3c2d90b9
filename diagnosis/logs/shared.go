package logs

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Two programs that talk to each other often write of the same refusal: the one that refuses, and the one that is refused.

// Bounds on what of two logs is compared.
const (
	mostPhrases  = 64
	mostWarnings = 48
	comparedEnd  = 2000 // lines of a log, its last
	phraseWords  = 3
	shortName    = 6 // bytes: shorter names are those of many things
)

// Shared is the newest line of a log that complains in words which an error of another program has, too: some words in a row, with a name
// among them that is no word of prose ("startup parameter: extra_float_digits"). Says is the line without stamp and level; both are empty
// without one.
func Shared(said, log string) (says, line string) {
	phrases := phrasesOf(said)
	if len(phrases) == 0 {
		return "", ""
	}
	lines := lastLines(log, comparedEnd)
	for _, line := range slices.Backward(lines) {
		if r := parse(line); r.level != quiet && (r.level >= warn || wordy(r.text)) && !passing.MatchString(r.text) {
			text := " " + strings.Join(slices.Collect(wordsIn(strings.ToLower(r.text))), " ") + " "
			if slices.ContainsFunc(phrases, func(p string) bool { return strings.Contains(text, p) }) {
				return strings.TrimSpace(r.text), strings.TrimSpace(line)
			}
		}
	}
	return "", ""
}

// phrasesOf are the rows of words in a text that have a name among them.
func phrasesOf(text string) []string {
	words := slices.Collect(wordsIn(strings.ToLower(text)))
	var out []string
	for i := range len(words) - phraseWords + 1 {
		row := words[i : i+phraseWords]
		if phrase := " " + strings.Join(row, " ") + " "; slices.ContainsFunc(row, isName) && !slices.Contains(out, phrase) {
			out = append(out, phrase)
		}
		if len(out) == mostPhrases {
			break
		}
	}
	return out
}

// ownName is a name of a setting, a parameter, a queue: letters that an underscore or a hyphen holds together.
var ownName = regexp.MustCompile(`^[a-z][a-z0-9]*(?:[_-][a-z0-9]+)+$`)

func isName(word string) bool { return len(word) >= shortName && ownName.MatchString(word) }

// Warning is what a log says at one moment as a warning or an error, in one line or several.
type Warning struct {
	Says  string    // all its lines, without stamps and levels
	Lines []string  // as they stand
	First time.Time // when it was first said in what was read of the log, by its own stamp; zero without one
	Times int
}

// cleared is how a log says that what it warned of is over.
var cleared = regexp.MustCompile(`(?i)\b(?:clear(?:ed)?|gone|over|recovered|resolved|ended|no longer|back to normal|lifted|released|removed)\b`)

// Warnings are what a log's end warns of, each once, the newest first. What a later line says is over is left out.
func Warnings(log string) []Warning {
	lines := lastLines(log, comparedEnd)
	var out []Warning
	var over [][]string
	for i := len(lines) - 1; i >= 0 && len(out) < mostWarnings; i-- {
		r := parse(lines[i])
		if r.level == quiet && cleared.MatchString(r.text) {
			over = append(over, stems(r.text))
		}
		if r.level < warn {
			continue
		}
		w := Warning{First: stampOf(lines[i]), Times: 1}
		end := i
		for i > 0 && !w.First.IsZero() && parse(lines[i-1]).level >= warn && w.First.Sub(stampOf(lines[i-1])).Abs() < time.Second {
			i--
		}
		for _, line := range lines[i : end+1] {
			if text := strings.TrimSpace(parse(line).text); text != "" && !rule.MatchString(text) {
				w.Says, w.Lines = strings.TrimSpace(w.Says+" "+text), append(w.Lines, line)
			}
		}
		if w.Says == "" || passing.MatchString(w.Says) ||
			slices.ContainsFunc(over, func(of []string) bool { return common(of, stems(w.Says)) >= 2 }) {
			continue
		}
		if at := slices.IndexFunc(out, func(y Warning) bool { return alike(y.Says) == alike(w.Says) }); at >= 0 {
			out[at].Times++
			out[at].First = stampOf(lines[i])
			continue
		}
		out = append(out, w)
	}
	return out
}

// Alike is how many words two texts share that mean something.
func (w Warning) Alike(said string) int { return common(stems(w.Says), stems(said)) }

// dullStems are of words that a failed call of whatever kind is told in.
var dullStems = []string{"conne", "timed", "timeo", "close", "reset", "socke", "reque", "respo", "messa", "handl", "warn", "inter", "runti",
	"excep", "java.", "retur", "found", "user", "using", "does", "will", "been", "some", "data", "name", "null", "none", "file", "pool"}

func common(a, b []string) int {
	n := 0
	for i, w := range a {
		if slices.Contains(b, w) && !slices.Contains(a[:i], w) && !slices.Contains(dullStems, w) {
			n++
		}
	}
	return n
}
