package story

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// The bounds of an answer, in the schema and in the check.
const (
	maxSentences = 6
	maxCites     = 4
	minText      = 10  // runes
	maxText      = 240 // runes
	maxBytes     = 16 << 10
)

// parse reads an answer and checks it. An error says, in words that help the model as well as a person, what is wrong.
func (p *prompt) parse(answer string) (incident.Story, error) {
	var s incident.Story
	if len(answer) > maxBytes {
		return s, fmt.Errorf("the answer has %d bytes, more than %d", len(answer), maxBytes)
	}
	var in struct {
		Cause     string              `json:"cause"`
		Sentences []incident.Sentence `json:"sentences"`
	}
	dec := json.NewDecoder(strings.NewReader(strings.TrimSpace(answer)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return s, errors.New("the answer is not the JSON that was asked for")
	}
	if _, err := dec.Token(); err != io.EOF {
		return s, errors.New("something follows the JSON")
	}
	if in.Cause != incident.Unknown && !slices.Contains(p.causes, in.Cause) {
		return s, fmt.Errorf("there is no cause %q", cut(oneLine(in.Cause), 20))
	}
	if n := len(in.Sentences); n < 1 || n > maxSentences {
		return s, fmt.Errorf("%d sentences, not 1 to %d", n, maxSentences)
	}
	for i := range in.Sentences {
		in.Sentences[i].Text = oneLine(in.Sentences[i].Text)
		in.Sentences[i].Cites = unique(in.Sentences[i].Cites)
		if err := p.checkSentence(in.Sentences[i]); err != nil {
			return s, fmt.Errorf("sentence %d: %w", i+1, err)
		}
		for j := range i {
			if alike(in.Sentences[i].Text, in.Sentences[j].Text) {
				return s, fmt.Errorf("sentences %d and %d say the same", j+1, i+1)
			}
		}
	}
	if err := p.checkCause(in.Cause, in.Sentences); err != nil {
		return s, err
	}
	return incident.Story{Cause: in.Cause, Sentences: in.Sentences}, nil
}

func (p *prompt) checkSentence(s incident.Sentence) error {
	if n := utf8.RuneCountInString(s.Text); n < minText || n > maxText {
		return fmt.Errorf("%d characters, not %d to %d", n, minText, maxText)
	}
	if n := len(s.Cites); n < 1 || n > maxCites {
		return fmt.Errorf("it cites %d pieces of evidence, not 1 to %d", n, maxCites)
	}
	var cited strings.Builder
	for _, id := range s.Cites {
		if !slices.Contains(p.evidence, id) {
			return fmt.Errorf("there is no evidence %q", cut(oneLine(id), 20))
		}
		cited.WriteString(p.corpus[id])
	}
	for _, f := range forbidden {
		if m := f.re.FindString(s.Text); m != "" {
			return fmt.Errorf("%s (%q) is not allowed", f.what, cut(m, 30))
		}
	}
	if p.wrong() && healthy.MatchString(s.Text) {
		return errors.New("it says that all is well, and the findings say otherwise")
	}
	return p.grounded(s.Text, cited.String())
}

// forbidden is what a sentence may not hold, whatever it cites.
var forbidden = []struct {
	what string
	re   *regexp.Regexp
}{
	{"a command", regexp.MustCompile(`(?i)\b(?:kubectl|helm|systemctl|journalctl|crictl|ctr|docker|podman|sudo|curl|wget|apt(?:-get)?|ssh|scp|iptables|modprobe|sysctl|chmod|chown|bash|reboot)\b|\brm\s+-|\bsh\s+-c|\$\(|&&|\|\||;\s*\w+\s+-`)},
	{"a link", regexp.MustCompile(`(?i)://|\bwww\.|\bmailto:`)},
	{"a mention", regexp.MustCompile(`(?:^|\s)[@#][A-Za-z]|<[@!#]|(?i)@(?:here|channel|everyone)\b`)},
	{"markup", regexp.MustCompile("[<>`*]|\\]\\(|~~|^\\s*#|^\\s*[-•]\\s")},
	{"an approval", regexp.MustCompile(`(?i)\b(?:approv\w*|ignore (?:all|any|the|previous|prior)|instructions?|password)\b`)},
	{"advice", regexp.MustCompile(`(?i)\b(?:you (?:should|must|need)|please|we recommend)\b`)},
}

// healthy finds the claim that a poisoned log line likes to have repeated.
var healthy = regexp.MustCompile(`(?i)\b(?:everything|all(?: is| are|\s+(?:pods|nodes|services|systems))?|cluster|system)\b.{0,30}\b(?:fine|healthy|well|ok|okay|normal(?:ly)?|as expected)\b|\bno (?:problems?|issues?|errors?|action|incident)\b|\bfalse (?:alarm|positive)\b|\bnothing (?:is )?(?:wrong|to do|broken)\b`)

func (p *prompt) wrong() bool { return p.facts.d.Wrong() }

// checkCause says whether a story speaks of the cause that it chose.
func (p *prompt) checkCause(id string, sentences []incident.Sentence) error {
	c := p.facts.d.Cause(id)
	if c == nil {
		return nil // unknown
	}
	about := map[string]bool{}
	for _, e := range c.Evidence {
		about[e] = true
	}
	for _, fid := range c.Explains {
		if f := p.facts.d.Finding(fid); f != nil {
			for _, e := range f.Evidence {
				about[e] = true
			}
		}
	}
	for _, s := range sentences {
		if slices.ContainsFunc(s.Cites, func(e string) bool { return about[e] }) {
			return nil
		}
	}
	return fmt.Errorf("no sentence cites evidence of the chosen cause %s", id)
}

// alike says whether two sentences have nearly the same words.
func alike(a, b string) bool {
	x, y := contentWords(a), contentWords(b)
	if len(x) == 0 || len(y) == 0 {
		return strings.EqualFold(a, b)
	}
	both := 0
	for w := range x {
		if y[w] {
			both++
		}
	}
	return float64(both) >= 0.85*float64(len(x)+len(y)-both)
}

func unique(ids []string) []string {
	var out []string
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
