package story

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// corpus is, for each piece of evidence, what a sentence that cites it may name: the evidence itself, and the findings and causes
// that rest on it.
func (f facts) corpus() map[string]string {
	corpus := map[string]string{}
	for _, e := range f.d.Evidence {
		at := ""
		if !e.Time.IsZero() {
			at = e.Time.UTC().Format("2006-01-02 15:04:05 Jan 2 January 2 15:04 UTC")
		}
		corpus[e.ID] = fold(strings.Join([]string{e.ID, e.Object.String(), e.Field, string(e.Source), at, e.Excerpt, ""}, "\n"))
	}
	add := func(ids []string, text string) {
		text = fold(text)
		for _, id := range ids {
			if _, ok := corpus[id]; ok {
				corpus[id] += text
			}
		}
	}
	for _, n := range f.d.Findings {
		text := n.ID + "\n" + n.Code + "\n" + n.Object.String() + "\n" + n.Title + "\n"
		for _, o := range n.Objects {
			text += o.String() + "\n"
		}
		add(n.Evidence, text)
	}
	for _, c := range f.d.Causes {
		text := fmt.Sprintf("%s\n%s\n%s\n%s\n%d consequences\n%d objects\n", c.ID, c.Code, c.Title, c.Reason, c.Consequences(), c.Faults())
		for _, o := range c.Objects {
			text += o.String() + "\n"
		}
		for _, b := range c.Blocks {
			text += b.Cause + "\n" + b.Reason + "\n"
		}
		add(c.Evidence, text)
	}
	return corpus
}

// names are those of all objects that the diagnosis knows, in lower case.
func (f facts) names() map[string]bool {
	names := map[string]bool{}
	add := func(o incident.Object) {
		for _, n := range []string{o.Name, o.Namespace} {
			if len(n) > 2 {
				names[fold(n)] = true
			}
		}
	}
	for _, e := range f.d.Evidence {
		add(e.Object)
	}
	for _, n := range f.d.Findings {
		add(n.Object)
		for _, o := range n.Objects {
			add(o)
		}
	}
	for _, c := range f.d.Causes {
		for _, o := range c.Objects {
			add(o)
		}
	}
	return names
}

var thousands = regexp.MustCompile(`(\d),(\d{3})\b`)

// fold makes texts comparable: lower case, numbers without separators.
func fold(s string) string { return thousands.ReplaceAllString(strings.ToLower(s), "$1$2") }

// quoted finds what stands in quotation marks. A single quotation mark must not be an apostrophe.
var quoted = regexp.MustCompile(`"([^"]+)"|“([^”]+)”|(?:^|[\s(])'([^']+)'(?:[\s.,;:)]|$)`)

// grounded says whether everything that a sentence names is mentioned by what it cites, and whether the two have any word in common.
func (p *prompt) grounded(text, cited string) error {
	for _, m := range quoted.FindAllStringSubmatch(text, -1) {
		q := strings.TrimRight(m[1]+m[2]+m[3], ".,;:")
		if q != "" && !strings.Contains(oneLine(cited), fold(q)) {
			return fmt.Errorf("%q is quoted, and what it cites does not say that", cut(q, 60))
		}
	}
	start := true
	common := false
	for _, field := range strings.Fields(text) {
		word := strings.Trim(field, `.,;:!?()[]{}"'“”‘’…–—`)
		word = strings.TrimSuffix(strings.TrimSuffix(word, "'s"), "’s")
		if word != "" {
			if p.isName(word, start) && !mentions(cited, word) {
				return fmt.Errorf("it names %q, and what it cites does not", cut(word, 60))
			}
			common = common || len(word) > 3 && !stop[fold(word)] && mentions(cited, word)
			start = strings.ContainsAny(field[len(field)-1:], ".:;!?")
		}
	}
	if !common {
		return fmt.Errorf("it has nothing in common with what it cites")
	}
	return nil
}

// isName says whether a word needs proof: a name, a number, an address, a file, a code.
func (p *prompt) isName(word string, start bool) bool {
	low := fold(word)
	if p.names[low] {
		return true
	}
	if vocabulary[low] || vocabulary[strings.TrimSuffix(low, "s")] {
		return false
	}
	var upper, lower, inner bool
	for i, r := range word {
		switch {
		case r >= 0x80, unicode.IsDigit(r), strings.ContainsRune("._/:=@%\\", r):
			return true
		case unicode.IsUpper(r):
			upper = true
			inner = inner || i > 0
		case unicode.IsLower(r):
			lower = true
		}
	}
	switch {
	case upper && lower && inner: // CamelCase
		return true
	case strings.Contains(word, "-"):
		return !compound(low)
	case upper && !lower && len(word) > 1: // an acronym that the vocabulary hasn't
		return true
	}
	return upper && !start
}

// compound says whether a word with hyphens is English.
func compound(low string) bool {
	parts := strings.Split(low, "-")
	return prefixes[parts[0]] || suffixes[parts[len(parts)-1]]
}

// mentions says whether text has the word, not as part of a longer one. A path or "namespace/name" counts if all its parts are there.
func mentions(text, word string) bool {
	low := fold(word)
	if hasWord(text, low) || hasWord(text, strings.TrimSuffix(low, "s")) {
		return true
	}
	parts := strings.Split(low, "/")
	if len(parts) < 2 {
		return false
	}
	for _, part := range parts {
		if part != "" && !hasWord(text, part) {
			return false
		}
	}
	return true
}

func hasWord(text, word string) bool {
	if word == "" {
		return false
	}
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return false
		}
		i += at
		end := i + len(word)
		if (i == 0 || !wordByte(text[i-1])) && (end == len(text) || !wordByte(text[end])) {
			return true
		}
		at = i + 1
	}
}

func wordByte(c byte) bool {
	return c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// contentWords are the words of a text that carry meaning.
func contentWords(text string) map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.FieldsFunc(fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if !stop[w] {
			words[w] = true
		}
	}
	return words
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

var (
	// vocabulary needs no proof: what every cluster has.
	vocabulary = set(`kubernetes cluster pod node service deployment statefulset daemonset replicaset job cronjob configmap secret
		namespace ingress container kubelet scheduler endpoint endpointslice workload volume pvc pv persistentvolume persistentvolumeclaim
		dns cni api cpu gpu ip ips tcp udp http https url id utc oom i`)
	stop = set(`a an and are as at be because been but by can cannot could did do does for from had has have if in into is it its more
		most no not of on only or other so some that the their them then there these they this those to too until was were when where which
		while who why will with would also after before since very just about again each every both than what`)
	prefixes = set(`re non self un pre co post multi single one two three cross crash auto long short in out up down back high low read
		write start time name well fully newly still`)
	suffixes = set(`looping loop loops wide based related level down up out only backed running dependent ready side long off update
		updates resolution referencing zero memory`)
)
