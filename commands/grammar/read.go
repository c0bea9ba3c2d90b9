package grammar

import (
	"slices"
	"strings"
)

// Reading is what a question was taken for.
type Reading struct {
	// Words are a command that only reads, and its arguments; none: nothing was understood.
	Words []string
	Fixes []Fix // misspelt names, and what they were taken for
	// Unknown is a word that seems to name something, and nothing that is known bears the name; empty: there is none.
	Unknown string
	// Choice are names of which the misspelt one may be either; nothing is read then.
	Choice []string
	// Deed says that it asks for something to be done. Nothing is read then: only commands do anything.
	Deed bool
	// Nearest are up to three command lines that can be asked, the nearest first, where nothing was understood.
	Nearest [][]string
}

// Only are the commands that a Reading may give: each of them reads and changes nothing.
var Only = []string{"check", "why", "changes", "restarts", "incidents", "about", "catchup", "status", "search", "help", "runbooks",
	"checks", "silence", "accept", "evidence", "postmortem"}

// Read reads a question. in is the id of the incident in whose thread it was asked; empty elsewhere.
func Read(text, in string, names *Names) Reading {
	t := &said{words: tokens(text)}
	t.join()
	if len(t.words) == 0 {
		return Reading{Nearest: nearest(t, &slots{incident: in})}
	}
	s := fill(t, in, names)
	r := Reading{Fixes: s.fixes}
	switch {
	case deed(t):
		r.Deed = true
	case len(s.choice) > 0 && s.empty():
		r.Choice = s.choice
	default:
		r.Words, r.Unknown = firstRule(t, s)
	}
	if len(r.Words) == 0 {
		r.Fixes, r.Nearest = nil, nearest(t, s)
	}
	return r
}

// firstRule is what the first rule that fits reads. Where words are left that nobody knows, a question about the cluster is about
// what they name,
// or about nothing that can be told.
func firstRule(t *said, s *slots) (read []string, unknown string) {
	rules := anywhere()
	if s.incident != "" && s.empty() && (s.named || !t.has("rest") && !t.any("cluster", "everything", "incidents", "namespace")) {
		rules = append(onIncident(), rules...)
	}
	for _, r := range rules {
		if !r.matches(t, s) {
			continue
		}
		read = r.read(t, s)
		break
	}
	if len(read) == 0 || len(s.unknown) == 0 || read[0] == "search" {
		return read, ""
	}
	whole := len(read) == 1 && (read[0] == "why" || read[0] == "check")
	switch {
	case whole && len(s.unknown) == 1 && nameWord.MatchString(s.unknown[0]):
		return []string{"why", s.unknown[0]}, s.unknown[0]
	case whole, 2*len(s.unknown) > len(t.words):
		return nil, ""
	}
	return read, ""
}

// polite are words before the one that says what is wanted.
var polite = set(list("please|pls|plz|can|could|would|will|you|u|hey|hi|hello|yo|ok|okay|so|and|just|now|then|bot|medic|paramedic|i|" +
	"we|want|need|" +
	"let|us|to|kindly|dear|well|alright|right|also|the|@paramedic|should|id|like|for|me|it|go|ahead"))

// deed says whether the words ask for something to be done.
func deed(t *said) bool {
	went := false
	for i, w := range t.words {
		next := at(t.words, i+1)
		switch {
		case w == "go" && (next == "" || next == "ahead" || next == "for"):
			went = true
		case w == "do":
			return slices.Contains([]string{"it", "that", "this", "so"}, next)
		case w == "change" || w == "update" || w == "page":
			return next != "" && !strings.HasSuffix(next, "s") && len(t.words) > i+2
		case deeds[w] && (w != "roll" || next != "outs"):
			return true
		}
		if !polite[w] {
			return went
		}
	}
	return went
}

// nearest are three things that can be asked, with the names that were said filled in.
func nearest(t *said, s *slots) [][]string {
	var out [][]string
	add := func(words ...string) {
		if len(out) < mostNearest && !slices.ContainsFunc(out, func(have []string) bool { return slices.Equal(have, words) }) {
			out = append(out, words)
		}
	}
	if len(s.objects) > 0 {
		add(append([]string{"why"}, naming(s.objects)...)...)
	}
	for _, name := range s.choice {
		add("why", name)
	}
	if s.namespace != "" {
		add("check", "-n", s.namespace)
		add("changes", "-n", s.namespace)
	}
	if s.incident != "" {
		add("about", s.incident, Now)
		if deed(t) {
			add("about", s.incident, Plan)
		}
		add("catchup", s.incident)
		add("about", s.incident, Plan)
	}
	if t.has("changed") {
		add("changes")
	}
	if t.has("restart") {
		add("restarts")
	}
	if t.has("incidents") {
		add("incidents")
	}
	add("check")
	add("why")
	add("incidents")
	return out
}

// Reads says whether the words are a command that reads and changes nothing, whatever their arguments.
func Reads(words []string) bool {
	switch {
	case len(words) == 0 || !slices.Contains(Only, words[0]):
		return false
	case words[0] == "accept" || words[0] == "silence":
		return len(words) == 1
	case words[0] == "postmortem":
		return len(words) == 2
	}
	return true
}

// Knows says whether a word is one of the grammar's own.
func Knows(word string) bool {
	for _, w := range tokens(word) {
		if !known[w] {
			return false
		}
	}
	return true
}
