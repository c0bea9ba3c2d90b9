package host

import (
	"regexp"
	"sync"

	"github.com/paramedic-bot/paramedic/internal/keyword"
)

// maxSearch is how many bytes of a line are searched for words: a line of megabytes, which a damaged log can hold, would take seconds.
const maxSearch = 4 << 10

func searched(line string) string { return line[:min(len(line), maxSearch)] }

// teller knows the lines of a log that tell. Of a log, which is mostly routine, only lines with one of the words are compared with the
// expression, for that takes a hundred times as long.
type teller struct {
	expression *regexp.Regexp
	words      func() *keyword.Set // every line that the expression matches has one of them
}

// newTeller takes the words in lower case.
func newTeller(expression string, words ...string) teller {
	return teller{regexp.MustCompile(expression), sync.OnceValue(func() *keyword.Set { return keyword.New(words) })}
}

// tells says whether a line tells.
func (t teller) tells(line string) bool {
	worth := false
	t.words().Scan(line, func(int, int) { worth = true })
	return worth && t.expression.MatchString(line)
}
