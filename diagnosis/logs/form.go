package logs

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/keyword"
)

// form is one way in which programs say something.
type form struct {
	kind Kind
	// words are what a line must have before anything else is tried, in lower case; "a|b" is either.
	words string
	// pattern makes sure, case aside, and takes the fact's fields by named groups. Empty: the words are enough. One that has `\n\s`
	// sees the line before too. A network form needs none: see hostIn.
	pattern string
	example string // as a program writes it
	want    string // the fields that the example gives, as "path=/data"
}

// forms is every form. Of two of one kind that both fit a line, the first counts; so the precise come before the vague.
var forms = slices.Concat(networkForms, valueForms, fileForms, settingForms, accessForms, versionForms, stateForms)

// matcher is the forms, ready to be looked for.
type matcher struct {
	set      *keyword.Set
	forms    [][]int // by keyword: the forms that have it
	telling  []bool  // by keyword: it marks a line as worth a look by itself
	glad     []bool  // by keyword: the line may say that something has gone well
	listens  []bool  // by keyword: the line may say where the program listens
	patterns []func() *regexp.Regexp
}

var theMatcher = sync.OnceValue(func() *matcher {
	m := &matcher{}
	var words []string
	add := func(word string) int {
		i := slices.Index(words, word)
		if i < 0 {
			i = len(words)
			words, m.forms, m.telling = append(words, word), append(m.forms, nil), append(m.telling, false)
			m.glad, m.listens = append(m.glad, false), append(m.listens, false)
		}
		return i
	}
	for i, f := range forms {
		for w := range strings.SplitSeq(f.words, "|") {
			k := add(w)
			m.forms[k] = append(m.forms[k], i)
		}
		m.patterns = append(m.patterns, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("(?i)" + f.pattern) }))
	}
	for _, w := range tellingWords {
		m.telling[add(w)] = true
	}
	for _, w := range gladWords {
		m.glad[add(w)] = true
	}
	for _, w := range listenWords {
		m.listens[add(w)] = true
	}
	m.set = keyword.New(words)
	return m
})

// read tries a form on a line, with the line before it.
func (m *matcher) read(form int, before, line string) (Fact, bool) {
	f := &forms[form]
	fact := Fact{Kind: f.kind, Line: clip.Middle(line, maxFact)}
	if f.pattern == "" {
		return fact, true
	}
	text := line
	if strings.Contains(f.pattern, `\n\s`) {
		text = before + "\n" + line
		fact.Line = clip.Bytes(before, maxLine) + "\n" + fact.Line
	}
	re := m.patterns[form]()
	match := re.FindStringSubmatch(text)
	if match == nil {
		return Fact{}, false
	}
	for i, name := range re.SubexpNames() {
		if name != "" && match[i] != "" {
			fact.set(name, match[i])
		}
	}
	return fact, true
}

// maxField bounds what a field takes from a line, in bytes: the longest path that Linux knows is longer, but no one names it so.
const maxField = 256

func (f *Fact) set(field, value string) {
	value = clip.Bytes(strings.TrimRight(value, ".,;:"), maxField)
	switch field {
	case "host":
		f.Host = value
	case "port":
		f.Port = value
	case "path":
		f.Path = value
	case "line":
		f.LineNo, _ = strconv.Atoi(value)
	case "name":
		f.Name = value
	case "subject":
		f.Subject = value
	case "verb":
		f.Verb = value
	case "resource":
		f.Resource = value
	case "group":
		f.Group = value
	case "namespace":
		f.Namespace = value
	}
}
